package roster

import (
	"cmp"
	"crypto/rand"
	"slices"

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
	counted bool   // it may change the counts
	gone    bool
	lo, hi  int // bytes in the walk's buffer
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
	to      uint64 // last visible version; 0 = nothing visible
	answer  bool   // for a question: leavers are items
	buf     []byte
	entries []entry // sorted by key
	summary int     // index of the summary's entry, or -1
	bytes   int     // of all items

	single []byte // contact, or everything in one stanza: up to the address
	rest   []byte // and from there on
	line   string // contact
}

// seenBy is the visible version that c's watches hold after w.
func (w *walk) seenBy(c *cohort) uint64 { return max(c.seen, w.to) }

// scratch is reused from walk to walk. Guarded by Group.mu.
type scratch struct {
	found   []*member
	item    Item
	devices []Device
	own     []entry
	ownBuf  []byte
	names   []string
}

// countKinds are those that enter the summary.
const countKinds = policy.Named | policy.Counted | policy.Show

// newWalk finds and renders what a's watches that stand at cursor must be
// told. This is the only place that decides what to send.
func (a *audience) newWalk(cursor uint64, answer bool) *walk {
	g := a.g
	w := &walk{version: g.version, since: cursor, summary: -1, answer: answer}
	if a.key.node.info() && g.info > cursor {
		w.add(a, entry{key: infoKey, v: g.info}, func(b []byte) []byte {
			return g.roster.renderer.Info(b, &g.settings, g.name, a.basic)
		})
	}
	if cursor == 0 {
		w.to = max(w.to, a.lastVisible(nil))
	}
	for _, m := range a.changed(cursor) {
		mask, h := a.masks[m.slot], a.history(m.slot)
		if e, ok := w.entry(m, mask, h); ok {
			w.add(a, e, func(b []byte) []byte { return a.render(b, w, m, mask, h) })
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
		if a.visible(m) > cursor {
			found = append(found, m)
		}
	}
	slices.SortFunc(found, func(x, y *member) int { return cmp.Compare(x.JID, y.JID) })
	g.scratch.found = found
	return found
}

// lastVisible is the version of the last change that a's watchers, or the one
// with o's exceptions, could see: the same however they came to know of it.
func (a *audience) lastVisible(o *own) uint64 {
	v := a.floor
	for _, m := range a.g.slots {
		switch {
		case m == nil:
		case o != nil && o.exceptions[m] != nil:
			v = max(v, m.visible(o.exceptions[m].mask, o.exceptions[m].history))
		default:
			v = max(v, a.visible(m))
		}
	}
	return v
}

// entry says whether a decision about m belongs in the walk.
func (w *walk) entry(m *member, mask policy.Mask, h history) (entry, bool) {
	e := entry{key: m.JID, m: m, v: m.visible(mask, h)}
	if e.v <= w.since || w.since == 0 && (m.gone > 0 || mask == 0) {
		return e, false
	}
	e.counted = m.visible(mask&countKinds, h) > w.since
	e.gone = m.gone > 0 || mask&policy.Named == 0
	return e, true
}

func (w *walk) add(a *audience, e entry, render func([]byte) []byte) {
	e.lo = len(w.buf)
	w.buf = render(w.buf)
	e.hi = len(w.buf)
	w.to = max(w.to, e.v)
	w.bytes += e.hi - e.lo
	w.entries = append(w.entries, e)
}

// render appends m's item as mask shows it: the member, a retraction if the
// reader had the item and it was taken away, or nothing.
func (a *audience) render(b []byte, w *walk, m *member, mask policy.Mask, h history) []byte {
	g := a.g
	switch {
	case m.gone == 0 && mask&policy.Named != 0:
		s := &g.scratch
		s.devices = m.item(&s.item, mask, s.devices)
		return g.roster.renderer.Member(b, a.key.node, &s.item)
	case mask&policy.Named != 0 || h.unnamed > w.since:
		if w.answer {
			return g.roster.renderer.AnswerGone(b, m.JID)
		}
		return g.roster.renderer.Gone(b, m.JID)
	}
	return b
}

// counts says whether something in w may have changed the summary.
func (w *walk) counts() bool {
	return slices.ContainsFunc(w.entries, func(e entry) bool { return e.counted })
}

func (w *walk) insertSummary(a *audience, s Summary) {
	w.add(a, entry{key: summaryKey}, func(b []byte) []byte { return a.g.roster.renderer.Summary(b, s) })
	n := len(w.entries) - 1
	e := w.entries[n]
	w.summary = 0
	if n > 0 && w.entries[0].key == infoKey {
		w.summary = 1
	}
	copy(w.entries[w.summary+1:], w.entries[w.summary:n])
	w.entries[w.summary] = e
}

// empty says whether there is nothing to send.
func (w *walk) empty() bool { return w.bytes == 0 }

// chunk is the end of the longest run of entries from i on that fits in one
// stanza, at least one entry.
func (g *Group) chunk(entries []entry, i int) int {
	n, limit := 0, g.roster.limits.items
	j := i
	for ; j < len(entries); j++ {
		n += entries[j].hi - entries[j].lo
		if n > limit && j > i {
			break
		}
	}
	return j
}

func (g *Group) chunks(entries []entry, i int) (n int) {
	for ; i < len(entries); n++ {
		i = g.chunk(entries, i)
	}
	return max(1, n)
}

// randomID is the id of an event: it says nothing.
func randomID() string { return rand.Text()[:12] }
