package pubsub_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/internal/model"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

const (
	ns     = pubsub.NS
	domain = "groups.example.org"
	team   = "team@" + domain
)

// house is one group twice: the real one, spoken to by requests and presence
// and heard as bytes, and the truth about it. Whatever happens happens to both.
type house struct {
	t       rapid.TB
	r       *roster.Roster
	g       *roster.Group
	service *pubsub.Service
	w       *truth
	no      map[string]bool   // who says no when he is asked for his presence
	tables  map[string]*table // by tableKey
	answers map[string]string // by address and id
	told    map[string][]string
	asked   int
	text    string // of the group policy
	again   bool   // see look

	mu     sync.Mutex // guards what the group's own alarm looks at
	time   time.Time
	ready  []*roster.Group
	events []outgoing
}

// outgoing is what the group wants of its server.
type outgoing struct{ kind, jid, node string }

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

// Ready and the others are what the roster asks of its outbox.
func (h *house) Ready(g *roster.Group) { h.note(func() { h.ready = append(h.ready, g) }) }

func (h *house) Presence(_, to string, t roster.PresenceType) {
	h.note(func() { h.events = append(h.events, outgoing{t.String(), to, ""}) })
}

func (h *house) Wanted(*roster.Group) {
	h.note(func() { h.events = append(h.events, outgoing{kind: "wanted"}) })
}

func (h *house) Ended(_ string, s roster.SubscriptionRecord) {
	h.note(func() { h.events = append(h.events, outgoing{"ended", s.JID, s.Node}) })
}

func (h *house) note(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f()
}

func (h *house) now() (t time.Time) {
	h.note(func() { t = h.time })
	return t
}

var firstDay = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// newHouse makes a group with the members that m has.
func newHouse(t rapid.TB, m *model.Group) *house {
	t.Helper()
	h := &house{t: t, time: firstDay, no: map[string]bool{}, tables: map[string]*table{}, answers: map[string]string{}, told: map[string][]string{},
		w: &truth{m: m, time: firstDay, subs: map[string]sub{}, devices: map[string][]model.Device{}, given: map[string]bool{}}}
	h.r = roster.New(roster.Options{Store: store.Memory(), Outbox: h, Renderer: &pubsub.Renderer{Domain: domain},
		Now: h.now, Log: slog.New(slog.DiscardHandler)})
	h.service = &pubsub.Service{Roster: h.r, Domain: domain, Title: "Group presence"}
	rec := &roster.GroupRecord{Name: m.Name, Settings: h.settings(m)}
	for jid, one := range m.Members {
		rec.Members = append(rec.Members, record(jid, one))
		h.w.given[jid] = true
	}
	h.must(h.r.CreateGroup(context.Background(), rec))
	h.g = h.r.Loaded([]byte(m.Name))
	h.attend()
	return h
}

// close ends the group, and with it its alarm.
func (h *house) close() { h.must(h.r.DeleteGroup(context.Background(), h.w.m.Name)) }

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// settings are the model's, as the roster has them.
func (h *house) settings(m *model.Group) roster.Settings {
	p, err := roster.ParsePayload(m.Payload)
	h.must(err)
	return roster.Settings{Title: m.Title, Description: m.Description, Language: m.Language,
		Attributes: attributes(m.Attributes), Listed: m.Listed, Payload: p, Policy: h.text}
}

func attributes(all map[string]string) (list []roster.Attribute) {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, roster.Attribute{Name: name, Value: all[name]})
	}
	return list
}

func record(jid string, m *model.Member) roster.MemberRecord {
	return roster.MemberRecord{JID: jid, Nick: m.Nick, Roles: slices.Sorted(slices.Values(m.Roles)),
		Affiliation: roster.Plain, Attributes: attributes(m.Attributes)}
}

// do lets a happen, to both.
func (h *house) do(a act) string {
	h.t.Helper()
	got := h.on(a)
	h.attend()
	want := h.w.do(a)
	if want == "not-acceptable" && got == refused {
		got = want
	}
	if got != want {
		h.t.Fatalf("%s: refused as %q, want %q", a, got, want)
	}
	h.listen()
	return got
}

