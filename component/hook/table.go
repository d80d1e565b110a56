package hook

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/rollcall-xmpp/rollcall/watch"
)

// maxChanges bounds the changes in one post, in bytes of JSON.
const maxChanges = 256 << 10

// table is what the receiver has, as far as it is known, beside what the
// webhook sees.
type table struct {
	sees *watch.Table
	node string

	fresh   bool // the next post is the full state, or the beginning of it
	filling bool // the full state is not yet told to its end
	rows    map[string]held[watch.Member]
	info    held[watch.Info]
	summary held[watch.Summary]
}

// held is something that the receiver has: nil for nothing. It is in doubt when
// a post that told of it was not answered.
type held[T any] struct {
	value *T
	doubt bool
}

// batch is what one post tells.
type batch struct {
	full    bool
	rest    bool // there is more to tell
	changes []watch.Change
	size    int // bytes of the changes as JSON
}

func newTable() *table { return &table{fresh: true, rows: map[string]held[watch.Member]{}} }

// look lets the table see through another one.
func (t *table) look(sees *watch.Table, node string) { t.sees, t.node = sees, node }

// next is what is to be told, up to limit bytes; nil for nothing.
func (t *table) next(limit int) (*batch, error) {
	b := &batch{full: t.fresh}
	now := map[string]*watch.Member{}
	for _, m := range t.sees.Members() {
		now[m.JID] = m
	}
	var err error
	add := func(c watch.Change) bool {
		var text []byte
		if text, err = json.Marshal(c); err != nil {
			err = fmt.Errorf("write change: %w", err)
			return false
		}
		if len(b.changes) > 0 && b.size+len(text) > limit {
			b.rest = true
			return false
		}
		b.size += len(text) + 1
		b.changes = append(b.changes, c)
		return true
	}
	for _, c := range t.whole() {
		add(c)
	}
	ids := map[string]bool{}
	for id := range now {
		ids[id] = true
	}
	for id := range t.rows {
		ids[id] = true
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		c, news := t.row(id, now[id])
		if news && !add(c) {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	if (t.fresh || t.filling) && !b.rest {
		b.changes = append(b.changes, watch.Change{Kind: watch.Synced})
	}
	if len(b.changes) == 0 {
		return nil, nil
	}
	return b, nil
}

// whole is what changed of the group as a whole. The node of presence alone
// has nothing of that, and neither has who may not watch.
func (t *table) whole() (list []watch.Change) {
	if info := t.sees.Info(); info.Name != "" && (t.info.doubt || t.info.value == nil || !sameInfo(t.info.value, &info)) {
		list = append(list, watch.Change{Kind: watch.InfoSet, Info: &info})
	}
	if s := t.sees.Summary(); t.node == watch.NodeGroup && (t.summary.doubt || t.summary.value == nil || *t.summary.value != s) {
		list = append(list, watch.Change{Kind: watch.SummarySet, Summary: &s})
	}
	return list
}

func sameInfo(a, b *watch.Info) bool {
	return a.Name == b.Name && a.Description == b.Description && slices.Equal(a.Attributes, b.Attributes)
}

// row is what to tell of a member who looks like m now; nil: there is none. It
// does not say what he looked like before: the receiver has it if he may, and
// what was taken back since is not sent again.
func (t *table) row(id string, m *watch.Member) (c watch.Change, news bool) {
	has := t.rows[id]
	switch {
	case m == nil && has.value == nil && !has.doubt, m != nil && has.value != nil && !has.doubt && m.Equal(has.value):
		return c, false
	case m == nil:
		return watch.Change{Kind: watch.Left, Before: &watch.Member{JID: id, Presence: watch.Presence{Show: watch.Offline}}}, true
	case has.value == nil:
		return watch.Change{Kind: watch.Joined, After: m}, true
	}
	return watch.Change{Kind: watch.Changed, After: m}, true
}

// sent takes in that a batch arrived, or that nobody knows.
func (t *table) sent(b *batch, arrived bool) {
	if b.full && !arrived {
		return // it will be told in full again
	}
	t.fresh, t.filling = false, b.rest && (t.filling || b.full)
	for _, c := range b.changes {
		switch c.Kind {
		case watch.InfoSet:
			t.info = after(t.info, c.Info, arrived)
		case watch.SummarySet:
			t.summary = after(t.summary, c.Summary, arrived)
		case watch.Synced:
			t.filling = !arrived
		case watch.Left:
			t.put(c.Before.JID, nil, arrived)
		default:
			t.put(c.After.JID, c.After, arrived)
		}
	}
}

func after[T any](was held[T], value *T, arrived bool) held[T] {
	if arrived {
		return held[T]{value: value}
	}
	return held[T]{value: was.value, doubt: true}
}

func (t *table) put(id string, m *watch.Member, arrived bool) {
	h := after(t.rows[id], m, arrived)
	if h.value == nil && !h.doubt {
		delete(t.rows, id)
		return
	}
	t.rows[id] = h
}
