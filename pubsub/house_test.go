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
// and heard as bytes, and the model of it. Whatever happens happens to both.
type house struct {
	t       rapid.TB
	r       *roster.Roster
	g       *roster.Group
	service *pubsub.Service
	m       *model.Group
	wants   map[string]*model.Receiving // by address and node, see tableKey
	devices map[string][]model.Device   // where people are, whoever may know
	denied  map[string]bool             // who does not give the group his presence
	tables  map[string]*table
	answers map[string]string // by address and id
	told    map[string][]string
	sent    []string // stanzas without a state, in short
	asked   int
	text    string // of the group policy

	mu     sync.Mutex // guards what the group's own alarm looks at
	time   time.Time
	ready  []*roster.Group
	events []outgoing
}

// outgoing is what the group wants of its server.
type outgoing struct {
	kind, jid, node string
}

// table is what a subscriber, or a contact, holds.
type table struct {
	owner, jid, node string
	items            map[string]string // by id
	token            string
	line             string // of a contact
	past             []memory
}

// memory is what somebody held under a token.
type memory struct {
	token string
	items map[string]string
}

func tableKey(jid, node string) string { return jid + " " + node }

func bare(jid string) string { return strings.Split(jid, "/")[0] }

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
	h := &house{t: t, m: m, time: firstDay, wants: map[string]*model.Receiving{}, devices: map[string][]model.Device{},
		denied: map[string]bool{}, tables: map[string]*table{}, answers: map[string]string{}, told: map[string][]string{}}
	h.r = roster.New(roster.Options{Store: store.Memory(), Outbox: h, Renderer: &pubsub.Renderer{Domain: domain},
		Now: h.now, Log: slog.New(slog.DiscardHandler)})
	h.service = &pubsub.Service{Roster: h.r, Domain: domain, Title: "Group presence"}
	rec := &roster.GroupRecord{Name: m.Name, Settings: h.settings()}
	for jid := range m.Members {
		rec.Members = append(rec.Members, h.record(jid))
	}
	h.must(h.r.CreateGroup(context.Background(), rec))
	h.g = h.r.Loaded([]byte(m.Name))
	h.attend()
	return h
}

// close ends the group, and with it its alarm.
func (h *house) close() { h.must(h.r.DeleteGroup(context.Background(), h.m.Name)) }

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// settings are the model's, as the roster has them.
func (h *house) settings() roster.Settings {
	p, err := roster.ParsePayload(h.m.Payload)
	h.must(err)
	return roster.Settings{Title: h.m.Title, Description: h.m.Description, Language: h.m.Language,
		Attributes: attributes(h.m.Attributes), Listed: h.m.Listed, Payload: p, Policy: h.text}
}

func attributes(all map[string]string) (list []roster.Attribute) {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, roster.Attribute{Name: name, Value: all[name]})
	}
	return list
}

func (h *house) record(jid string) roster.MemberRecord {
	m := h.m.Members[jid]
	return roster.MemberRecord{JID: jid, Nick: m.Nick, Roles: slices.Sorted(slices.Values(m.Roles)),
		Affiliation: roster.Plain, Attributes: attributes(m.Attributes)}
}

// update lets the group follow the model's settings.
func (h *house) update() error {
	err := h.r.UpdateGroup(context.Background(), h.m.Name, func(s *roster.Settings) error {
		*s = h.settings()
		return nil
	})
	h.attend()
	return err
}

func (h *house) joins(jid string, change func(*model.Member)) {
	h.t.Helper()
	change(h.m.Join(jid))
	h.must(h.r.AddMembers(context.Background(), h.m.Name, h.record(jid)))
	h.attend()
}

func (h *house) changes(jid string, change func(*model.Member)) {
	h.t.Helper()
	change(h.m.Members[jid])
	h.must(h.r.UpdateMember(context.Background(), h.m.Name, jid, func(m *roster.MemberRecord) error {
		*m = h.record(jid)
		return nil
	}))
	h.attend()
}

func (h *house) leaves(jid string) {
	h.t.Helper()
	h.m.Leave(jid)
	h.must(h.r.RemoveMember(context.Background(), h.m.Name, jid))
	h.attend()
}

