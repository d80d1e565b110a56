package roster_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// quietOutbox counts who is asked for his presence.
type quietOutbox struct{ subscribed map[string]int }

func (o *quietOutbox) Ready(*roster.Group)                     {}
func (o *quietOutbox) Wanted(*roster.Group)                    {}
func (o *quietOutbox) Began(string, roster.SubscriptionRecord) {}
func (o *quietOutbox) Gone(string, string, []string)           {}
func (o *quietOutbox) Ended(string, roster.SubscriptionRecord) {}
func (o *quietOutbox) Presence(group, to string, t roster.PresenceType) {
	if t == roster.Subscribe {
		o.subscribed[group+" "+to]++
	}
}

// origins is a roster whose presence comes from somewhere.
type origins struct {
	t   testing.TB
	ctx context.Context
	r   *roster.Roster
	out *quietOutbox
}

func newOrigins(t testing.TB, o roster.Origin, taken func(string) bool) *origins {
	x := &origins{t: t, ctx: context.Background(), out: &quietOutbox{subscribed: map[string]int{}}}
	x.r = roster.New(roster.Options{Store: store.Memory(), Outbox: x.out, Renderer: &pubsub.Renderer{Domain: "groups.example.org"},
		Origin: o, Ours: func(jid string) bool { return strings.HasSuffix(jid, "@example.org") }, Taken: taken})
	x.r.Complete()
	return x
}

func (x *origins) must(err error) {
	x.t.Helper()
	if err != nil {
		x.t.Fatal(err)
	}
}

func (x *origins) group(name string, members ...string) *roster.Group {
	x.t.Helper()
	rec := &roster.GroupRecord{Name: name}
	for _, m := range append(members, "watcher@elsewhere.example") {
		rec.Members = append(rec.Members, roster.MemberRecord{JID: m, Affiliation: roster.Plain})
	}
	x.must(x.r.CreateGroup(x.ctx, rec))
	g, err := x.r.Group(x.ctx, name)
	x.must(err)
	x.attend(g)
	return g
}

// attend does what a component does for a group; it returns who is asked.
func (x *origins) attend(g *roster.Group) []string {
	g.Recall()
	ask, _ := g.Wants()
	x.must(g.Asked(x.ctx, ask))
	for range g.Doubtful() {
	}
	g.Swept(false)
	return ask
}

// tells is the server's word.
func (x *origins) tells(jid, resource string, show roster.Show, status string) {
	x.r.HearServer([]byte(jid), []byte(resource), &roster.Presence{Show: show, Status: []byte(status)}, func(g *roster.Group) {
		g.Hear([]byte(jid), []byte(resource), &roster.Presence{Show: show, Status: []byte(status)})
	})
}

// sees is what another member of g is shown of jid: "", or his show and status.
func (x *origins) sees(g *roster.Group, jid string) string {
	x.t.Helper()
	var text string
	q := &roster.Question{Node: roster.NodePresence, Watcher: "watcher@elsewhere.example", To: "watcher@elsewhere.example/x", ID: "q", Max: -1, Index: -1, IDs: []string{jid},
		Into: func(b []byte) { text = string(b) }}
	x.must(g.Ask(q))
	g.Turn(nil, 1<<20)
	_, rest, ok := strings.Cut(text, "<presence xmlns='jabber:client'>")
	if !ok {
		return ""
	}
	inner, _, _ := strings.Cut(rest, "</presence>")
	return "there " + inner
}

const ann, bob, away = "ann@example.org", "bob@example.org", "dan@elsewhere.example"

// Where the server tells, nobody of its own is asked; what he says is shown as
// far as his policies let it be, in all his groups, and nothing else is held.
func TestOriginServer(t *testing.T) {
	x := newOrigins(t, roster.FromServer, nil)
	x.tells(ann, "phone", roster.Away, "before")
	team := x.group("team", ann, bob, away)
	if got := x.sees(team, ann); got != "there " {
		t.Errorf("of who was in no group more is held than that she is there: %q", got)
	}
	x.tells(ann, "phone", roster.DND, "busy")
	crew := x.group("crew", ann)
	for _, g := range []*roster.Group{team, crew} {
		if got := x.sees(g, ann); got != "there <show>dnd</show><status>busy</status>" {
			t.Errorf("%s: %q", g.Name(), got)
		}
	}
	if ask := x.attend(team); len(ask) > 0 {
		t.Errorf("asked %q", ask)
	}
	if m, err := team.Member(away); err != nil || m.Ask != roster.Asked {
		t.Errorf("who is elsewhere is %v, %v", m, err)
	}
	x.must(team.Authorize(x.ctx, ann, &policy.Authorization{}))
	if x.sees(team, ann) != "" || x.sees(crew, ann) == "" {
		t.Error("one group's policy is another's")
	}
	x.must(crew.Authorize(x.ctx, ann, &policy.Authorization{}))
	x.tells(ann, "phone", roster.Online, "SECRET")
	for _, g := range []*roster.Group{team, crew} {
		if held := roster.Held(g, ann); held != "" {
			t.Errorf("%s holds %s of who refuses", g.Name(), held)
		}
	}
	if held := roster.CensusHolds(x.r, ann); held != "" {
		t.Errorf("%s is held of who refuses", held)
	}
	x.tells(bob, "desk", roster.Online, "SECRET")
	x.must(team.OnUnsubscribed(x.ctx, bob))
	if held := roster.CensusHolds(x.r, bob); held != "" {
		t.Errorf("%s is held of who has said no just now", held)
	}
	x.tells(bob, "desk", roster.Online, "")
	if x.sees(team, bob) != "" {
		t.Error("who said no is heard")
	}
	x.must(team.Authorize(x.ctx, bob, nil))
	x.tells(away, "spoof", roster.Online, "")
	if x.sees(team, away) != "" {
		t.Error("the server tells of who is not its own")
	}
}

