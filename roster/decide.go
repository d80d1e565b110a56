package roster

import (
	"slices"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// redecide asks policy again about m for every audience and every watch that
// has, or now gets, an exception about him. The caller has advanced the
// version.
func (g *Group) redecide(m *member) {
	old := make(map[*Watch]exception)
	g.affected(m, func(w *Watch) { old[w] = w.decision(m) })
	for _, a := range g.order {
		a.redecide(m)
	}
	for w, was := range old {
		who := g.watcher(w.rec.Owner)
		w.except(m, was, g.decideFor(w.audience, m, &who, &w.receiving))
	}
	g.decided = g.version
	g.touch(m, 0)
}

// admit decides about a member who just joined: nobody has a past with him.
func (g *Group) admit(m *member) {
	for _, a := range g.order {
		a.masks[m.slot] = a.decide(m)
	}
	g.affected(m, func(w *Watch) {
		who := g.watcher(w.rec.Owner)
		w.except(m, exception{}, g.decideFor(w.audience, m, &who, &w.receiving))
	})
}

// revive prepares the tombstone of one who comes back: what was decided about
// him is over, and whoever had his item no longer has it.
func (g *Group) revive(m *member) {
	for _, a := range g.order {
		h := m.left(a.masks[m.slot], a.history(m.slot), g.version)
		a.masks[m.slot], a.past[m.slot] = 0, &h
	}
	g.affected(m, func(w *Watch) {
		if x := w.exception(m); x != nil {
			w.own.exceptions[m] = &exception{0, m.left(x.mask, x.history, g.version)}
		}
	})
}

// affected calls f for each watch that has an exception about m, that asked
// for m by name, or whose owner m's rules name; for some more than once.
func (g *Group) affected(m *member, f func(*Watch)) {
	for _, ws := range g.byOwner {
		for _, w := range ws {
			if w.exception(m) != nil || w.audience.key.only && slices.Contains(w.receiving.Members, m.JID) {
				f(w)
			}
		}
	}
	if m.auth == nil {
		return
	}
	m.auth.Singles(func(name string) {
		if name[0] != '@' {
			for _, w := range g.byOwner[name] {
				f(w)
			}
			return
		}
		for owner, ws := range g.byOwner {
			if domainOf(owner) == name {
				for _, w := range ws {
					f(w)
				}
			}
		}
	})
}

// exception is what is decided about m for w alone, or nil.
func (w *Watch) exception(m *member) *exception {
	if w.own == nil {
		return nil
	}
	return w.own.exceptions[m]
}

// decision is what is decided about m for w now, with its past.
func (w *Watch) decision(m *member) exception {
	if x := w.exception(m); x != nil {
		return *x
	}
	return exception{w.audience.masks[m.slot], w.audience.history(m.slot)}
}

// except puts the decision mask about m in force for w, where was stood
// before. An exception that agrees with the audience again is kept for its
// past; see [Watch.prune].
func (w *Watch) except(m *member, was exception, mask policy.Mask) {
	if w.exception(m) == nil && mask == w.audience.masks[m.slot] {
		return
	}
	x := &exception{mask, was.history}
	if was.mask != mask {
		x.history = m.redecide(was.mask, was.history, mask, w.audience.g.version)
	}
	if w.own == nil {
		p := w.position()
		w.own = &own{floor: w.audience.ground(), seen: p.seen, last: p.last}
	}
	if w.own.exceptions == nil {
		w.own.exceptions = map[*member]*exception{}
	}
	w.own.exceptions[m] = x
}

// agrees says whether x says of m what a does, of the past as well.
func (x *exception) agrees(a *audience, m *member) bool {
	if x.mask != a.masks[m.slot] || a.key.node == NodeContact {
		return x.mask == a.masks[m.slot]
	}
	h := a.history(m.slot)
	return m.shown(x.mask, x.history) == m.shown(x.mask, h) && m.counts(x.mask, x.history) == m.counts(x.mask, h) &&
		(x.mask&policy.Named != 0 || x.unnamed == h.unnamed)
}

// prune drops the exceptions that no longer make a difference. w has been
// told of everything.
func (w *Watch) prune() {
	a, o := w.audience, w.own
	for m, x := range o.exceptions {
		if x.agrees(a, m) {
			delete(o.exceptions, m)
		}
	}
	if a.infoFor(o) == a.infoAt() {
		o.infoSince = 0
	}
	if len(o.exceptions) == 0 && o.infoSince == 0 && (a.key.node == NodeContact || o.seen == a.latest()) {
		w.own = nil
	}
}

// forget drops what w knows of a tombstone that is freed. A watch that has
// not been told yet that it left gets the full state instead.
func (w *Watch) forget(m *member) {
	if w.own == nil {
		return
	}
	x := w.decision(m)
	delete(w.own.exceptions, m)
	if w.node == NodeContact {
		return
	}
	v := m.visible(x.mask, x.history)
	w.own.floor = max(w.own.floor, v)
	switch {
	case w.position().cursor >= v:
	case w.lag != nil:
		*w.lag = position{}
	default:
		w.reset()
	}
}