// allows sets what jid lets others see; the error is the answer's.
func (h *house) allows(jid, text string) string {
	h.t.Helper()
	a, own := &model.Authorization{}, &policy.Authorization{Share: true}
	if text != "nothing" {
		for line := range strings.Lines(text) {
			h.must(a.AddLine(strings.TrimSpace(line)))
		}
		var err error
		own, err = policy.ParseAuthorization(text)
		h.must(err)
	}
	answer := h.ask(jid+"/desk", "set", authorizationXML(own))
	if !strings.Contains(answer, " type='error'") {
		h.m.Said[jid] = a
	}
	h.attend()
	return answer
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

// appears is a presence stanza of a device; nil means unavailable.
func (h *house) appears(jid, device string, d *model.Device) {
	rest := slices.DeleteFunc(slices.Clone(h.devices[jid]), func(x model.Device) bool { return x.Name == device })
	if d != nil {
		rest = append(rest, *d)
	}
	h.devices[jid] = rest
	h.hear(jid, device, d)
	h.follow()
}

func (h *house) hear(jid, device string, d *model.Device) {
	if h.denied[jid] {
		return
	}
	p := &roster.Presence{}
	if d != nil {
		p = &roster.Presence{Show: roster.ParseShow([]byte(d.Show)), Priority: int8(d.Priority), Status: []byte(d.Status), Idle: []byte(d.Idle)}
	}
	h.g.Hear([]byte(jid), []byte(device), p)
}

// follow lets the model have what people give the group.
func (h *house) follow() {
	for jid, m := range h.m.Members {
		m.Devices = nil
		if !h.denied[jid] {
			m.Devices = h.devices[jid]
		}
	}
}

// attend is the server, and those whom it asks.
func (h *house) attend() {
	h.t.Helper()
	ctx := context.Background()
	for {
		var events []outgoing
		h.note(func() { events, h.events = h.events, nil })
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			switch e.kind {
			case "wanted":
				ask, _ := h.g.Wants()
				h.must(h.g.Asked(ctx, ask))
				for _, jid := range ask {
					if h.denied[jid] {
						h.must(h.g.OnUnsubscribed(ctx, jid))
					} else {
						h.must(h.g.OnSubscribed(ctx, jid))
					}
				}
			case "probe":
				for _, d := range h.devices[e.jid] {
					h.hear(e.jid, d.Name, &d)
				}
			case "ended":
				delete(h.tables, tableKey(e.jid, e.node))
				delete(h.wants, tableKey(e.jid, e.node))
			case "unavailable", "unsubscribed":
				delete(h.tables, tableKey(e.jid, "contact"))
			}
			if e.kind != "wanted" {
				h.sent = append(h.sent, e.kind+" "+e.jid+" "+e.node)
			}
		}
	}
	h.follow()
}