// A connection that ends without a word is ended by the next one: who is not
// mentioned before it says that this was all is gone.
func TestOriginReattached(t *testing.T) {
	x := newOrigins(t, roster.FromServer, nil)
	team := x.group("team", ann, bob)
	x.tells(ann, "phone", roster.Online, "")
	x.tells(bob, "desk", roster.Online, "")
	x.r.Attached()
	team.Lost()
	x.tells(bob, "desk", roster.Online, "")
	team.Recall()
	x.r.Mustered()
	x.attend(team)
	if x.sees(team, ann) != "" || x.sees(team, bob) == "" {
		t.Errorf("ann %q, bob %q", x.sees(team, ann), x.sees(team, bob))
	}
	crew := x.group("crew", ann)
	if x.sees(crew, ann) != "" {
		t.Error("a ghost in a new group")
	}
	x.r.Estranged()
	if x.sees(team, bob) != "" || roster.CensusHolds(x.r, bob) != "" {
		t.Error("what the server does not tell any more stays")
	}
}

// Where the subscription is the truth, the server's word only takes away.
func TestOriginBoth(t *testing.T) {
	x := newOrigins(t, roster.FromBoth, nil)
	team := x.group("team", ann)
	x.tells(ann, "phone", roster.Online, "")
	if x.sees(team, ann) != "" {
		t.Error("she has not said yes")
	}
	x.must(team.OnSubscribed(x.ctx, ann))
	x.tells(ann, "phone", roster.Online, "SECRET")
	if x.sees(team, ann) != "" {
		t.Error("she may have blocked us")
	}
	team.Hear([]byte(ann), []byte("phone"), &roster.Presence{Show: roster.Away})
	if x.sees(team, ann) == "" {
		t.Fatal("she is not there")
	}
	x.tells(ann, "phone", roster.Offline, "")
	if x.sees(team, ann) != "" {
		t.Error("the end of a device is not believed")
	}
	x.r.Attached()
	team.Lost()
	x.r.Mustered()
	if _, probe := team.Wants(); len(probe) > 0 {
		t.Errorf("probed %q, who the server says is not there", probe)
	}
}

// Whatever happens in whatever order: nobody is shown whom his policy, his no or
// his server says not to be there; and when everybody has said how he is, all
// who may be shown are.
func TestOriginsRandomly(t *testing.T) {
	for _, o := range []roster.Origin{roster.FromSubscription, roster.FromServer, roster.FromBoth} {
		for seed := range uint64(15) {
			originsRandomly(t, o, rand.New(rand.NewPCG(seed, uint64(o))))
		}
	}
}

// isTold lets g hear how a member is by who may tell, and lies by who may not.
func isTold(g *roster.Group, m *roster.MemberRecord, p *roster.Presence) {
	jid := m.JID
	told := &roster.Told{}
	if p.Show != roster.Offline {
		told.Devices = []roster.ToldDevice{{Resource: "r", Presence: *p}}
	}
	lie := roster.Presence{Show: roster.Chat, Status: []byte("lie")}
	spoof := &roster.Told{Devices: []roster.ToldDevice{{Resource: "spoof", Presence: lie}}}
	switch taken := strings.HasSuffix(jid, "@taken.example"); {
	case m.Ask == roster.Granted:
		g.Hear([]byte(jid), []byte("r"), p)
		g.HearTold(jid, spoof)
	case taken:
		g.HearTold(jid, told)
		g.Hear([]byte(jid), []byte("spoof"), &lie)
	default:
		g.HearTold(jid, spoof)
	}
}

