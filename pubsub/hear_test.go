package pubsub_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// table is what a subscriber, or a contact, holds: items by id, or a line.
type table struct {
	items map[string]string
	token string
	past  []memory

	view  map[string]string // what he may see
	dirty map[string]bool   // what has changed in it since he was told
}

// memory is what somebody held under a token.
type memory struct {
	token string
	items map[string]string
}

// look is told what the reader may see now. again: devices were heard of once
// more, one after the other, which may look different in between.
func (c *table) look(view map[string]string, again bool) {
	for id := range c.view {
		if c.view[id] != view[id] {
			c.dirty[id] = true
		}
	}
	for id := range view {
		if again || c.view[id] != view[id] {
			c.dirty[id] = true
		}
	}
	c.view = view
}

// settle gives the group its turns until it is silent.
func (h *house) settle() {
	h.t.Helper()
	for range 100_000 {
		if !h.turn(1 << 20) {
			return
		}
	}
	h.t.Fatal("the group never ends")
}

// turn gives the group one turn; false if it wants none.
func (h *house) turn(budget int) bool {
	h.t.Helper()
	var g *roster.Group
	h.note(func() {
		if len(h.ready) > 0 {
			g, h.ready = h.ready[0], h.ready[1:]
		}
	})
	if g == nil {
		return false
	}
	b, more := g.Turn(nil, budget)
	if more {
		h.Ready(g)
	}
	in := frame.NewReader(bytes.NewReader(b), 1<<18, 100)
	for {
		raw, err := in.Next()
		if errors.Is(err, io.EOF) {
			h.servers.answer(h, more)
			return true
		}
		h.must(err)
		h.take(string(raw))
	}
}

var (
	address = regexp.MustCompile(`^<(\w+)[^>]*? to='([^']*)'`)
	idOf    = regexp.MustCompile(`^<iq[^>]*? id='([^']*)'`)
	nodeOf  = regexp.MustCompile(`<items node='` + ns + `#(\w+)'>`)
	itemsOf = regexp.MustCompile(`(?s)<items node='[^']*'>(.*)</items>`)
	itemOf  = regexp.MustCompile(`(?s)<item id='([^']*)'>.*?</item>|<retract id='([^']*)'/>`)
	stateOf = regexp.MustCompile(`<state xmlns='` + ns + `'(?: from='([^']*)')? to='([^']*)'( full='true')?(?: part='(\d+)/(\d+)')?/>`)
	lastOf  = regexp.MustCompile(`<last>([^<]*)</last>`)

	inside   = regexp.MustCompile(`(?s)^<presence [^>]*>(.*)</presence>$`)
	goneMark = "><gone xmlns='" + ns + "'/></item>"
)

// take is a stanza on its way to its reader.
func (h *house) take(raw string) {
	h.t.Helper()
	at := address.FindStringSubmatch(raw)
	if at == nil {
		h.t.Fatalf("no address: %s", raw)
	}
	if h.servers.take(h, raw, plain(at[2])) {
		return
	}
	to, size := plain(at[2]), len(raw)
	raw, err := inXML(raw) // the same, in whichever words
	h.must(err)
	if len(raw) != size { // and nothing that this does not show
		raw += fmt.Sprintf("<!-- %d bytes -->", size)
	}
	h.told[bare(to)] = append(h.told[bare(to)], raw)
	if h.servers.way == "own" {
		h.servers.told++
	}
	switch at[1] {
	case "iq":
		h.answers[to+" "+idOf.FindStringSubmatch(raw)[1]] = raw
	case "presence":
		h.contact(to, raw)
	case "message":
		h.event(to, raw)
	}
}

var plain = strings.NewReplacer("&apos;", "'", "&lt;", "<", "&gt;", ">", "&amp;", "&").Replace

// contact is the group's line in a contact list.
func (h *house) contact(to, raw string) {
	h.t.Helper()
	key := tableKey(bare(to), "contact")
	s, known := h.w.subs[key]
	line := inside.FindStringSubmatch(raw)
	if !known || line == nil {
		h.t.Fatalf("nobody has the group as a contact there, or no line: %s", raw)
	}
	want := h.w.view(s)["line"]
	if line[1] != want+h.badge()+string(pubsub.AppendCaps(nil, h.w.interest(bare(to)))) {
		h.t.Fatalf("%s is shown\n\t%s\nbut may see\n\t%s", to, line[1], want)
	}
	if to == s.jid {
		h.tables[key].items["line"] = want
	}
}