// on lets a happen to the real group.
func (h *house) on(a act) string {
	h.t.Helper()
	ctx, g, name := context.Background(), h.g, h.w.m.Name
	switch a.kind {
	case "appears":
		h.hear(a.jid, a.name, a.device)
	case "joins":
		return no(h.r.AddMembers(ctx, name, record(a.jid, a.member)))
	case "changes":
		return no(h.r.UpdateMember(ctx, name, a.jid, func(m *roster.MemberRecord) error {
			*m = record(a.jid, a.member)
			return nil
		}))
	case "leaves":
		return no(h.r.RemoveMember(ctx, name, a.jid))
	case "settings", "policy":
		return h.update(a)
	case "allows":
		return condition(h.allows(a.jid, a.text))
	case "agrees":
		return no(h.agrees(a.jid))
	case "subscribes":
		return condition(h.subscribes(a.jid, a.node, a.text))
	case "configures":
		return condition(h.request(a.jid, "set", pubsubXML("<options "+nodeAndJID(a)+">"+form(a.text)+"</options>")))
	case "unsubscribes":
		answer := h.request(a.jid, "set", pubsubXML("<unsubscribe "+nodeAndJID(a)+"/>"))
		if condition(answer) == "" {
			delete(h.tables, tableKey(a.jid, a.node))
		}
		return condition(answer)
	case "adds":
		h.must(g.OnSubscribe(ctx, a.jid))
	case "drops":
		h.must(g.OnUnsubscribe(ctx, a.jid))
	case "denies", "approves":
		if h.no[a.jid] = a.kind == "denies"; h.no[a.jid] {
			h.must(g.OnUnsubscribed(ctx, a.jid))
		}
	case "time":
		h.note(func() { h.time = a.at })
		g.Tick()
	case "lost":
		h.lost(a)
	}
	return ""
}

func no(err error) string {
	if err != nil {
		return refused
	}
	return ""
}

var conditionOf = regexp.MustCompile(`<error type='\w+'><([a-z-]+) `)

// condition is that of an error, "" if the answer is none.
func condition(answer string) string {
	if m := conditionOf.FindStringSubmatch(answer); m != nil {
		return m[1]
	}
	return ""
}

// update puts other settings, or another policy, in force.
func (h *house) update(a act) string {
	m, was := a.group, h.text
	if a.kind == "policy" {
		m, h.text = h.w.m, a.text
	}
	err := h.r.UpdateGroup(context.Background(), h.w.m.Name, func(s *roster.Settings) error {
		*s = h.settings(m)
		return nil
	})
	if err != nil {
		h.text = was
	}
	return no(err)
}

// lost is a connection that ends and begins again. The device with the name,
// and nobody knows it, went meanwhile.
func (h *house) lost(a act) {
	h.g.Lost()
	h.w.do(act{kind: "appears", jid: a.jid, name: a.name})
	_, probe := h.g.Wants()
	h.again = true
	for _, jid := range probe {
		for _, d := range h.w.devices[jid] {
			h.hear(jid, d.Name, &d)
		}
	}
	h.g.Swept(false)
}