func originsRandomly(t *testing.T, o roster.Origin, random *rand.Rand) {
	t.Helper()
	x := newOrigins(t, o, func(jid string) bool { return strings.HasSuffix(jid, "@taken.example") })
	people := []string{ann, bob, away, "tim@taken.example"}
	groups := []*roster.Group{x.group("one", people...), x.group("two", ann, away)}
	online := map[string]string{} // what each shows: the truth
	shares, in, refused := map[string]bool{}, map[string]bool{}, map[string]bool{}
	at := func(g *roster.Group, jid string) string { return g.Name() + " " + jid }
	for _, g := range groups {
		for _, jid := range people {
			_, err := g.Member(jid)
			in[at(g, jid)], shares[at(g, jid)] = err == nil, true
		}
	}
	say := func(jid string) { // as server, subscription and peer do
		p := &roster.Presence{Show: roster.Offline}
		if s, there := online[jid]; there {
			p = &roster.Presence{Show: roster.Away, Status: []byte(s)}
		}
		x.tells(jid, "r", p.Show, string(p.Status))
		for _, g := range groups {
			m, err := g.Member(jid)
			if err != nil {
				continue
			}
			isTold(g, m, p)
			if m.Ask == roster.Granted || strings.HasSuffix(jid, "@taken.example") {
				continue
			}
			if p.Show != roster.Offline && random.IntN(4) == 0 && !(o == roster.FromServer && strings.HasSuffix(jid, "@example.org")) {
				g.Hear([]byte(jid), []byte("spoof"), p) // nobody asked for that
			}
		}
	}
	check := func(settled bool) {
		t.Helper()
		for _, g := range groups {
			for _, jid := range people {
				got := x.sees(g, jid)
				m, err := g.Member(jid)
				lent := o == roster.FromServer && strings.HasSuffix(jid, "@example.org") || strings.HasSuffix(jid, "@taken.example")
				given := err == nil && (m.Ask == roster.Granted || lent && m.Ask != roster.Refused)
				s, there := online[jid]
				may := given && there && in[at(g, jid)] && shares[at(g, jid)]
				if got != "" && (!may || !strings.Contains(got, s)) && !(got == "there " && may) {
					t.Fatalf("%s: %s shows %q of %s: given %v, there %v, shares %v", o, g.Name(), got, jid, given, there, shares[at(g, jid)])
				}
				if settled && may && got == "" {
					t.Fatalf("%s: %s does not show %s", o, g.Name(), jid)
				}
				if held := roster.Held(g, jid); held != "" && !may {
					t.Fatalf("%s: %s holds %q of %s", o, g.Name(), held, jid)
				}
			}
		}
	}
	for range 60 {
		g, jid := groups[random.IntN(2)], people[random.IntN(len(people))]
		switch random.IntN(9) {
		case 0, 1:
			online[jid] = fmt.Sprint("status", random.IntN(3))
			say(jid)
		case 2:
			delete(online, jid)
			say(jid)
		case 3:
			share := random.IntN(2) == 0
			if g.Authorize(x.ctx, jid, map[bool]*policy.Authorization{false: {}, true: nil}[share]) == nil {
				shares[at(g, jid)] = share
			}
		case 4:
			_ = g.OnSubscribed(x.ctx, jid)
		case 5:
			g.Approves(jid, false)
			_ = g.OnUnsubscribed(x.ctx, jid)
			refused[at(g, jid)] = true
		case 6:
			_ = g.OnSubscribe(x.ctx, jid)
		case 7:
			if x.r.RemoveMember(x.ctx, g.Name(), jid) == nil {
				in[at(g, jid)] = false
			} else if x.r.AddMembers(x.ctx, g.Name(), roster.MemberRecord{JID: jid, Affiliation: roster.Plain}) == nil {
				in[at(g, jid)], shares[at(g, jid)] = true, true
			}
		case 8: // the link is lost, and what happens meanwhile nobody tells
			delete(online, jid)
			x.r.Attached()
			for _, g := range groups {
				g.Lost()
			}
			for jid := range online {
				say(jid)
			}
			x.r.Mustered()
		}
		for _, g := range groups {
			x.attend(g)
		}
		check(false)
	}
	for _, jid := range people {
		say(jid)
	}
	check(true)
}

// A thousand groups of a hundred: what the index costs, and a word of somebody
// who is in many.
func TestOriginBytes(t *testing.T) {
	size := func(o roster.Origin) (bytes uint64) {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		x := newOrigins(t, o, nil)
		for i := range 200 {
			var members []string
			for j := range 100 {
				members = append(members, fmt.Sprintf("user%d@example.org", (i*50+j)%10_000))
			}
			rec := &roster.GroupRecord{Name: fmt.Sprint("g", i)}
			for _, m := range members {
				rec.Members = append(rec.Members, roster.MemberRecord{JID: m, Affiliation: roster.Plain, Ask: roster.Granted})
			}
			x.must(x.r.CreateGroup(x.ctx, rec))
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(x)
		return after.HeapAlloc - before.HeapAlloc
	}
	size(roster.FromSubscription) // what is made once
	without, with := size(roster.FromSubscription), size(roster.FromBoth)
	each := (int64(with) - int64(without)) / 20_000
	t.Logf("%d bytes a member in the index", each)
	if each > 200 {
		t.Errorf("%d bytes a member", each)
	}
}
