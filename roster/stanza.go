package roster

import "slices"

// shared is what w is told if it fits in one stanza and others are told the
// same: from the address on, nil for nothing.
func (a *audience) shared(c *cohort, w *Watch) (said words, ok bool) {
	walk, o := c.walk, w.own
	if o == nil {
		if !walk.speaks() {
			return words{}, true
		}
		return words{walk.rest, walk.seen}, walk.fits
	}
	v, ok := a.variantOf(walk, o)
	if !ok {
		return words{}, false
	}
	said = words{to: max(o.seen, walk.to)}
	if v.slot < 0 && v.from == c.seen && said.to == walk.seen && (walk.summary < 0 || v.summary == a.summary()) {
		if walk.speaks() {
			said.rest = walk.rest
		}
	} else if walk.last.variant == v {
		said = walk.last.words
	} else if said, ok = walk.variants[v]; !ok {
		if said, ok = a.newVariant(walk, o, v); !ok {
			return words{}, false
		}
	}
	if v.slot >= 0 {
		walk.last.variant, walk.last.words = v, said
	}
	o.seen = said.to
	w.prune()
	return said, true
}

// newVariant renders what all watches are told of whom v is true; ok is false
// if it does not fit in one stanza.
func (a *audience) newVariant(w *walk, o *own, v variant) (said words, ok bool) {
	entries, to := a.ownEntries(w, o)
	if a.chunks(entries, 0) > 1 {
		return words{}, false
	}
	said.to = to
	if speak(entries) {
		said.rest = a.stanza(w, nil, entries, a.stamp(w, v.from, to))
	}
	if w.variants == nil {
		w.variants = map[variant]words{}
	}
	if len(w.single) == 0 {
		a.begin(w)
	}
	w.variants[v] = said
	return said, true
}

// begin renders the start of the events that have all in one stanza.
func (a *audience) begin(w *walk) {
	w.id = a.g.randomID()
	w.single = a.g.roster.renderer.EventStart(w.single, a.g.name, w.id)
}

// end appends the end of the event of that id to w, who held before until then.
func (a *audience) end(b []byte, w *Watch, id string, before uint64) []byte {
	b = a.g.copyTo(append(b, w.tail...), w, id, before)
	return a.g.roster.renderer.EventClose(b)
}

// stanza appends an event from its address on, up to what is its reader's.
func (a *audience) stanza(w *walk, b []byte, entries []entry, s *Stamp) []byte {
	b = a.renderer.EventItems(b, a.key.node)
	return a.renderer.EventEnd(a.items(w, b, entries), s)
}

// speak says whether some entry has anything to show.
func speak(entries []entry) bool {
	return slices.ContainsFunc(entries, func(e entry) bool { return e.hi > e.lo })
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
	if n == 0 && c.walk.since > 0 && !speak(entries) {
		return b, true
	}
	s := a.stamp(c.walk, from, to)
	s.Parts = n + a.chunks(entries, i)
	for {
		j := g.chunk(entries, i, a.key.one)
		n++
		s.Part = n
		id := g.randomID()
		b = g.roster.renderer.EventStart(b, g.name, id)
		b = a.end(a.stanza(c.walk, append(b, g.route(w)...), entries[i:j], s), w, id, 0)
		if j == len(entries) {
			w.sent(id, to)
			return b, true
		}
		if c.partial == nil {
			c.partial = &partial{cursor: c.walk.version, seen: to}
		}
		c.partial.after, c.partial.parts = entries[j-1].key, n
		if i = j; g.full(b, limit) {
			return b, false
		}
	}
}