// listen looks who gives the group his presence now: that is the server's to
// know. And everybody who has a subscription is a reader.
func (h *house) listen() {
	h.t.Helper()
	rec, err := h.r.ShowGroup(context.Background(), h.w.m.Name)
	h.must(err)
	for _, m := range rec.Members {
		h.w.given[m.JID] = m.Ask == roster.Granted
		if h.w.given[m.JID] && h.no[m.JID] {
			h.t.Fatalf("%s says no, but the group has his presence", m.JID)
		}
	}
	h.w.follow()
	for key, s := range h.w.subs {
		if h.tables[key] == nil {
			h.tables[key] = &table{items: map[string]string{}, dirty: map[string]bool{}}
		}
		h.tables[key].look(h.w.view(s), h.again)
	}
	h.again = false
	for key := range h.tables {
		if _, ok := h.w.subs[key]; !ok {
			h.t.Fatalf("nobody told %s that it is over", key)
		}
	}
	if n := len(rec.Subscriptions) + len(rec.Contacts); n != len(h.w.subs) {
		h.t.Fatalf("%d subscriptions and contacts, want %d", n, len(h.w.subs))
	}
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

// allows sets what jid lets others see, and returns the answer.
func (h *house) allows(jid, text string) string {
	h.t.Helper()
	a := &policy.Authorization{Share: true}
	if text != "nothing" {
		var err error
		a, err = policy.ParseAuthorization(text)
		h.must(err)
	}
	return h.request(jid, "set", authorizationXML(a))
}

// authorizationXML is a policy as a bot writes it.
func authorizationXML(a *policy.Authorization) string {
	s := fmt.Sprintf("<authorization xmlns='%s' share='%t'", ns, a.Share)
	if len(a.Hide) > 0 {
		s += " hide='" + model.Attr("jid:"+strings.Join(a.Hide, " jid:")) + "'"
	}
	s += ">"
	for _, r := range a.Rules {
		s += "<rule who='" + model.Attr(r.Who.String()) + "' attributes='" + r.Attributes.String() + "'"
		if r.Except != 0 {
			s += " except='" + r.Except.String() + "'"
		}
		if !r.From.IsZero() {
			s += " from='" + r.From.Format(time.RFC3339) + "'"
		}
		if !r.Until.IsZero() {
			s += " until='" + r.Until.Format(time.RFC3339) + "'"
		}
		s += "/>"
	}
	return s + "</authorization>"
}

func (h *house) hear(jid, device string, d *model.Device) {
	p := &roster.Presence{}
	if d != nil {
		p = &roster.Presence{Show: roster.ParseShow([]byte(d.Show)), Priority: int8(d.Priority), Status: []byte(d.Status), Idle: []byte(d.Idle)}
	}
	h.g.Hear([]byte(jid), []byte(device), p)
}

// attend is the server, and those whom it asks.
func (h *house) attend() {
	h.t.Helper()
	for {
		var events []outgoing
		h.note(func() { events, h.events = h.events, nil })
		if len(events) == 0 {
			return
		}
		for _, e := range events {
			h.outgoing(e)
		}
	}
}

func (h *house) outgoing(e outgoing) {
	h.t.Helper()
	ctx := context.Background()
	switch e.kind {
	case "wanted":
		ask, probe := h.g.Wants()
		for _, jid := range probe {
			h.outgoing(outgoing{kind: "probe", jid: jid})
		}
		h.must(h.g.Asked(ctx, ask))
		for _, jid := range ask {
			if h.no[jid] {
				h.must(h.g.OnUnsubscribed(ctx, jid))
			} else {
				h.must(h.g.OnSubscribed(ctx, jid))
			}
		}
		return
	case "probe": // nobody is told
		h.again = true
		for _, d := range h.w.devices[e.jid] {
			h.hear(e.jid, d.Name, &d)
		}
		return
	case "ended":
		delete(h.tables, tableKey(e.jid, e.node))
	case "unavailable", "unsubscribed":
		delete(h.tables, tableKey(e.jid, "contact"))
	}
	h.told[bare(e.jid)] = append(h.told[bare(e.jid)], fmt.Sprint(e))
}

// request puts a request of jid's to the group and returns the answer.
func (h *house) request(jid, typ, payload string) string {
	h.t.Helper()
	from := jid
	if !strings.Contains(jid, "/") {
		from += "/home"
	}
	h.asked++
	id := fmt.Sprint("q", h.asked)
	var in frame.Scanner
	in.Reset([]byte(payload))
	if !in.Next() {
		h.t.Fatalf("%s is no element", payload)
	}
	q := &pubsub.Request{Set: typ == "set", From: from, To: team, Group: h.w.m.Name, ID: id,
		Space: string(in.NS()), Local: string(in.Local()), Payload: []byte(payload)}
	answer := string(h.service.Handle(context.Background(), nil, q))
	if answer == "" {
		h.settle()
		answer = h.answers[from+" "+id]
	}
	if answer == "" {
		h.t.Fatalf("%s is not answered: %s", from, payload)
	}
	return answer
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
			return true
		}
		h.must(err)
		h.take(string(raw))
	}
}

