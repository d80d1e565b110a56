package roster

import (
	"cmp"
	"crypto/rand"
	"slices"

	"github.com/rollcall-xmpp/rollcall/internal/leak"
	"github.com/rollcall-xmpp/rollcall/policy"
)

// Bounds of what leaves in one stanza, in bytes of items.
const (
	maxItems = 60 << 10
	// MaxItem bounds one item: what is larger is refused on entry.
	MaxItem = 16 << 10
)

// entry is one item of a walk. An entry without bytes is a change that shows
// only in the counts.
type entry struct {
	key     string // sort key: infoKey, summaryKey, or the member's JID
	m       *member
	v       uint64 // version of the visible change
	shown   bool   // it changes the item
	counted bool   // it changes the counts
	lo, hi  int    // bytes in the walk's buffer
}

// The two items that are no members sort before all of them.
const (
	infoKey    = "\x00"
	summaryKey = "\x01"
)

// walk is what one cohort is to be told: found by going through the list of
// changes back to the cohort's cursor, rendered once for all its watches.
type walk struct {
	version uint64 // the group's, when the walk was made
	since   uint64 // the cohort's cursor; 0 = full state
	seen    uint64 // last visible version
	to      uint64 // last visible version of the entries
	answer  bool   // for a question: leavers are items
	buf     []byte
	entries []entry // sorted by key
	summary int     // index of the summary's entry, or -1
	bytes   int     // of all items

	fits   bool   // everything fits in one stanza
	id     string // of that one
	single []byte // a stanza up to the address
	rest   []byte // if it fits, or a contact's: from there on
	line   string // contact
	vacant bool   // contact: nobody is there in it

	aparts   map[apartKey]entry // items of exceptions, rendered once
	variants map[variant]words  // instead of rest: for whom something else is true
	last     last
}

// last is what was found for the watch before, with an exception: the next
// one often has the same.
type last struct {
	x       exception
	change  change
	variant variant
	words   words
}

// scratch is reused from walk to walk. Guarded by Group.mu.
type scratch struct {
	found   []*member
	item    Item
	devices []Device
	own     []entry
	names   []string
	block   [16]byte // of a token: it would escape to the heap
	stamp   Stamp
	tokens  [NodeResources + 1]struct { // the last of each node
		v    uint64
		text string
	}
	texts clippings // of tokens
	ids   string    // of events to come
}

// blank is an empty walk, with the room of one that is over: some other group's
// perhaps, for few are under way and there are many groups.
func (g *Group) blank() *walk {
	w := g.roster.walk.Swap(nil)
	if w == nil {
		return &walk{summary: -1}
	}
	*w = walk{summary: -1, buf: w.buf[:0], entries: w.entries[:0], single: w.single[:0], rest: w.rest[:0],
		aparts: w.aparts, variants: w.variants}
	return w
}

// How much room is kept from walk to walk: bytes, and entries.
const (
	keepRoom    = 16 << 10
	keepEntries = 1024
)

// keep takes a walk back that is over.
func (g *Group) keep(w *walk) {
	if cap(w.buf) <= keepRoom && cap(w.entries) <= keepEntries && len(w.variants) <= keepRoom/512 {
		clear(w.entries) // nothing of the group is held
		clear(w.aparts)
		clear(w.variants)
		w.last = last{}
		g.roster.walk.Store(w)
	}
}

// newWalk finds and renders what a's watches that stand at cursor must be
// told. This is the only place that decides what to send.
func (a *audience) newWalk(cursor uint64, answer bool) *walk {
	g := a.g
	w := g.blank()
	w.version, w.since, w.seen, w.answer = g.version, cursor, a.latest(), answer
	if at := a.infoAt(); a.key.node.info() && at > cursor {
		w.add(entry{key: infoKey, v: at}, a.renderInfo)
	}
	for _, m := range a.changed(cursor) {
		mask, h := a.masks[m.slot], a.history(m.slot)
		if e, ok := w.entry(m, mask, h); ok {
			w.add(e, func(b []byte) []byte { return a.render(b, w, &e, mask, h) })
		}
	}
	if a.key.node == NodeGroup && (cursor == 0 || w.counts()) {
		w.insertSummary(a, a.summary())
	}
	return w
}

// changed lists, in the order of their JIDs, the members that changed since
// cursor; with 0 all members.
func (a *audience) changed(cursor uint64) []*member {
	g := a.g
	if cursor == 0 {
		return g.sorted
	}
	found := g.scratch.found[:0]
	for m := g.changes.first; m != nil && m.version > cursor; m = m.next {
		if a.visible(m) > cursor || leak.Face == "since" {
			found = append(found, m)
		}
	}
	slices.SortFunc(found, func(x, y *member) int { return cmp.Compare(x.JID, y.JID) })
	if cap(found) <= keepEntries {
		g.scratch.found = found
	}
	return found
}

