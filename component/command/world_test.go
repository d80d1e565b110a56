package command

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

const domain = "groups.example.org"

// world is a service over groups in memory, without a server.
type world struct {
	t   testing.TB
	s   *Service
	now time.Time

	mu    sync.Mutex
	ready []*roster.Group
	sent  []string // presence without state
	told  []roster.Notice
	lane  []byte // what was told the members
	full  bool   // nothing more can be sent
}

// tells takes what the members were told, by who was.
func (w *world) tells() map[string]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := map[string]string{}
	for _, st := range stanzas(w.t, w.lane) {
		name, _, _ := strings.Cut(attr(st, "to"), "@")
		all[name] += st
	}
	w.lane = nil
	return all
}

func (w *world) send(f func([]byte) []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.full {
		return false
	}
	w.lane = f(w.lane)
	return true
}

// notices takes what somebody was told about his membership.
func (w *world) notices(name string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, n := range w.told {
		if n.To == at(name) {
			all = append(all, string(w.s.Notice(nil, n)))
		}
	}
	w.told = nil
	return strings.Join(all, "\n")
}

func (w *world) Ready(g *roster.Group) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ready = append(w.ready, g)
}
func (w *world) Presence(group, to string, t roster.PresenceType) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, t.String()+" "+group+" "+to)
}
func (w *world) Wanted(*roster.Group)                    {}
func (w *world) Began(string, roster.SubscriptionRecord) {}
func (w *world) Gone(string, string, []string)           {}
func (w *world) Ended(string, roster.SubscriptionRecord) {}

func at(name string) string { return name + "@example.org" }

// newWorld has the unlisted group team of Ann (lead), Bob and Cid (admin), of
// whom Ann is busy and Cid away, and the listed one open of Bob alone.
func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)}
	now := func() time.Time { return w.now }
	r := roster.New(roster.Options{Store: store.Memory(), Outbox: w, Renderer: &pubsub.Renderer{Domain: domain}, Now: now,
		Admin:     func(jid string) bool { return jid == at("root") },
		MayCreate: func(jid string) bool { return jid == at("bob") },
		Notify: func(n roster.Notice) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.told = append(w.told, n)
		}})
	w.s = New(Config{Roster: r, Domain: domain, Title: "Group presence", Now: now, Send: w.send})
	for _, rec := range []*roster.GroupRecord{
		{Name: "open", Settings: roster.Settings{Listed: true}, Members: []roster.MemberRecord{member("bob")}},
		{Name: "team", Settings: roster.Settings{Title: "Team"}, Members: []roster.MemberRecord{member("ann", "lead"), member("bob"), member("cid")}},
	} {
		if rec.Name == "team" {
			rec.Members[2].Affiliation = roster.Admin
		}
		if err := r.CreateGroup(context.Background(), rec); err != nil {
			t.Fatal(err)
		}
	}
	w.hear("ann", roster.DND, "On a <call>")
	w.hear("cid", roster.Away, "")
	return w
}

func member(name string, roles ...string) roster.MemberRecord {
	return roster.MemberRecord{JID: at(name), Nick: strings.ToUpper(name[:1]) + name[1:], Roles: roles, Affiliation: roster.Plain, Ask: roster.Granted}
}

func (w *world) group(name string) *roster.Group {
	g, err := w.s.cfg.Roster.Group(context.Background(), name)
	if err != nil {
		w.t.Fatal(err)
	}
	return g
}

func (w *world) hear(name string, show roster.Show, status string) {
	w.group("team").Hear([]byte(at(name)), []byte("x"), &roster.Presence{Show: show, Status: []byte(status)})
}

// turns lets the groups say what they have to say, and returns what is for
// name's device.
func (w *world) turns(name string) string {
	var out []byte
	for {
		w.mu.Lock()
		if len(w.ready) == 0 {
			w.mu.Unlock()
			break
		}
		g := w.ready[0]
		w.ready = w.ready[1:]
		w.mu.Unlock()
		for more := true; more; {
			out, more = g.Turn(out, 1<<16)
		}
	}
	for _, st := range stanzas(w.t, out) {
		if strings.Contains(st, " to='"+at(name)+"/desk'") {
			return st
		}
	}
	return ""
}

