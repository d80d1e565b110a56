package roster

import "slices"

// Turn appends what the group has to say now, from the state of this moment,
// until about budget bytes are used; it overshoots by one stanza at most.
// more says that the group wants another turn. It is called by the outbox,
// which alone decides when there is room on the wire.
func (g *Group) Turn(b []byte, budget int) (out []byte, more bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.queued = false
	g.startMail(g.roster.multicast.Load())
	start, limit := len(b), len(b)+budget
	if b = g.sayRazed(b, limit); len(g.razed) > 0 {
		if len(b) > start {
			g.turns++
		}
		g.queued = true
		return b, true
	}
	if !g.ready && !g.closed || g.waits() {
		if len(b) > start {
			g.turns++
		}
		return b, false
	}
	b = g.replies(b, limit)
	for range g.order {
		if g.full(b, limit) || g.closed {
			break
		}
		g.turnAt = (g.turnAt + 1) % len(g.order)
		b = g.order[g.turnAt].turn(b, limit)
	}
	if len(b) > start {
		g.turns++
	}
	if !g.full(b, limit) {
		g.shut()
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
	g.mail.lost()
	for _, a := range g.order {
		for _, c := range a.cohorts {
			if c.turn+uint64(turns) > g.turns {
				*c = cohort{watch: c.watch, live: c.live}
				c.doubt()
			}
		}
	}
	for _, ws := range g.byOwner {
		for _, w := range ws {
			if w.lag != nil && w.lag.turn+uint64(turns) > g.turns {
				*w.lag = position{}
				w.unsure = true
			}
		}
	}
	g.signal()
}

// doubt says that what c's watches show may be something else.
func (c *cohort) doubt() {
	for _, w := range c.watch {
		if w != nil {
			w.unsure = true
		}
	}
}

// turn serves a's cohorts, the one furthest behind first.
func (a *audience) turn(b []byte, limit int) []byte {
	for !a.g.full(b, limit) && !a.mute {
		var c *cohort
		for _, x := range a.cohorts {
			if a.due(x) && (c == nil || x.cursor < c.cursor) {
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

// serve tells c's watches what they are to be told, as far as there is room.
func (a *audience) serve(b []byte, limit int, c *cohort) []byte {
	return a.g.post(a.serveEach(b, limit, c))
}

func (a *audience) serveEach(b []byte, limit int, c *cohort) []byte {
	g := a.g
	if c.walk == nil || c.walk.version != g.version {
		a.start(c)
	}
	for c.done < len(c.watch) {
		w := c.watch[c.done]
		if w == nil {
			c.done++
			continue
		}
		if g.full(b, limit) {
			return b
		}
		if a.key.outpost {
			var waits bool
			if b, waits = g.garrison(b, c, w); waits {
				c.done++
				continue
			}
		} else if w.waits() || g.pauses(w) {
			c.done++
			continue
		}
		if w.hook != "" {
			a.rouse(c, w)
			c.done++
			continue
		}
		n, whole := len(b)+g.mail.extra, true
		switch a.key.node {
		case NodeContact:
			b = a.show(b, c, w)
		default:
			b, whole = a.tell(b, limit, c, w)
		}
		if len(b)+g.mail.extra > n {
			c.turn = g.turns + 1
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
	if c.walk != nil {
		a.g.keep(c.walk)
		c.walk = nil
	}
	if a.key.node == NodeContact {
		a.startContact(c)
		return
	}
	if c.cursor < a.floor {
		c.cursor, c.seen, c.partial = 0, 0, nil
	}
	c.walk = a.newWalk(c.cursor, false)
	if w := c.walk; a.key.node != NodeResources && !a.key.outpost && w.speaks() && a.chunks(w.entries, 0) == 1 {
		w.fits = true
		a.begin(w)
		w.rest = a.stanza(w, w.rest, w.entries, a.stamp(w, c.seen, w.seen))
	}
}

// finish lets c stand where its walk has brought it.
func (a *audience) finish(c *cohort) {
	w := c.walk
	c.cursor, c.seen, c.last = w.version, w.seen, w.line
	a.g.keep(w)
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

// stamp is good until the next one is made.
func (a *audience) stamp(w *walk, from, to uint64) *Stamp {
	s := &a.g.scratch.stamp
	*s = Stamp{Full: w.since == 0, Part: 1, Parts: 1, Period: a.slowed()}
	if !s.Full {
		s.From = a.g.token(a.key.node, from)
	}
	s.To = a.g.token(a.key.node, to)
	return s
}

// tell appends c's walk for one watch. whole is false when the limit came
// first; the rest follows in another turn.
func (a *audience) tell(b []byte, limit int, c *cohort, w *Watch) (out []byte, whole bool) {
	if c.partial == nil && a.key.node != NodeResources && !a.key.outpost {
		before := w.held(c)
		if said, ok := a.shared(c, w); ok {
			if said.rest != nil && !a.g.together(w, said.rest, before, 0) {
				b = append(append(append(b, c.walk.single...), a.g.route(w)...), said.rest...)
				b = a.end(b, w, c.walk.id, before)
				w.sent(c.walk.id, said.to)
			}
			return b, true
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
	switch {
	case a.key.node == NodeResources:
		b, whole = a.spread(b, limit, c, w, entries, to)
	case a.key.outpost:
		b, whole = a.publish(b, limit, c, w, entries, to)
	default:
		b, whole = a.parts(b, limit, c, w, entries, from, to)
	}
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

// items appends what entries have.
func (a *audience) items(w *walk, b []byte, entries []entry) []byte {
	i := 0
	for ; i < len(entries) && entries[i].m == nil; i++ {
		b = append(b, w.buf[entries[i].lo:entries[i].hi]...)
	}
	b = a.renderer.Members(b)
	for _, e := range entries[i:] {
		b = append(b, w.buf[e.lo:e.hi]...)
	}
	return b
}