// entry says whether a decision about m belongs in the walk.
func (w *walk) entry(m *member, mask policy.Mask, h history) (entry, bool) {
	shown, counted := m.shown(mask, h), m.counts(mask, h)
	e := entry{key: m.JID, m: m, v: max(shown, counted), shown: shown > w.since, counted: counted > w.since}
	if leak.Face == "since" && w.answer {
		e.shown = true
	}
	return e, (e.shown || e.counted) && (w.since > 0 || m.gone == 0 && mask&policy.Named != 0)
}

// apart renders an entry that not all watches have.
func (w *walk) apart(e entry, render func([]byte) []byte) entry {
	e.lo = len(w.buf)
	w.buf = render(w.buf)
	e.hi = len(w.buf)
	return e
}

func (w *walk) add(e entry, render func([]byte) []byte) {
	e = w.apart(e, render)
	w.to = max(w.to, e.v)
	w.bytes += e.hi - e.lo
	w.entries = append(w.entries, e)
}

func (a *audience) renderInfo(b []byte) []byte {
	return a.renderer.Info(b, &a.g.settings, a.g.name, a.basic)
}

// render appends m's item as mask shows it: the member, a retraction if the
// reader had the item and it was taken away, or nothing.
func (a *audience) render(b []byte, w *walk, e *entry, mask policy.Mask, h history) []byte {
	g, m := a.g, e.m
	if leak.Face == "resources" && a.key.node == NodeResources || leak.Face == "outpost" && a.key.outpost {
		mask |= policy.Status
	}
	switch {
	case !e.shown:
	case m.gone == 0 && mask&policy.Named != 0:
		s := &g.scratch
		s.devices = m.item(&s.item, mask, s.devices)
		return a.renderer.Member(b, a.key.node, &s.item)
	case a.key.node == NodeResources:
		return a.renderer.Member(b, a.key.node, &Item{JID: m.JID})
	case mask&policy.Named != 0 || h.unnamed > w.since:
		if w.answer || a.key.outpost { // services forget what they do not keep: nothing can be retracted
			return a.renderer.AnswerGone(b, m.JID)
		}
		return a.renderer.Gone(b, m.JID)
	}
	return b
}

// counts says whether something in w may have changed the summary.
func (w *walk) counts() bool {
	return slices.ContainsFunc(w.entries, func(e entry) bool { return e.counted })
}

func (w *walk) insertSummary(a *audience, s Summary) {
	w.add(entry{key: summaryKey}, func(b []byte) []byte { return a.renderer.Summary(b, s) })
	n := len(w.entries) - 1
	e := w.entries[n]
	w.summary = 0
	if n > 0 && w.entries[0].key == infoKey {
		w.summary = 1
	}
	copy(w.entries[w.summary+1:], w.entries[w.summary:n])
	w.entries[w.summary] = e
}

// speaks says whether there is something to send: a change that shows, or
// the state, even that of an empty table.
func (w *walk) speaks() bool { return w.bytes > 0 || w.since == 0 }

// chunk is the end of the longest run of entries from i on that fits in one
// stanza, at least one entry; with one, of those that show at most one.
func (g *Group) chunk(entries []entry, i int, one bool) int {
	n, limit := 0, g.roster.limits.items
	j := i
	for ; j < len(entries); j++ {
		size := entries[j].hi - entries[j].lo
		n += size
		if j > i && (n > limit || one && size > 0 && n > size) {
			break
		}
	}
	return j
}

// chunkBack is the start of the longest run of entries down to lo that fits in
// one stanza, at least one entry.
func (g *Group) chunkBack(entries []entry, lo int) int {
	n, limit := 0, g.roster.limits.items
	i := len(entries)
	for ; i > lo; i-- {
		n += entries[i-1].hi - entries[i-1].lo
		if n > limit && i < len(entries) {
			break
		}
	}
	return i
}

func (a *audience) chunks(entries []entry, i int) (n int) {
	for ; i < len(entries); n++ {
		i = a.g.chunk(entries, i, a.key.one)
	}
	return max(1, n)
}

// Ids of events say nothing. They are drawn many at a time: most of them are
// used at once and never again.
const (
	idLen    = 12 // characters of five bits
	idsDrawn = 16
	idChars  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
)

// randomID is the id of an event.
func (g *Group) randomID() string {
	s := &g.scratch
	if s.ids == "" {
		text := make([]byte, idLen*idsDrawn)
		rand.Read(text) // never fails (crypto/rand)
		for i, c := range text {
			text[i] = idChars[c%32]
		}
		s.ids = string(text)
	}
	id := s.ids[:idLen]
	s.ids = s.ids[idLen:]
	return id
}
