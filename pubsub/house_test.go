package pubsub_test

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"pgregory.net/rapid"

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
	badges  map[string]string // by title
	asked   int
	text    string // of the group policy
	again   bool   // see look
	servers servers

	mu     sync.Mutex // guards what the group's own alarm looks at
	time   time.Time
	ready  []*roster.Group
	events []outgoing
}

// Ready and the others are what the roster asks of its outbox.
func (h *house) Ready(g *roster.Group) { h.note(func() { h.ready = append(h.ready, g) }) }

func (h *house) Presence(_, to string, t roster.PresenceType) {
	h.note(func() { h.events = append(h.events, outgoing{t.String(), to, ""}) })
}

func (h *house) Wanted(*roster.Group) {
	h.note(func() { h.events = append(h.events, outgoing{kind: "wanted"}) })
}

func (h *house) Began(_ string, s roster.SubscriptionRecord) {
	h.note(func() { h.events = append(h.events, outgoing{"began", s.JID, s.Node}) })
}

func (h *house) Gone(string, string, []string) {}

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
	return newHouseBy(t, m, "own")
}

// newHouseBy is newHouse for a group whose words leave that way.
func newHouseBy(t rapid.TB, m *model.Group, way string) *house {
	t.Helper()
	h := &house{servers: servers{way: way}, t: t, time: firstDay, no: map[string]bool{}, tables: map[string]*table{}, answers: map[string]string{}, told: map[string][]string{}, badges: map[string]string{},
		w: &truth{m: m, time: firstDay, subs: map[string]sub{}, devices: map[string][]model.Device{}, given: map[string]bool{}, published: map[string]map[string]string{}}}
	h.r = roster.New(h.servers.options(roster.Options{Store: store.Memory(), Outbox: h, Renderer: &pubsub.Renderer{Domain: domain, PubSub: h.servers.service()},
		Now: h.now, Log: slog.New(slog.DiscardHandler)}))
	if way == "multicast" {
		h.r.SetMulticast(roster.Multicast{Service: copiesOf, Domain: "a.example", Messages: 20, Presences: 20})
	}
	h.service = &pubsub.Service{Roster: h.r, Domain: domain, Title: "Group presence", PubSub: h.servers.service()}
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

// pull reads what the group wants read at people's servers: no more than it may.
func (h *house) pull() {
	h.t.Helper()
	for jid := range h.w.published {
		wants := h.g.Interest(jid)
		if want := h.w.interest(jid); wants != want {
			h.t.Fatalf("wants %s of %s, not %s", wants, jid, want)
		}
		kinds := h.g.Pull(jid)
		if kinds&^wants != 0 {
			h.t.Fatalf("reads %s of %s, but wants %s", kinds, jid, wants)
		}
		for word, text := range h.w.published[jid] {
			if kind, err := policy.ParseMask(word); err == nil && kinds.Has(kind) {
				h.g.HearItem(jid, kind, []byte(text))
			}
		}
	}
}

// on lets a happen to the real group.
func (h *house) on(a act) string {
	h.t.Helper()
	ctx, g, name := context.Background(), h.g, h.w.m.Name
	switch a.kind {
	case "appears":
		h.hear(a.jid, a.name, a.device, false)
	case "connects":
		return condition(h.request(a.jid, "set", "<connection xmlns='"+ns+"' jid='"+model.Attr(a.jid+"/"+a.name)+"' state='"+a.text+"'/>"))
	case "combines":
		return condition(h.request(a.jid, "set", "<combination xmlns='"+ns+"' by='"+a.text+"'/>"))
	case "publishes": // the server may tell of it unasked
		kind, err := policy.ParseMask(a.name)
		h.must(err)
		g.HearItem(a.jid, kind, []byte(a.text))
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
		return condition(h.agrees(a.jid))
	case "subscribes":
		if _, known := h.w.subs[tableKey(a.jid, a.node)]; known {
			a.text = "-" // with others it would be one more
		}
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
			h.hear(jid, d.Name, &d, true)
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
	h.pull()
	for key := range h.w.subs {
		if h.tables[key] == nil {
			h.tables[key] = &table{items: map[string]string{}, dirty: map[string]bool{}}
		}
	}
	h.look()
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

// look shows every reader what he may see now.
func (h *house) look() {
	for key, s := range h.w.subs {
		if c := h.tables[key]; c != nil {
			c.look(h.w.view(s), h.again)
		}
	}
}
