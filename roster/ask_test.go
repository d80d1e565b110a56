package roster_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// ask is a question under way, and what its reader holds so far.
type ask struct {
	q     roster.Question
	base  map[string]string // the table under the token of Since; nil = none
	pages []heard
	token string // of the first page

	unjudged bool // a play looks at it itself
}

// memories are the tables that owner ever held of a node, by whatever way,
// each with its token: from any of them since must lead to the truth.
func (s *stage) memories(owner, to string, n roster.Node) []memory {
	now := s.w.asker(owner, to, n)
	var all []memory
	for key, past := range s.past[owner+" "+n.String()] {
		if x := s.w.sub(key); x != nil && x.key() != now.key() && (optional(x) || optional(now)) {
			continue // the token of a subscription that has other options
		}
		all = append(all, past...)
	}
	slices.SortFunc(all, func(a, b memory) int { return a.n - b.n })
	return all
}

func optional(x *sub) bool {
	r := &x.wants
	return r.Refuse || r.SameRole || len(r.Members) > 0 || len(r.Roles) > 0 || r.Attributes != 0
}

// remember keeps a table under its token.
func (s *stage) remember(x *sub, token string, table map[string]string) {
	at := x.owner + " " + x.node.String()
	if s.past[at] == nil {
		s.past[at] = map[string][]memory{}
	}
	s.remembered++
	s.past[at][x.key()] = append(s.past[at][x.key()], memory{token, maps.Clone(table), s.remembered})
}

// ask asks. since is the token held, with the table it stands for.
func (s *stage) ask(q roster.Question, since *memory) {
	s.t.Helper()
	a := &ask{q: q}
	if since != nil {
		a.q.Since, a.base = &since.token, since.table
	}
	s.send(a)
}

func (s *stage) send(a *ask) {
	s.t.Helper()
	s.questions++
	a.q.ID = strconv.Itoa(s.questions)
	q := a.q
	if q.Since != nil {
		token := s.aliases.token(*q.Since)
		q.Since = &token
	}
	if id, token, ok := strings.Cut(q.After, "/"); ok {
		q.After = id + "/" + s.aliases.token(token)
	}
	if err := s.g.Ask(&q); err != nil {
		s.t.Fatalf("ask %+v: %v", a.q, err)
	}
	s.asks[a.q.ID] = a
}

// answered says why h is no answer, and lets the reader have it.
func (s *stage) answered(h heard) error {
	a := s.asks[h.id]
	if a == nil || h.to != a.q.To || h.node != a.q.Node.String() {
		return fmt.Errorf("nobody asked")
	}
	delete(s.asks, h.id)
	if a.unjudged {
		return within(h, s.w.view(s.w.asker(a.q.Watcher, a.q.To, a.q.Node)))
	}
	want := s.w.mayWatch(a.q.Watcher)
	if want == nil && !s.w.settings.Payload.Has(a.q.Node) {
		want = roster.ErrNoNode
	}
	if (want != nil) != (h.kind == "refuse") || want != nil && h.text != strconv.Quote(want.Error()) {
		return fmt.Errorf("want %v", want)
	}
	if want != nil {
		return nil
	}
	x := s.w.asker(a.q.Watcher, a.q.To, a.q.Node)
	view := s.w.view(x)
	if err := within(h, view); err != nil {
		return err
	}
	if len(a.q.IDs) > 0 {
		return a.chosen(h, view)
	}
	return s.page(a, x, view, h)
}

// chosen is the answer to a question for certain items.
func (a *ask) chosen(h heard, view map[string]string) error {
	cut := h.page.Index+len(h.items) < h.page.Count
	for _, id := range a.q.IDs {
		if !cut && (view[id] != "") != slices.ContainsFunc(h.items, func(l line) bool { return l.id == id }) {
			return fmt.Errorf("%s is missing, or too much", id)
		}
	}
	if slices.ContainsFunc(h.items, func(l line) bool { return !slices.Contains(a.q.IDs, l.id) }) || h.stamp.To != "" {
		return fmt.Errorf("more than was asked for")
	}
	return nil
}

// page takes one page in, and asks for the next.
func (s *stage) page(a *ask, x *sub, view map[string]string, h heard) error {
	st, p := &h.stamp, &h.page
	first := a.q.After == ""
	end := p.Index + len(h.items)
	switch {
	case a.q.Max >= 0 && !a.q.Paged && end < p.Count && st.To == "":
		return nil // so many and no more
	case st.Full && a.q.Since == nil:
		return fmt.Errorf("full, but nobody asked since")
	case st.Full && !first:
		return nil // what the reader has is of no use; he begins again
	case st.Full:
		a.base = nil
	case a.q.Since != nil && a.base == nil && first:
		return fmt.Errorf("a token that never was is taken for one")
	}
	a.pages = append(a.pages, h)
	if first {
		a.token = st.To
	} else if st.To != a.token {
		return fmt.Errorf("the page's token is %s, the first one's %s", st.To, a.token)
	}
	if len(h.items) > 0 && end < p.Count {
		next := *a
		next.pages = slices.Clone(a.pages)
		next.q.After, next.q.Paged = p.Last, true
		s.send(&next)
		return nil
	}
	if a.token == "" {
		return nil
	}
	table := map[string]string{}
	maps.Copy(table, a.base)
	apply(table, a.pages...)
	if first {
		if ids := changes(table, view); len(ids) > 0 {
			return fmt.Errorf("%q differ, since leads to\n\t%q\nbut may see\n\t%q", ids, table, view)
		}
		if a.base != nil && (st.From != *a.q.Since || (st.To == st.From) != (len(h.items) == 0)) {
			return fmt.Errorf("%d items since %s under the stamp %+v", len(h.items), *a.q.Since, st)
		}
	}
	s.remember(x, a.token, table)
	return nil
}