// badge names the group's picture; nobody gave it one, so it is of the title.
func (h *house) badge() string {
	title := h.w.m.Title
	if h.badges[title] == "" {
		r := &pubsub.Renderer{Domain: domain}
		h.badges[title] = string(r.Badge(nil, &roster.Settings{Title: title}, h.w.m.Name, false))
	}
	return h.badges[title]
}

// event is one of a subscription. What it says must be true and may be seen at
// this moment, and leads from what the reader has to what he then has.
func (h *house) event(to, raw string) {
	h.t.Helper()
	node, state := nodeOf.FindStringSubmatch(raw), stateOf.FindStringSubmatch(raw)
	if node == nil || state == nil {
		h.t.Fatalf("no items, or no state: %s", raw)
	}
	s, known := h.w.subs[tableKey(to, node[1])]
	c := h.tables[tableKey(to, node[1])]
	if !known || c == nil || s.wants.Refuse {
		h.t.Fatalf("nobody there wants to hear: %s", raw)
	}
	full, first := state[3] != "", state[4] == "" || state[4] == "1"
	if first && full {
		c.items = map[string]string{}
	} else if !full && state[1] != c.token {
		h.t.Fatalf("%s of %s holds %s: %s", to, node[1], c.token, raw)
	}
	ids := h.within(s, raw)
	for _, id := range ids {
		if !full && state[5] == "" && !c.dirty[id] {
			h.t.Fatalf("%s looks as it did: %s", id, raw)
		}
		delete(c.dirty, id)
	}
	if !full && state[5] == "" && len(ids) == 0 {
		h.t.Fatalf("an event that says nothing: %s", raw)
	}
	if full && first {
		clear(c.dirty)
	}
	apply(c.items, raw)
	if state[4] == state[5] {
		c.token = state[2]
		c.past = append(c.past, memory{c.token, maps.Clone(c.items)})
	}
}

// within looks whether all items are what the reader may see now, and in
// order. It returns their ids.
func (h *house) within(s sub, raw string) (ids []string) {
	h.t.Helper()
	now, last := h.w.view(s), ""
	body := itemsOf.FindStringSubmatch(raw)
	if body == nil {
		h.t.Fatalf("no items: %s", raw)
	}
	rest := body[1]
	for _, it := range itemOf.FindAllStringSubmatch(body[1], -1) {
		rest = strings.TrimPrefix(rest, it[0])
		id := plain(it[1] + it[2])
		gone := it[2] != "" || strings.HasSuffix(it[0], goneMark)
		switch want, may := now[id]; {
		case gone && may:
			h.t.Fatalf("%s of %s loses %s, but may see\n\t%s", s.jid, s.node, id, want)
		case !gone && it[0] != want:
			h.t.Fatalf("%s of %s is told\n\t%s\nbut may see\n\t%s", s.jid, s.node, it[0], want)
		case place(id) <= last:
			h.t.Fatalf("out of order: %s", raw)
		}
		ids, last = append(ids, id), place(id)
	}
	if rest != "" {
		h.t.Fatalf("something that is no item: %q in %s", rest, raw)
	}
	return ids
}

// place is where an item stands: info, summary, members by address.
func place(id string) string {
	switch id {
	case "info":
		return "1"
	case "summary":
		return "2"
	}
	return "3" + id
}

// apply brings a table up to date.
func apply(items map[string]string, raw string) {
	for _, it := range itemOf.FindAllStringSubmatch(itemsOf.FindStringSubmatch(raw)[1], -1) {
		if it[2] != "" || strings.HasSuffix(it[0], goneMark) {
			delete(items, plain(it[1]+it[2]))
		} else {
			items[plain(it[1])] = it[0]
		}
	}
}

// rest lets everybody be heard of, gives the group its turns, and compares
// what each reader holds with what he may see.
func (h *house) rest() {
	h.t.Helper()
	for _, s := range h.w.subs {
		h.g.Alive(s.jid)
		h.w.alive(s.jid)
	}
	h.look()
	h.settle()
	clear(h.servers.loose)
	for key, s := range h.w.subs {
		if s.wants.Refuse {
			continue
		}
		want, has := h.w.view(s), h.tables[key].items
		for _, id := range slices.Sorted(maps.Keys(want)) {
			if has[id] != want[id] {
				h.t.Fatalf("%s holds\n\t%s\nbut may see\n\t%s", key, has[id], want[id])
			}
		}
		for id := range has {
			if want[id] == "" {
				h.t.Fatalf("%s still holds\n\t%s", key, has[id])
			}
		}
	}
}