var (
	address  = regexp.MustCompile(`^<(\w+)[^>]*? to='([^']*)'`)
	idOf     = regexp.MustCompile(`^<iq[^>]*? id='([^']*)'`)
	nodeOf   = regexp.MustCompile(`<items node='` + ns + `#(\w+)'>`)
	itemsOf  = regexp.MustCompile(`(?s)<items node='[^']*'>(.*)</items>`)
	itemOf   = regexp.MustCompile(`(?s)<item id='([^']*)'>.*?</item>|<retract id='([^']*)'/>`)
	stateOf  = regexp.MustCompile(`<state xmlns='` + ns + `'(?: from='([^']*)')? to='([^']*)'( full='true')?(?: part='(\d+)/(\d+)')?/>`)
	lastOf   = regexp.MustCompile(`<last>([^<]*)</last>`)
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
	to := plain(at[2])
	h.told[bare(to)] = append(h.told[bare(to)], raw)
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
	if want := h.w.view(s)["line"]; line[1] != want {
		h.t.Fatalf("%s is shown\n\t%s\nbut may see\n\t%s", to, line[1], want)
	}
	if to == s.jid {
		h.tables[key].items["line"] = line[1]
	}
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

func pubsubXML(inner string) string {
	return "<pubsub xmlns='http://jabber.org/protocol/pubsub'>" + inner + "</pubsub>"
}

func nodeAndJID(a act) string {
	return "node='" + ns + "#" + a.node + "' jid='" + model.Attr(a.jid) + "'"
}

// subscribes wants the receiving policy in its text form; with "-" it says
// nothing of it.
func (h *house) subscribes(jid, node, wants string) string {
	h.t.Helper()
	options := ""
	if wants != "-" {
		options = "<options>" + form(wants) + "</options>"
	}
	return h.request(jid, "set", pubsubXML("<subscribe "+nodeAndJID(act{jid: jid, node: node})+"/>"+options))
}

// form is a receiving policy as the form says it.
func form(text string) string {
	r := receiving(text)
	field := func(name string, values ...string) string {
		s := "<field var='" + name + "'>"
		for _, v := range values {
			s += "<value>" + model.Text(v) + "</value>"
		}
		return s + "</field>"
	}
	return "<x xmlns='jabber:x:data' type='submit'>" +
		field("FORM_TYPE", "http://jabber.org/protocol/pubsub#subscribe_options") +
		field("pubsub#deliver", fmt.Sprint(!r.Refuse)) +
		field("{"+ns+"}members", r.Members...) +
		field("{"+ns+"}roles", r.Roles...) +
		field("{"+ns+"}same-role", fmt.Sprint(r.SameRole)) +
		field("{"+ns+"}attributes", r.Attributes...) + "</x>"
}

// items asks for all items of a node.
func (h *house) items(jid, node, more string) string {
	h.t.Helper()
	return h.request(jid, "get", pubsubXML("<items node='"+ns+"#"+node+"'/>"+more))
}

// rest lets everybody be heard of, gives the group its turns, and compares
// what each reader holds with what he may see.
func (h *house) rest() {
	h.t.Helper()
	for _, s := range h.w.subs {
		h.g.Alive(s.jid)
	}
	h.settle()
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

// agrees says yes to what is proposed.
func (h *house) agrees(jid string) error {
	p, err := h.g.Proposal(jid)
	if err != nil || p == nil {
		return errors.Join(errors.New("nothing is proposed"), err)
	}
	return h.g.Agree(context.Background(), jid, p.ID)
}
