package watch

import (
	"encoding/xml"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Table is one node of a group as its watcher sees it.
type Table struct {
	group, node string

	content         // what is shown
	all     content // what was received; the same without a filter
	me      string  // bare JID of who looks through the filter
	want    Want    // the filter
	state   string  // the token held; "" = none yet

	parts *batch // a state of which some parts are here
	of    int    // parts that are here

	gap     bool   // something was missed
	asking  bool   // a request is under way
	since   string // the state it names
	pages   *batch // its pages so far
	after   string // the item to go on behind
	void    bool   // the page under way belongs to a state that was replaced
	ended   bool   // the subscription is no more
	fetched bool   // a whole state has arrived once

	id     string // of the subscription, "" = not known
	at     place  // where events come from, zero: from the group
	closed bool   // nothing more is taken from there until the group was asked
	places bool   // it is being asked
}

// content is what a table shows.
type content struct {
	members map[string]*Member
	info    Info
	summary Summary
}

// batch is items on their way into the table.
type batch struct {
	full  bool   // they are everything
	to    string // the state they lead to
	items []wireItem
}

// Diff is a row that looks different: Before is nil for who is new, After for
// who is no longer there.
type Diff struct{ Before, After *Member }

// Update is what one stanza did to a table.
type Update struct {
	Ours    bool // it was an event of this node, or an answer
	Members []Diff
	Info    bool // the group's attributes changed
	Summary bool // the counts changed
	Gap     bool // it showed that something was missed
	Partial bool // it is in force with the last of its parts
	Known   bool // the table held the state that it leads to
}

// Empty says whether the stanza changed nothing that is shown.
func (c *Update) Empty() bool { return len(c.Members) == 0 && !c.Info && !c.Summary }

// NewTable is the empty table of a node of the group at that bare JID.
func NewTable(group, node string) *Table {
	empty := func() content { return content{members: map[string]*Member{}} }
	return &Table{group: group, node: node, content: empty(), all: empty()}
}

// Filter makes the table show only what the watcher at that bare JID wants of
// what it receives. It is called before the first stanza.
func (t *Table) Filter(me string, want Want) { t.me, t.want = me, want.closed() }

// Members lists the rows by JID. They are the table's own: not to be changed,
// but never changed by the table either.
func (t *Table) Members() []*Member {
	list := make([]*Member, 0, len(t.members))
	for _, jid := range slices.Sorted(maps.Keys(t.members)) {
		list = append(list, t.members[jid])
	}
	return list
}

// Len is how many rows there are.
func (t *Table) Len() int { return len(t.members) }

// Member is the row of a bare JID, or nil.
func (t *Table) Member(jid string) *Member { return t.members[jid] }

// Info is the group's attributes, if the node has them.
func (t *Table) Info() Info { return t.info }

// Summary is the counts, if the node has them.
func (t *Table) Summary() Summary { return t.summary }

// State is the token of the state held, "" before the first.
func (t *Table) State() string { return t.state }

// Synced says whether the table is whole: the full state has arrived and
// nothing is known to be missing.
func (t *Table) Synced() bool { return t.fetched && !t.gap && !t.asking && t.parts == nil }

// Ended says whether the service has ended the subscription.
func (t *Table) Ended() bool { return t.ended }

// Take takes a message that the reader received at that time. A message that
// is not this node's changes nothing and is no error.
func (t *Table) Take(raw []byte, at time.Time) (Update, error) {
	var w wireMessage
	err := xml.Unmarshal(raw, &w)
	if err == nil {
		err = w.unpack()
	}
	if err != nil {
		return Update{}, fmt.Errorf("read message: %w", err)
	}
	return t.take(&w, at)
}

// take is Take of what was read. Other tables may read w as well.
func (t *Table) take(w *wireMessage, at time.Time) (Update, error) {
	if w.Event == nil {
		return Update{}, nil
	}
	if w.From == t.at.service && w.From != "" {
		return t.posted(w.Event, at), nil
	}
	if w.From != t.group {
		return Update{}, nil
	}
	if s := w.Event.Subscription; s != nil && t.concerns(s) {
		if t.ended = s.State == "none"; s.State == "subscribed" {
			t.subscribed(s)
		}
		return Update{Ours: true}, nil
	}
	if w.Event.Items == nil || w.Event.Items.Node != t.node {
		return Update{}, nil
	}
	part, of, err := w.State.parts()
	if err != nil {
		return Update{}, err
	}
	if w.State == nil { // a service without tokens
		w.State = &wireState{}
	}
	if !t.closed { // the group speaks for itself: is it still published elsewhere?
		t.close()
	}
	return t.event(w, part, of, at), nil
}

func (t *Table) event(w *wireMessage, part, of int, at time.Time) Update {
	s, c := w.State, Update{Ours: true}
	if t.parts != nil && (part != t.of+1 || t.parts.to != s.To) {
		t.parts = nil // its end was lost
		c.Gap = true
	}
	t.of = part
	switch {
	case part == 1:
		t.parts = &batch{full: s.Full, to: s.To}
	case t.parts == nil: // its beginning was lost
		c.Gap, t.gap = true, true
		return c
	}
	b := t.parts
	b.add(w.Event.Items)
	if c.Partial = part < of; c.Partial {
		return c
	}
	t.parts = nil
	if t.pages != nil { // what comes between two pages is younger than the first
		t.pages.add(w.Event.Items)
		if t.pages.to == s.From {
			t.pages.to = s.To
		}
	}
	switch {
	case s.Full:
		t.state, t.gap, t.fetched = s.To, t.closed, true
		t.pages, t.void = nil, t.void || t.pages != nil && t.asking
	case s.To == t.state && s.To != "":
		c.Known = true
	case s.From == t.state && t.fetched:
		t.state = s.To
		t.gap = t.gap || c.Gap
	default:
		c.Gap, t.gap = true, true
	}
	t.apply(b, at, &c)
	return c
}

func (b *batch) add(w *wireItems) {
	b.items = append(b.items, w.Items...)
	for _, r := range w.Retract {
		b.items = append(b.items, wireItem{ID: r.ID, Gone: &struct{}{}})
	}
}

// apply brings a batch into force: the last word on an id counts.
func (t *Table) apply(b *batch, at time.Time, c *Update) {
	was := t.content
	t.all.members = maps.Clone(t.all.members)
	if b.full {
		t.all = content{members: map[string]*Member{}}
	}
	for i := range b.items {
		t.all.put(&b.items[i], at)
	}
	t.content = t.want.filter(&t.all, t.me, t.node)
	c.Info = !equalInfo(&was.info, &t.info)
	c.Summary = was.summary != t.summary
	ids := maps.Clone(was.members)
	maps.Copy(ids, t.members)
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		before, after := was.members[id], t.members[id]
		if before != nil && after != nil && before.Equal(after) {
			t.members[id] = before // with the time of its last change
			continue
		}
		c.Members = append(c.Members, Diff{before, after})
	}
}

func (t *content) put(it *wireItem, at time.Time) {
	switch {
	case it.Gone != nil:
		delete(t.members, it.ID)
	case it.Info != nil:
		t.info = it.Info.info()
	case it.info != nil:
		t.info = *it.info
	case it.row != nil:
		m := *it.row
		m.Changed = at
		t.members[it.ID] = &m
	case it.Summary != nil:
		t.summary = *it.Summary
	case it.Member != nil:
		m := it.Member.member(it.ID, at)
		t.members[it.ID] = &m
	}
}

func equalInfo(a, b *Info) bool {
	return a.Name == b.Name && a.Description == b.Description && slices.Equal(a.Attributes, b.Attributes)
}

// String is for messages of tests: a line a row.
func (t *Table) String() string {
	var b strings.Builder
	for _, m := range t.Members() {
		fmt.Fprintf(&b, "%s %s %q\n", m.JID, m.Show, m.Status)
	}
	return b.String()
}

// Equal says whether two tables show the same, whatever way they came to it.
func (t *Table) Equal(o *Table) bool {
	return t.summary == o.summary && equalInfo(&t.info, &o.info) &&
		maps.EqualFunc(t.members, o.members, func(a, b *Member) bool { return a.Equal(b) })
}