// stanzas cuts what was sent.
func stanzas(t testing.TB, b []byte) (all []string) {
	t.Helper()
	in := frame.NewReader(strings.NewReader(string(b)), 1<<18, 100)
	for {
		raw, err := in.Next()
		if err != nil {
			return all
		}
		if err := xml.Unmarshal(raw, new(struct{ XMLName xml.Name })); err != nil {
			t.Fatalf("sent what is no XML: %v\n%s", err, raw)
		}
		all = append(all, string(raw))
	}
}

// asks sends an iq set with payload from name's device and returns the answer.
func (w *world) asks(name, to, payload string) string {
	w.t.Helper()
	return w.iq(name, to, "set", payload)
}

func (w *world) iq(name, to, typ, payload string) string {
	w.t.Helper()
	group, _, ok := strings.Cut(to, "@")
	if !ok {
		group = ""
	}
	var el struct{ XMLName xml.Name }
	if err := xml.Unmarshal([]byte(payload), &el); err != nil {
		w.t.Fatal(err)
	}
	q := &pubsub.Request{Set: typ == "set", From: at(name) + "/desk", To: to, Group: group, ID: "q", Lang: "en",
		Space: el.XMLName.Space, Local: el.XMLName.Local, Payload: []byte(payload)}
	var out []byte
	if w.s.Handles(q) {
		out = w.s.Handle(context.Background(), nil, q)
	} else {
		out = (&pubsub.Service{Roster: w.s.cfg.Roster, Domain: domain}).Handle(context.Background(), nil, q)
	}
	if len(out) == 0 {
		return w.turns(name)
	}
	all := stanzas(w.t, out)
	if len(all) != 1 {
		w.t.Fatalf("%d answers: %s", len(all), out)
	}
	return all[0]
}

// command begins or continues a command.
func (w *world) command(name, to, word, attrs, inner string) string {
	w.t.Helper()
	return w.asks(name, to, fmt.Sprintf("<command xmlns='%s' node='%s#%s'%s>%s</command>", NS, pubsub.NS, word, attrs, inner))
}

// submit fills in a form; fields are "name=value".
func submit(fields ...string) string {
	var b strings.Builder
	b.WriteString("<x xmlns='jabber:x:data' type='submit'>")
	for i := 0; i < len(fields); i++ {
		name, value, _ := strings.Cut(fields[i], "=")
		fmt.Fprintf(&b, "<field var='%s'>", name)
		for _, v := range strings.Split(value, "|") {
			b.WriteString("<value>" + string(frame.AppendText(nil, v)) + "</value>")
		}
		b.WriteString("</field>")
	}
	return b.String() + "</x>"
}

// says writes a chat line and returns the text of the answer.
func (w *world) says(name, to, body string) string {
	w.t.Helper()
	return w.writes(&Message{From: at(name) + "/desk", To: to, Body: body})
}

func (w *world) writes(m *Message) string {
	w.t.Helper()
	if local, _, ok := strings.Cut(m.To, "@"); ok {
		m.Group = local
	}
	out, err := w.s.Chat(context.Background(), nil, m)
	if err != nil {
		if !errors.Is(err, roster.ErrNoGroup) {
			w.t.Fatal(err)
		}
		return "nobody"
	}
	st := string(out)
	if len(out) == 0 {
		name, _, _ := strings.Cut(m.From, "@")
		st = w.turns(name)
	}
	if st == "" {
		return ""
	}
	var msg struct {
		Type string `xml:"type,attr"`
		To   string `xml:"to,attr"`
		From string `xml:"from,attr"`
		Body string `xml:"body"`
	}
	if err := xml.Unmarshal([]byte(st), &msg); err != nil || msg.Type != "chat" || msg.To != m.From || msg.From != m.To {
		w.t.Fatalf("%v: %s", err, st)
	}
	return msg.Body
}

// attr finds the value of an attribute.
func attr(st, name string) string {
	_, rest, _ := strings.Cut(st, " "+name+"='")
	v, _, _ := strings.Cut(rest, "'")
	return v
}