// ask puts a request from a full address to the group and returns the answer.
func (h *house) ask(from, typ, payload string) string {
	h.t.Helper()
	h.asked++
	id := fmt.Sprint("q", h.asked)
	var st frame.Stanza
	if !frame.Parse([]byte(payload), &st) {
		h.t.Fatalf("%s is no element", payload)
	}
	var in frame.Scanner
	in.Reset([]byte(payload))
	if !in.Next() {
		h.t.Fatalf("%s is no element", payload)
	}
	q := &pubsub.Request{Set: typ == "set", From: from, To: team, Group: h.m.Name, ID: id,
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
	to := at[2]
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

// contact is the group's line in a contact list.
func (h *house) contact(to, raw string) {
	h.t.Helper()
	c, line := h.tables[tableKey(bare(to), "contact")], inside.FindStringSubmatch(raw)
	if c == nil || line == nil {
		h.t.Fatalf("nobody has the group as a contact there, or no line: %s", raw)
	}
	if want := h.m.Line(bare(to), h.now()); line[1] != want {
		h.t.Fatalf("%s is shown\n\t%s\nbut may see\n\t%s", to, line[1], want)
	}
	if to == c.jid {
		c.line = line[1]
	}
}

// event is one of a subscription. What it says must be true and may be seen at
// this moment, and leads from what the reader has to what he then has.
func (h *house) event(to, raw string) {
	h.t.Helper()
	node := nodeOf.FindStringSubmatch(raw)[1]
	c, state := h.tables[tableKey(to, node)], stateOf.FindStringSubmatch(raw)
	if c == nil || state == nil {
		h.t.Fatalf("nobody is subscribed there, or no state: %s", raw)
	}
	from, full := state[1], state[3] != ""
	first := state[4] == "" || state[4] == "1"
	if first && full {
		c.items = map[string]string{}
	} else if !full && from != c.token {
		h.t.Fatalf("%s of %s holds %s: %s", to, node, c.token, raw)
	}
	if ids := h.within(c, raw); !full && len(ids) == 0 && state[5] == "" {
		h.t.Fatalf("an event that says nothing: %s", raw)
	}
	apply(c.items, raw)
	if state[4] == state[5] {
		c.token = state[2]
		c.past = append(c.past, memory{c.token, maps.Clone(c.items)})
	}
}

// within looks whether all items are what the reader may see now, and in
// order. It returns their ids.
func (h *house) within(c *table, raw string) (ids []string) {
	h.t.Helper()
	now := h.view(c)
	body := itemsOf.FindStringSubmatch(raw)
	if body == nil {
		h.t.Fatalf("no items: %s", raw)
	}
	rest := body[1]
	for _, it := range itemOf.FindAllStringSubmatch(body[1], -1) {
		rest = strings.TrimPrefix(rest, it[0])
		id := it[1] + it[2]
		gone := it[2] != "" || strings.HasSuffix(it[0], goneMark)
		switch want, may := now[id]; {
		case gone && may:
			h.t.Fatalf("%s of %s loses %s, but may see\n\t%s", c.jid, c.node, id, want)
		case !gone && it[0] != want:
			h.t.Fatalf("%s of %s is told\n\t%s\nbut may see\n\t%s", c.jid, c.node, it[0], want)
		}
		ids = append(ids, id)
	}
	if rest != "" {
		h.t.Fatalf("something that is no item: %q in %s", rest, raw)
	}
	if !slices.IsSortedFunc(ids, func(a, b string) int { return strings.Compare(place(a), place(b)) }) {
		h.t.Fatalf("out of order: %s", raw)
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
			delete(items, it[1]+it[2])
		} else {
			items[it[1]] = it[0]
		}
	}
}

// view is what the model gives a table's owner.
func (h *house) view(c *table) map[string]string {
	wants := h.wants[tableKey(c.jid, c.node)]
	if wants == nil {
		wants = &model.Receiving{}
	}
	view := map[string]string{}
	for _, it := range h.m.Items(c.node, c.owner, wants, h.now()) {
		view[model.Attr(it.ID)] = it.XML
	}
	return view
}

// subscribes makes jid a subscriber of a node, wants his receiving policy in
// its text form; with "-" he says nothing of it. It returns the answer.
func (h *house) subscribes(from, jid, node, wants string) string {
	h.t.Helper()
	options := ""
	if wants != "-" {
		options = "<options>" + h.form(wants) + "</options>"
	}
	answer := h.ask(from, "set", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><subscribe node='"+ns+"#"+node+"' jid='"+model.Attr(jid)+"'/>"+options+"</pubsub>")
	if strings.Contains(answer, " type='error'") {
		return answer
	}
	key := tableKey(jid, node)
	if h.tables[key] == nil {
		h.tables[key] = &table{owner: bare(from), jid: jid, node: node, items: map[string]string{}}
	}
	if wants != "-" {
		h.wants[key] = h.receiving(wants)
	}
	h.attend()
	return answer
}

// configures changes the options of a subscription.
func (h *house) configures(from, jid, node, wants string) string {
	h.t.Helper()
	answer := h.ask(from, "set", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><options node='"+ns+"#"+node+"' jid='"+model.Attr(jid)+"'>"+h.form(wants)+"</options></pubsub>")
	if !strings.Contains(answer, " type='error'") {
		h.wants[tableKey(jid, node)] = h.receiving(wants)
	}
	return answer
}

func (h *house) receiving(text string) *model.Receiving {
	r := &model.Receiving{}
	for line := range strings.Lines(text) {
		h.must(r.AddLine(strings.TrimSpace(line)))
	}
	return r
}

// form is a receiving policy as the form says it.
func (h *house) form(text string) string {
	r := h.receiving(text)
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

// adds makes the group a contact of jid's.
func (h *house) adds(jid string) {
	h.t.Helper()
	key := tableKey(jid, "contact")
	if h.tables[key] == nil {
		h.tables[key] = &table{owner: jid, jid: jid, node: "contact"}
	}
	h.must(h.g.OnSubscribe(context.Background(), jid))
	h.attend()
}

// items asks for all items of a node.
func (h *house) items(from, node, more string) string {
	h.t.Helper()
	return h.ask(from, "get", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='"+ns+"#"+node+"'/>"+more+"</pubsub>")
}

// checkTable compares what a reader holds with what he may see.
func (h *house) checkTable(c *table) {
	h.t.Helper()
	if c.node == "contact" {
		if want := h.m.Line(c.owner, h.now()); c.line != want {
			h.t.Fatalf("%s has the line\n\t%s\nbut may see\n\t%s", c.jid, c.line, want)
		}
		return
	}
	if wants := h.wants[tableKey(c.jid, c.node)]; wants != nil && wants.Refuse {
		return
	}
	want := h.view(c)
	for _, id := range slices.Sorted(maps.Keys(want)) {
		if c.items[id] != want[id] {
			h.t.Fatalf("%s of %s holds\n\t%s\nbut may see\n\t%s", c.jid, c.node, c.items[id], want[id])
		}
	}
	for id, has := range c.items {
		if want[id] == "" {
			h.t.Fatalf("%s of %s still holds\n\t%s", c.jid, c.node, has)
		}
	}
}
