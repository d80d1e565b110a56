package roster

import (
	"cmp"
	"slices"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// Turn appends what the group has to say now, from the state of this moment,
// until about budget bytes are used; it overshoots by one stanza at most.
// more says that the group wants another turn. It is called by the outbox,
// which alone decides when there is room on the wire.
func (g *Group) Turn(b []byte, budget int) (out []byte, more bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.queued = false
	if !g.ready && !g.closed {
		return b, false
	}
	start, limit := len(b), len(b)+budget
	for len(g.questions) > 0 && len(b) < limit {
		q := g.questions[0]
		g.questions = g.questions[1:]
		b = g.answer(b, q)
	}
	for range g.order {
		if len(b) >= limit || g.closed {
			break
		}
		g.turnAt = (g.turnAt + 1) % len(g.order)
		b = g.order[g.turnAt].turn(b, limit)
	}
	if len(b) > start {
		g.turns++
	}
	g.queued = g.pending()
	return b, g.queued
}

// Doubt says that nobody knows whether the last turns of the group that said
// something have arrived: the connection broke. Who was told something in one
// of them is owed the full state.
func (g *Group) Doubt(turns int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, a := range g.order {
		for _, c := range a.cohorts {
			if c.turn+uint64(turns) > g.turns {
				*c = cohort{watch: c.watch, live: c.live}
			}
		}
	}
	for _, ws := range g.byOwner {
		for _, w := range ws {
			if w.lag != nil && w.lag.turn+uint64(turns) > g.turns {
				*w.lag = position{}
			}
		}
	}
	g.signal()
}

// turn serves a's cohorts, the one furthest behind first.
func (a *audience) turn(b []byte, limit int) []byte {
	for len(b) < limit && !a.mute {
		var c *cohort
		for _, x := range a.cohorts {
			if x.live > 0 && (x.cursor < a.g.version || x.partial != nil) && (c == nil || x.cursor < c.cursor) {
				c = x
			}
		}
		if c == nil {
			break
		}
		b = a.serve(b, limit, c)
	}
	return b
}

func (a *audience) serve(b []byte, limit int, c *cohort) []byte {
	if c.walk == nil || c.walk.version != a.g.version {
		a.start(c)
	}
	for c.done < len(c.watch) {
		w := c.watch[c.done]
		if w == nil {
			c.done++
			continue
		}
		if len(b) >= limit {
			return b
		}
		n, whole := len(b), true
		if a.key.node == NodeContact {
			b = a.show(b, c, w)
		} else {
			b, whole = a.tell(b, limit, c, w)
		}
		if len(b) > n {
			c.turn = a.g.turns + 1
		}
		if !whole {
			return b
		}
		c.done++
	}
	a.finish(c)
	return b
}

// start makes the walk for what is left of c. Watches that had the former
// one part with the rest: they stand further on.
func (a *audience) start(c *cohort) {
	if c.done > 0 {
		told := &cohort{cursor: c.walk.version, seen: c.walk.seen, last: c.walk.line, turn: c.turn, watch: slices.Clone(c.watch[:c.done])}
		for _, w := range told.watch {
			if w != nil {
				w.cohort = told
				told.live++
			}
		}
		told.compact()
		c.watch, c.live, c.done = slices.Clone(c.watch[c.done:]), c.live-told.live, 0
		for i, w := range c.watch {
			if w != nil {
				w.at = i
			}
		}
		a.merge(told)
	}
	if a.key.node == NodeContact {
		a.startContact(c)
		return
	}
	if c.cursor < a.floor {
		c.cursor, c.seen, c.partial = 0, 0, nil
	}
	c.walk = a.newWalk(c.cursor, false)
	if c.walk.speaks() && a.g.chunks(c.walk.entries, 0) == 1 {
		w, r := c.walk, a.g.roster.renderer
		w.single = r.EventStart(nil, a.g.name, randomID())
		w.rest = r.EventItems(make([]byte, 0, w.bytes+512), a.key.node)
		for _, e := range w.entries {
			w.rest = append(w.rest, w.buf[e.lo:e.hi]...)
		}
		w.rest = r.EventEnd(w.rest, a.stamp(w, c.seen, w.seen))
	}
}

// finish lets c stand where its walk has brought it.
func (a *audience) finish(c *cohort) {
	w := c.walk
	c.cursor, c.seen, c.last = w.version, w.seen, w.line
	c.walk, c.done = nil, 0
	a.cohorts = slices.DeleteFunc(a.cohorts, func(x *cohort) bool { return x == c })
	c.compact()
	a.merge(c)
}

// merge adds c to the cohorts, joining those that stand at the same place.
func (a *audience) merge(c *cohort) {
	if c.live == 0 {
		return
	}
	for _, x := range a.cohorts {
		if x.cursor == c.cursor && x.seen == c.seen && x.last == c.last && x.walk == nil {
			x.compact()
			x.turn = max(x.turn, c.turn)
			if len(x.watch) < len(c.watch) {
				x.watch, c.watch = c.watch, x.watch
			}
			x.watch = append(x.watch, c.watch...)
			x.live = len(x.watch)
			for i, w := range x.watch {
				w.cohort, w.at = x, i
			}
			return
		}
	}
	a.cohorts = append(a.cohorts, c)
}

func (a *audience) stamp(w *walk, from, to uint64) *Stamp {
	s := &Stamp{To: a.g.token(a.key.node, to), Full: w.since == 0, Part: 1, Parts: 1}
	if !s.Full {
		s.From = a.g.token(a.key.node, from)
	}
	return s
}

// tell appends c's walk for one watch. whole is false when the limit came
// first; the rest follows in another turn.
func (a *audience) tell(b []byte, limit int, c *cohort, w *Watch) (out []byte, whole bool) {
	if w.own == nil && c.partial == nil {
		if !c.walk.speaks() {
			return b, true
		}
		if c.walk.single != nil {
			b = append(b, c.walk.single...)
			b = append(b, w.to...)
			return append(b, c.walk.rest...), true
		}
	}
	entries, from, to := c.walk.entries, c.seen, c.walk.seen
	if w.own != nil {
		from = w.own.seen
		entries, to = a.ownEntries(c.walk, w.own)
	}
	if c.partial != nil {
		to = c.partial.seen
	}
	b, whole = a.parts(b, limit, c, w, entries, from, to)
	if !whole {
		return b, false
	}
	p := c.partial
	c.partial = nil
	if w.own != nil {
		w.own.seen = to
	}
	switch {
	case p != nil && p.cursor != c.walk.version:
		w.leave()
		a.join(w, position{cursor: p.cursor, seen: to, turn: a.g.turns + 1})
	case w.own != nil:
		w.prune()
	}
	return b, true
}

// parts appends the entries in as many stanzas as they need.
func (a *audience) parts(b []byte, limit int, c *cohort, w *Watch, entries []entry, from, to uint64) ([]byte, bool) {
	g, i, n := a.g, 0, 0
	if p := c.partial; p != nil {
		i, _ = slices.BinarySearchFunc(entries, p.after, func(e entry, after string) int {
			if e.key <= after {
				return -1
			}
			return 1
		})
		n = p.parts
	}
	s := a.stamp(c.walk, from, to)
	s.Parts = n + g.chunks(entries, i)
	if n == 0 && !s.Full && !slices.ContainsFunc(entries, func(e entry) bool { return e.hi > e.lo }) {
		return b, true
	}
	r := g.roster.renderer
	for {
		j := g.chunk(entries, i)
		n++
		s.Part = n
		b = r.EventStart(b, g.name, randomID())
		b = append(b, w.to...)
		b = r.EventItems(b, a.key.node)
		for _, e := range entries[i:j] {
			b = append(b, c.walk.buf[e.lo:e.hi]...)
		}
		b = r.EventEnd(b, s)
		if j == len(entries) {
			return b, true
		}
		if c.partial == nil {
			c.partial = &partial{cursor: c.walk.version, seen: to}
		}
		c.partial.after, c.partial.parts = entries[j-1].key, n
		if i = j; len(b) >= limit {
			return b, false
		}
	}
}

// ownEntries is what w tells a watch with exceptions, and the last version
// visible to it then: members that are an exception are decided and rendered
// apart.
func (a *audience) ownEntries(w *walk, o *own) (entries []entry, to uint64) {
	if w.since == 0 {
		to = a.latestFor(o)
	} else {
		to = o.seen
	}
	if !o.concerns(w) {
		return w.entries, max(to, w.to)
	}
	list, counted := a.g.scratch.own[:0], w.since == 0
	for _, e := range w.entries {
		if e.key == summaryKey || e.key == infoKey && o.infoSince > 0 || e.m != nil && o.exceptions[e.m] != nil {
			continue
		}
		list = append(list, e)
	}
	if at := a.infoFor(o); o.infoSince > 0 && a.key.node.info() && at > w.since {
		list = append(list, w.own(entry{key: infoKey, v: at}, a.renderInfo))
	}
	for m, x := range o.exceptions {
		if e, ok := w.entry(m, x.mask, x.history); ok {
			list = append(list, w.own(e, func(b []byte) []byte { return a.render(b, w, &e, x.mask, x.history) }))
		}
	}
	for _, e := range list {
		counted = counted || e.counted
		to = max(to, e.v)
	}
	if counted && a.key.node == NodeGroup {
		s := a.ownSummary(o)
		list = append(list, w.own(entry{key: summaryKey}, func(b []byte) []byte { return a.g.roster.renderer.Summary(b, s) }))
	}
	slices.SortFunc(list, func(x, y entry) int { return cmp.Compare(x.key, y.key) })
	a.g.scratch.own = list
	return list, to
}

// concerns says whether w may look different with o's exceptions.
func (o *own) concerns(w *walk) bool {
	if o.infoSince > 0 {
		return true
	}
	if len(o.exceptions) == 0 {
		return false
	}
	if w.since == 0 || w.summary >= 0 {
		return true
	}
	for m := range o.exceptions {
		if m.version > w.since {
			return true
		}
	}
	return false
}

func (a *audience) ownSummary(o *own) Summary {
	s := a.summary()
	for m, x := range o.exceptions {
		show := a.g.shows[m.slot]
		s.add(show, a.masks[m.slot], -1)
		s.add(show, x.mask, 1)
	}
	return s
}

// startContact renders the line that a's contacts should show.
func (a *audience) startContact(c *cohort) {
	r := a.g.roster.renderer
	w := &walk{version: a.g.version, since: c.cursor}
	w.single = r.ContactStart(nil, a.g.name)
	w.rest = r.Contact(nil, a.line(nil))
	w.line = string(w.rest)
	c.walk = w
}

// show appends the aggregate presence for one contact, if it is not what he
// was shown last.
func (a *audience) show(b []byte, c *cohort, w *Watch) []byte {
	rest, last := c.walk.rest, c.last
	if w.own != nil {
		last = w.own.last
		w.prune()
	}
	if w.own != nil {
		rest = a.g.roster.renderer.Contact(nil, a.line(w.own))
	}
	if c.cursor != 0 && string(rest) == last {
		return b
	}
	if w.own != nil {
		w.own.last = string(rest)
	}
	b = append(b, c.walk.single...)
	b = append(b, w.to...)
	return append(b, rest...)
}

// line is the aggregate presence as a's watchers, or the one with o's
// exceptions, may see it.
func (a *audience) line(o *own) *Line {
	l := &Line{Names: a.g.scratch.names[:0]}
	if o == nil {
		l.Summary = a.summary()
	} else {
		l.Summary = a.ownSummary(o)
	}
	s := &l.Summary
	switch {
	case s.Chat > 0:
		l.Show = Chat
	case s.Available > s.Away+s.XA+s.DND:
		l.Show = Online
	case s.DND > 0:
		l.Show = DND
	case s.Away > 0:
		l.Show = Away
	case s.XA > 0:
		l.Show = XA
	}
	for _, m := range a.g.sorted {
		if len(l.Names) == MaxNames || len(l.Names) >= s.Available {
			break
		}
		mask := a.masks[m.slot]
		if o != nil && o.exceptions[m] != nil {
			mask = o.exceptions[m].mask
		}
		if mask.Has(policy.Named|policy.Availability) && m.isAvailable() {
			l.Names = append(l.Names, m.displayName(mask))
		}
	}
	a.g.scratch.names = l.Names
	return l
}
