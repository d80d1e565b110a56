package roster

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/leak"
	"github.com/rollcall-xmpp/rollcall/policy"
)

// Question is something asked of a group whose answer carries members' state.
// It is answered in the group's turn, from the state of that moment, so that
// no answer overtakes a fresher word.
type Question struct {
	Node    Node     // NodeContact: a probe, answered with the aggregate presence
	Watcher string   // who asks: bare JID
	To      string   // where the answer goes: the full JID that asked
	From    string   // the address that was asked, where the answer comes from; "" = the group's
	ID      string   // of the request
	Since   *string  // a state token: only what changed; nil = all
	IDs     []string // only these items
	Max     int      // no more items than this; < 0 = no limit
	Paged   bool     // the request came with a result set (XEP-0059)
	After   string   // page after this item
	Before  *string  // page before this item, "" = the last page
	Index   int      // page from this index; < 0 = not asked

	// Picture, if set, renders the answer in a dialect of its own: it appends
	// the stanza to b, from what the contact of Watcher would be told of the
	// group, or from why he is told nothing. The rules of [Renderer] hold.
	Picture func(b []byte, p *Picture, err error) []byte

	// Into, if set, takes the answer instead of the wire. It keeps what it is
	// given, and does not block.
	Into func(answer []byte)
}

// Picture is a group and its members as one watcher may see them now.
type Picture struct {
	Title   string
	Line    Line
	Members iter.Seq[*Item] // those who are named, in order; each is good until the next
}

// Bounds of the questions a group keeps waiting: of everybody, of one watcher.
const (
	maxQuestions = 4096
	maxAsked     = 128
)

// Ask queues a question. ErrLimit when too many wait, ErrNoGroup.
func (g *Group) Ask(q *Question) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return ErrNoGroup
	}
	return g.queue(q)
}

func (g *Group) queue(q *Question) error {
	if len(g.questions) >= maxQuestions || g.asked[q.Watcher] >= maxAsked {
		return ErrLimit
	}
	g.questions = append(g.questions, q)
	g.asked[q.Watcher]++
	g.signal()
	return nil
}

// replies answers the questions that may be answered now, until b has limit
// bytes, those that wait longest first.
func (g *Group) replies(b []byte, limit int) []byte {
	for i := 0; i < len(g.questions) && !g.full(b, limit); {
		if g.ripe(g.questions[i]) {
			b = g.reply(b, g.pick(i))
		} else {
			i++
		}
	}
	g.resume()
	return b
}

// pick takes a question.
func (g *Group) pick(i int) *Question {
	q := g.questions[i]
	if i == 0 {
		g.questions[0] = nil
		g.questions = g.questions[1:]
	} else {
		g.questions = slices.Delete(g.questions, i, i+1)
	}
	if g.asked[q.Watcher]--; g.asked[q.Watcher] == 0 {
		delete(g.asked, q.Watcher)
	}
	return q
}

// reply answers q where it wants the answer.
func (g *Group) reply(b []byte, q *Question) []byte {
	if q.Into == nil {
		return g.answer(b, q)
	}
	if leak.Face == "hook" {
		q.Watcher = g.sorted[0].JID
	}
	q.Into(g.answer(nil, q))
	return b
}

// answer appends the answer to q as things stand now.
func (g *Group) answer(b []byte, q *Question) []byte {
	r := g.roster.renderer
	who := g.watcher(q.Watcher)
	if q.Picture != nil {
		return g.depict(b, q, &who)
	}
	if q.Node == NodeContact && g.contact(q.Watcher) == nil {
		return b // he went meanwhile, and was told
	}
	if err := g.mayWatch(&who); err != nil {
		return r.Refuse(b, g.name, q, err)
	}
	if !g.settings.Payload.Has(q.Node) {
		return r.Refuse(b, g.name, q, ErrNoNode)
	}
	v := g.view(&who, q)
	if leak.Face == "items" && q.Node != NodeContact || leak.Face == "probe" && q.Node == NodeContact {
		v.own = nil
	}
	if q.Node == NodeContact {
		b = r.ContactStart(b, g.name)
		b = r.Address(b, q.To)
		return r.ContactEnd(r.Contact(b, v.audience.line(v.own)), g.interest(q.Watcher))
	}
	cursor, known := uint64(0), false
	if q.Since != nil {
		if cursor, known = v.since(*q.Since); !known {
			cursor = 0
		}
	}
	w := v.audience.newWalk(cursor, true)
	entries := w.entries
	if v.own != nil {
		entries, _ = v.audience.ownEntries(w, v.own)
	}
	s := &Stamp{To: g.token(q.Node, max(cursor, v.audience.latestFor(v.own))), Full: q.Since != nil && !known}
	if known {
		s.From = *q.Since
	}
	b = v.audience.page(b, q, w, entries, s)
	g.keep(w)
	return b
}

// depict appends the answer to a question with a dialect of its own.
func (g *Group) depict(b []byte, q *Question, who *policy.Watcher) []byte {
	if err := g.mayWatch(who); err != nil {
		return q.Picture(b, nil, err)
	}
	v := g.view(who, q)
	if leak.Face == "command" {
		v.own = nil
	}
	p := &Picture{Title: cmp.Or(g.settings.Title, g.name), Line: *v.audience.line(v.own)}
	p.Members = func(yield func(*Item) bool) {
		for _, it := range v.items() {
			if !yield(it) {
				return
			}
		}
	}
	return q.Picture(b, p, nil)
}

