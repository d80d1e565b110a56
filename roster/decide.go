package roster

import "slices"

// redecide asks policy again about m for every audience and every watch that
// has, or now gets, an exception about him. The caller has advanced the
// version.
func (g *Group) redecide(m *member) { g.redecideFor(m, g.special()) }

// special lists the watches that are not told what their audience is told, or
// will not be when a member joins.
func (g *Group) special() []*Watch {
	var all []*Watch
	for _, ws := range g.byOwner {
		for _, w := range ws {
			if w.own != nil || w.audience.key.only {
				all = append(all, w)
			}
		}
	}
	return all
}

func (g *Group) redecideFor(m *member, special []*Watch) {
	old := make(map[*Watch]exception)
	g.affected(m, special, func(w *Watch) { old[w] = w.decision(m) })
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
func (g *Group) admit(m *member, special []*Watch) {
	for _, a := range g.order {
		a.masks[m.slot] = a.decide(m)
	}
	g.affected(m, special, func(w *Watch) {
		who := g.watcher(w.rec.Owner)
		w.except(m, exception{}, g.decideFor(w.audience, m, &who, &w.receiving))
	})
}

// revive prepares the tombstone of one who comes back: what was decided about
// him is over, and whoever had his item no longer has it.
func (g *Group) revive(m *member, special []*Watch) {
	for _, a := range g.order {
		h := m.left(a.masks[m.slot], a.history(m.slot), g.version)
		a.masks[m.slot], a.past[m.slot] = 0, &h
	}
	g.affected(m, special, func(w *Watch) {
		if x := w.own.about(m); x != nil {
			w.own.put(exception{m, 0, m.left(x.mask, x.history, g.version)})
		}
	})
}

// affected calls f for each watch that has an exception about m, that asked
// for m by name, or whose owner m's rules name; for some more than once.
func (g *Group) affected(m *member, special []*Watch, f func(*Watch)) {
	for _, w := range special {
		if w.own.about(m) != nil || w.audience.key.only && slices.Contains(w.receiving.Members, m.JID) {
			f(w)
		}
	}
	m.singles(func(name string) {
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
