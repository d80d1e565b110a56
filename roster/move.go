package roster

import (
	"slices"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// position is how far a watch has been told.
type position struct {
	cursor uint64 // 0 = owed the full state
	seen   uint64 // last visible version: the token it holds
	last   string // contact: the line it shows
	turn   uint64 // of the group, in which it was last told something
}

func (w *Watch) position() position {
	var p position
	switch c := w.cohort; {
	case w.lag != nil:
		p = *w.lag
	case c.walk != nil && w.at < c.done:
		p = position{c.walk.version, c.walk.seen, c.walk.line, c.turn}
	default:
		p = position{c.cursor, c.seen, c.last, c.turn}
	}
	if w.own != nil {
		p.seen, p.last = w.own.seen, w.own.last
	}
	return p
}

// was says what was decided about m for w before the change that is under
// way.
type was func(w *Watch, m *member) exception

// before keeps what is decided about m for his own watches, who see him
// change and change their standing at once.
func (g *Group) before(m *member) was {
	old := make(map[*Watch]exception, len(g.byOwner[m.JID]))
	for _, w := range g.byOwner[m.JID] {
		old[w] = w.decision(m)
		w.moved = g.version // the contract calls his tokens old from now on
	}
	return func(w *Watch, x *member) exception {
		if x == m {
			return old[w]
		}
		return w.decision(x)
	}
}

// rekey moves the watches of owner to the audience that his standing now
// puts them in.
func (g *Group) rekey(owner string, before was) {
	who := g.watcher(owner)
	for _, w := range g.byOwner[owner] {
		if a := g.audienceOf(&who, w.node, &w.receiving, &w.manner); a != w.audience {
			w.move(a, &who, before, nil)
		}
	}
}

// rekeyAll does so for everybody: the roles that rules speak of have changed.
func (g *Group) rekeyAll() {
	var f ferry
	for owner, ws := range g.byOwner {
		who := g.watcher(owner)
		for _, w := range ws {
			if a := g.audienceOf(&who, w.node, &w.receiving, &w.manner); a != w.audience {
				w.move(a, &who, (*Watch).decision, &f)
			}
		}
	}
}

// ferry remembers the last way on which a watch with nothing of its own went:
// when many move, most go the same.
type ferry struct {
	from, to *audience
	carried  *own
	same     bool
}

// carry is [Watch.carry] for one of many.
func (f *ferry) carry(w *Watch, a *audience, o *own, before was) (carried *own, same bool) {
	if f == nil || w.own != nil || o != nil {
		return w.carry(a, o, before)
	}
	if f.from != w.audience || f.to != a {
		carried, same = w.carry(a, nil, before)
		*f = ferry{w.audience, a, carried, same}
	}
	if f.carried == nil {
		return nil, f.same
	}
	c := *f.carried
	c.exceptions = slices.Clone(c.exceptions)
	return &c, f.same
}

// move brings w to another audience. If nothing looks different from there
// it goes on where it stood; else it is owed the full state.
func (w *Watch) move(a *audience, who *policy.Watcher, before was, f *ferry) {
	g, p := a.g, w.position()
	if a.watches == 0 && a.made == g.version {
		a.inherit(w.audience)
	}
	o, part := g.exceptions(a, who, &w.receiving), w.part()
	if p.cursor < w.audience.floor && w.node != NodeContact {
		part, p = nil, position{} // who left meanwhile is not known any more
	}
	switch carried, same := f.carry(w, a, o, before); {
	case w.node == NodeContact:
	case same:
		o = carried
	default:
		part, p, w.moved = nil, position{}, g.version
		if o == nil {
			o = &own{}
		}
		o.floor = g.version
	}
	if o != nil {
		o.seen, o.last = p.seen, p.last
	}
	held := w.lag != nil
	w.leave()
	w.audience.count(-1)
	w.audience.used = g.version
	w.audience, w.own = a, o
	a.count(1)
	switch {
	case held:
		*w.lag = p
	case part != nil:
		c := &cohort{cursor: p.cursor, seen: p.seen, turn: p.turn, partial: part}
		a.cohorts = append(a.cohorts, c)
		c.add(w)
	default:
		a.join(w, p)
	}
}

// part is the state of several stanzas that w is in the middle of, or nil.
func (w *Watch) part() *partial {
	if c := w.cohort; c != nil && c.partial != nil && w.at == c.done {
		return c.partial
	}
	return nil
}

// carry finds the exceptions with which w goes on in a where it stands,
// beside those of o; same is false if something looks different from there.
func (w *Watch) carry(a *audience, o *own, before was) (carried *own, same bool) {
	from, g := w.audience, a.g
	if a.key.node.info() && a.basic != from.basic && len(g.settings.Attributes) > 0 {
		return nil, false
	}
	carried = &own{floor: from.ground()}
	if w.own != nil {
		carried.floor = w.own.floor
	}
	if told := from.infoFor(w.own); a.key.node.info() && told != a.infoAt() {
		carried.infoSince, carried.infoTold = g.version, told
	}
	for _, m := range g.slots {
		if m == nil {
			continue
		}
		was, mask := before(w, m), a.masks[m.slot]
		if x := o.about(m); x != nil {
			mask = x.mask
		}
		if m.gone > 0 {
			mask = was.mask
		}
		if item, counts := m.differs(was.mask, mask); item || counts {
			return nil, false
		}
		x := exception{m, mask, was.history}
		if mask != was.mask {
			x.history = m.redecide(was.mask, was.history, mask, g.version)
		}
		if !x.agrees(a) {
			carried.put(x)
		}
	}
	if len(carried.exceptions) == 0 && carried.infoSince == 0 && carried.floor == a.ground() {
		return nil, true
	}
	return carried, true
}

// inherit gives an audience that was just made the past of the one whose
// first watch moves to it, as far as they agree.
func (a *audience) inherit(from *audience) {
	exact := true
	for _, m := range a.g.slots {
		if m == nil {
			continue
		}
		if m.gone > 0 {
			a.masks[m.slot] = from.masks[m.slot]
		}
		if a.masks[m.slot] != from.masks[m.slot] {
			exact = false
		} else if h := from.past[m.slot]; h != nil {
			a.past[m.slot] = h
		}
	}
	if exact {
		a.born, a.floor = from.born, from.floor
		if a.basic == from.basic {
			a.infoSince, a.infoTold = from.infoSince, from.infoTold
		}
	}
}

// stand lets w go on from p, wherever it stood.
func (w *Watch) stand(p position) {
	if w.own != nil {
		w.own.seen = p.seen
	}
	if w.lag != nil {
		*w.lag = p
		return
	}
	w.leave()
	w.audience.join(w, p)
}