// items are the members that are named to who sees so, in order, with what is
// shown of each; the item is good until the next.
func (v view) items() iter.Seq2[*member, *Item] {
	g := v.audience.g
	return func(yield func(*member, *Item) bool) {
		s := &g.scratch
		for _, m := range g.sorted {
			mask := v.audience.masks[m.slot]
			if x := v.own.about(m); x != nil {
				mask = x.mask
			}
			if mask&policy.Named == 0 {
				continue
			}
			s.devices = m.item(&s.item, mask, s.devices)
			if !yield(m, &s.item) {
				return
			}
		}
	}
}

// page appends the part of entries that q asked for.
func (a *audience) page(b []byte, q *Question, w *walk, entries []entry, s *Stamp) []byte {
	g := a.g
	ids := slices.Sorted(slices.Values(q.IDs))
	entries = slices.DeleteFunc(slices.Clone(entries), func(e entry) bool {
		return e.hi == e.lo || len(ids) > 0 && !contains(ids, e.id())
	})
	count := len(entries)
	lo, hi, token := q.cut(entries)
	back := q.Before != nil
	if hi > lo && back {
		lo = g.chunkBack(entries[:hi], lo)
	} else if hi > lo {
		hi = min(hi, g.chunk(entries[:hi], lo, false))
	}
	p := &Page{Count: count, Index: lo, Wanted: q.Paged || hi < count && q.Max < 0}
	if hi > lo {
		p.First, p.Last = entries[lo].id(), entries[hi-1].id()
	}
	switch {
	case len(q.IDs) > 0, q.Max >= 0 && !q.Paged && hi < count, q.Max == 0 && count > 0, back && hi < count:
		*s = Stamp{} // a choice of items is not a state
	case q.After != "" && g.knows(q.Node, token):
		s.To = token // the page's state is that of the first one
	case q.After != "" || lo > 0:
		*s = Stamp{}
	}
	if p.Wanted && p.Last != "" && s.To != "" {
		p.Last += "/" + s.To
	}
	b = a.items(w, a.renderer.AnswerStart(b, g.name, q), entries[lo:hi])
	return a.renderer.AnswerEnd(b, g.name, q, s, p)
}

func contains(sorted []string, s string) bool {
	_, found := slices.BinarySearch(sorted, s)
	return found
}

// knows says whether token is one of ours; nothing else is said again.
func (g *Group) knows(n Node, token string) bool {
	_, ok := g.parseToken(n, token)
	return ok
}

// cut finds the run of entries that q asks for. An item id in a page request
// may carry the state token of the first page behind a slash.
func (q *Question) cut(entries []entry) (lo, hi int, token string) {
	n := q.Max
	if n < 0 || n > len(entries) {
		n = len(entries)
	}
	index := func(id string) (int, bool) {
		id, token, _ = strings.Cut(id, "/")
		return slices.BinarySearchFunc(entries, key(id), func(e entry, k string) int { return strings.Compare(e.key, k) })
	}
	switch {
	case q.After != "":
		i, found := index(q.After)
		if found {
			i++
		}
		lo = i
	case q.Before != nil && *q.Before != "":
		i, _ := index(*q.Before)
		lo = max(0, i-n)
		return lo, i, token
	case q.Before != nil:
		lo = len(entries) - n
	case q.Index >= 0:
		lo = min(q.Index, len(entries))
	}
	return lo, min(lo+n, len(entries)), token
}

// key is the sort key of an item id, id its inverse.
func key(id string) string {
	switch id {
	case "info":
		return infoKey
	case "summary":
		return summaryKey
	}
	return id
}

func (e *entry) id() string {
	switch e.key {
	case infoKey:
		return "info"
	case summaryKey:
		return "summary"
	}
	return e.key
}

// view is how somebody who asks sees a node: as his watch does, if he has
// one.
type view struct {
	audience *audience
	own      *own
	moved    uint64 // tokens from before it are of no use
}

func (g *Group) view(who *policy.Watcher, q *Question) view {
	if found := g.watchOf(who.JID, q.To, q.Node); found != nil {
		return view{found.audience, found.own, found.moved}
	}
	all := &policy.Receiving{}
	v := view{audience: g.audienceOf(who, q.Node, all, &Manner{}), moved: g.standing(who.JID)}
	v.moved = max(v.moved, v.audience.vouches)
	v.own = g.exceptions(v.audience, who, all)
	if ground := v.audience.ground(); v.own != nil || ground < v.moved {
		if v.own == nil {
			v.own = &own{}
		}
		v.own.floor = max(ground, v.moved)
	}
	return v
}

// watchOf is the watch that somebody at the address to is seen by: that of the
// address, or of his bare JID, or his first; nil if there is none.
func (g *Group) watchOf(owner, to string, n Node) *Watch {
	var found *Watch
	for _, w := range g.byOwner[owner] {
		switch {
		case w.node != n:
		case w.rec.JID == to:
			return w
		case found == nil || w.rec.JID == owner:
			found = w
		}
	}
	return found
}

// since is the version that a token stands for, if what changed after it can
// still be told.
func (v *view) since(token string) (uint64, bool) {
	g := v.audience.g
	at, ok := g.parseToken(v.audience.key.node, token)
	floor := v.audience.ground()
	if v.own != nil {
		floor = v.own.floor
	}
	return at, ok && at >= max(floor, v.moved)
}
