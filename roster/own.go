package roster

import (
	"cmp"
	"slices"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// own is what is different about one watch: decisions about members that are
// its alone, and a past that is not its audience's.
type own struct {
	exceptions []exception // by the slots of their members
	floor      uint64      // what was visible before, of which nothing else is left
	seen       uint64      // last version visible to this watch that it was told
	last       string      // contact: the line it shows
	pruned     bool        // all exceptions make a difference: see prune

	// The group attributes have a past of their own as well, if it moved.
	infoSince, infoTold uint64
}

// exception is a decision about a member for one watch.
type exception struct {
	m    *member
	mask policy.Mask
	history
}

// about is the exception about m, or nil; o may be nil.
func (o *own) about(m *member) *exception {
	if o == nil {
		return nil
	}
	if i, ok := o.find(m); ok {
		return &o.exceptions[i]
	}
	return nil
}

func (o *own) find(m *member) (int, bool) {
	lo, hi := 0, len(o.exceptions)
	for lo < hi {
		if mid := (lo + hi) / 2; o.exceptions[mid].m.slot < m.slot {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, lo < len(o.exceptions) && o.exceptions[lo].m == m
}

func (o *own) put(x exception) {
	o.pruned = false
	if i, ok := o.find(x.m); ok {
		o.exceptions[i] = x
	} else {
		o.exceptions = slices.Insert(o.exceptions, i, x)
	}
}

func (o *own) drop(m *member) {
	if i, ok := o.find(m); ok {
		o.exceptions = slices.Delete(o.exceptions, i, i+1)
	}
}

// exceptions finds the members about whom the decision for who differs from
// that for his audience; nil if there are none.
func (g *Group) exceptions(a *audience, who *policy.Watcher, r *policy.Receiving) *own {
	var o *own
	g.candidates(who, r, func(m *member) {
		if mask := g.decideFor(a, m, who, r); mask != a.masks[m.slot] {
			if o == nil {
				o = &own{}
			}
			o.put(exception{m: m, mask: mask})
		}
	})
	return o
}

// decision is what is decided about m for w now, with its past.
func (w *Watch) decision(m *member) exception {
	if x := w.own.about(m); x != nil {
		return *x
	}
	return exception{m, w.audience.masks[m.slot], w.audience.history(m.slot)}
}

// except puts the decision mask about m in force for w, where was stood
// before. An exception that agrees with the audience again is kept for its
// past; see [Watch.prune].
func (w *Watch) except(m *member, was exception, mask policy.Mask) {
	if w.own.about(m) == nil && mask == w.audience.masks[m.slot] {
		return
	}
	x := exception{m, mask, was.history}
	if was.mask != mask {
		x.history = m.redecide(was.mask, was.history, mask, w.audience.g.version)
	}
	if w.own == nil {
		p := w.position()
		w.own = &own{floor: w.audience.ground(), seen: p.seen, last: p.last}
	}
	w.own.put(x)
}

// agrees says whether x says what a does, of the past as well.
func (x *exception) agrees(a *audience) bool {
	m := x.m
	if x.mask != a.masks[m.slot] || a.key.node == NodeContact {
		return x.mask == a.masks[m.slot]
	}
	h := a.history(m.slot)
	return m.shown(x.mask, x.history) == m.shown(x.mask, h) && m.counts(x.mask, x.history) == m.counts(x.mask, h) &&
		(x.mask&policy.Named != 0 || x.unnamed == h.unnamed)
}

// prune drops what no longer makes a difference. w has been told of
// everything.
func (w *Watch) prune() {
	a, o := w.audience, w.own
	if !o.pruned {
		o.pruned = true
		o.exceptions = slices.DeleteFunc(o.exceptions, func(x exception) bool {
			agrees := x.agrees(a)
			o.pruned = o.pruned && (agrees || x.mask != a.masks[x.m.slot])
			return agrees
		})
		if a.infoFor(o) == a.infoAt() {
			o.infoSince = 0
		}
		o.pruned = o.pruned && o.infoSince == 0
	}
	if len(o.exceptions) == 0 && o.infoSince == 0 && (a.key.node == NodeContact || o.seen == a.latest()) {
		w.moved = max(w.moved, o.floor) // tokens from before are of no use, now as then
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
	w.own.drop(m)
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

// ownEntries is what w tells a watch with o, and the last version visible to
// it then: what is an exception stands in place of what the others are told.
func (a *audience) ownEntries(w *walk, o *own) (entries []entry, to uint64) {
	to = o.seen
	if w.since == 0 {
		to = a.latestFor(o)
	}
	list, counted := a.g.scratch.own[:0], w.since == 0
	for _, e := range w.entries {
		if e.key == summaryKey || e.key == infoKey && o.infoSince > 0 || e.m != nil && o.about(e.m) != nil {
			continue
		}
		list = append(list, e)
	}
	if at := a.infoFor(o); o.infoSince > 0 && a.key.node.info() && at > w.since {
		list = append(list, w.apart(entry{key: infoKey, v: at}, a.renderInfo))
	}
	for i := range o.exceptions {
		x := &o.exceptions[i]
		if e, ok := w.entry(x.m, x.mask, x.history); ok {
			list = append(list, a.renderApart(w, e, x))
		}
	}
	for _, e := range list {
		counted = counted || e.counted
		to = max(to, e.v)
	}
	if counted && a.key.node == NodeGroup {
		s := a.ownSummary(o)
		list = append(list, w.apart(entry{key: summaryKey}, func(b []byte) []byte { return a.renderer.Summary(b, s) }))
	}
	slices.SortFunc(list, func(x, y entry) int { return cmp.Compare(x.key, y.key) })
	if cap(list) <= keepEntries {
		a.g.scratch.own = list
	}
	return list, to
}

// apartKey is what the bytes of an exception's item depend on.
type apartKey struct {
	slot int32
	mask policy.Mask
	gone bool
}

// renderApart renders an exception's item, once for all watches of the walk
// that have the same.
func (a *audience) renderApart(w *walk, e entry, x *exception) entry {
	k := apartKey{x.m.slot, x.mask, x.m.gone > 0 || x.unnamed > w.since}
	if had, ok := w.aparts[k]; ok && e.shown {
		e.lo, e.hi = had.lo, had.hi
		return e
	}
	e = w.apart(e, func(b []byte) []byte { return a.render(b, w, &e, x.mask, x.history) })
	if e.shown {
		if w.aparts == nil {
			w.aparts = map[apartKey]entry{}
		}
		w.aparts[k] = e
	}
	return e
}

func (a *audience) ownSummary(o *own) Summary {
	s := a.summary()
	for i := range o.exceptions {
		x := &o.exceptions[i]
		show := a.g.shows[x.m.slot]
		s.add(show, a.masks[x.m.slot], -1)
		s.add(show, x.mask, 1)
	}
	return s
}

// variant is what the words for a watch depend on when one exception, or
// none, has changed since it was told last.
type variant struct {
	change
	summary Summary
	from    uint64
}

// change is what a walk shows of an exception.
type change struct {
	apartKey
	at             uint64 // its version
	shown, counted bool
}

// words are what the watches of a variant are told: from the address on, nil
// for nothing, and the last version visible to them then.
type words struct {
	rest []byte
	to   uint64
}

func (w *walk) change(x *exception) change {
	c := change{apartKey: apartKey{slot: x.m.slot}}
	if e, ok := w.entry(x.m, x.mask, x.history); ok {
		c.mask, c.gone = x.mask, x.m.gone > 0 || x.unnamed > w.since
		c.at, c.shown, c.counted = e.v, e.shown, e.counted
	}
	return c
}

// variantOf finds the variant of w that o's watch is told; ok is false if that
// is not all that is different about it.
func (a *audience) variantOf(w *walk, o *own) (v variant, ok bool) {
	if w.since == 0 || o.infoSince > 0 || w.speaks() && !w.fits {
		return v, false
	}
	v.slot, v.from = -1, o.seen
	for i := range o.exceptions {
		x := &o.exceptions[i]
		if x.m.version <= w.since {
			continue
		}
		if v.slot >= 0 {
			return v, false
		}
		if w.last.x != *x {
			w.last.x, w.last.change = *x, w.change(x)
		}
		v.change = w.last.change
	}
	if a.key.node == NodeGroup && (w.summary >= 0 || v.counted) {
		v.summary = a.ownSummary(o)
	}
	return v, true
}
