package roster_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// mover is a service that starts again and again on the same disk, each time
// with presence from somewhere else, and with groups that somebody else keeps.
type mover struct {
	*origins
	disk   roster.Store
	origin roster.Origin
	peer   bool // a peer tells of the server's users

	online map[string]string          // the truth: who is there, and what he shows
	said   map[string]map[string]bool // by group: who shares; who is not in it has not said
	asked  map[string]int             // by group and member, since he last said no, or that he may be asked
	no     map[string]bool            // by group and member: he declined, and has not taken it back
}

func newMover(t testing.TB) *mover {
	return &mover{disk: store.Memory(), origins: &origins{t: t, ctx: t.Context()}, online: map[string]string{}, said: map[string]map[string]bool{},
		asked: map[string]int{}, no: map[string]bool{}}
}

// begin starts the service.
func (x *mover) begin(o roster.Origin, peer bool) {
	x.t.Helper()
	x.origin, x.peer = o, peer
	ours := func(jid string) bool { return strings.HasSuffix(jid, "@example.org") }
	x.out = &quietOutbox{subscribed: map[string]int{}}
	opts := roster.Options{Store: x.disk, Outbox: x.out, Renderer: &pubsub.Renderer{Domain: "groups.example.org"}, Origin: o, Ours: ours}
	if peer {
		opts.Taken = ours
	}
	x.r = roster.New(opts)
	names, err := x.r.ListGroups(x.ctx)
	x.must(err)
	for _, name := range names {
		_, err := x.r.Group(x.ctx, name)
		x.must(err)
	}
	x.r.Complete()
	x.r.Attached()
	for jid := range x.online {
		x.speak(jid)
	}
	x.r.Mustered()
	x.tour()
}

// speak lets everybody tell how somebody is who does by this configuration.
func (x *mover) speak(jid string) {
	status, there := x.online[jid]
	p := roster.Presence{}
	if there {
		p = roster.Presence{Show: roster.Away, Status: []byte(status)}
	}
	x.tells(jid, "r", p.Show, status)
	for _, g := range x.r.All() {
		m, err := g.Member(jid)
		if err != nil {
			continue
		}
		if m.Ask == roster.Granted {
			g.Hear([]byte(jid), []byte("r"), &p)
		}
		told := &roster.Told{}
		if there {
			told.Devices = []roster.ToldDevice{{Resource: "r", Presence: p}}
		}
		if wanted, _, _ := g.Borrowed(func(j string) bool { return j == jid }); len(wanted) > 0 {
			g.HearTold(jid, told)
		} else {
			g.HearTold(jid, &roster.Told{Devices: []roster.ToldDevice{{Resource: "lie", Presence: roster.Presence{Show: roster.Chat, Status: []byte("lie")}}}})
		}
	}
}

// tour attends to all groups: nobody is asked who need not, or said no, or was
// asked before.
func (x *mover) tour() {
	x.t.Helper()
	for _, g := range x.r.All() {
		for _, jid := range x.attend(g) {
			at := g.Name() + " " + jid
			ours := strings.HasSuffix(jid, "@example.org")
			if x.asked[at]++; x.asked[at] > 1 || x.no[at] || ours && (x.peer || x.origin == roster.FromServer) {
				x.t.Fatalf("%s (peer %v): %s is asked: %d times, said no %v", x.origin, x.peer, at, x.asked[at], x.no[at])
			}
		}
	}
}

// check looks at everybody: settled says that all have spoken.
func (x *mover) check(people []string, settled bool) {
	x.t.Helper()
	for _, g := range x.r.All() {
		for _, jid := range people {
			m, err := g.Member(jid)
			lent := strings.HasSuffix(jid, "@example.org") && (x.peer || x.origin == roster.FromServer)
			status, there := x.online[jid]
			shares, own := x.said[g.Name()][jid]
			may := err == nil && there && (shares || !own) && (m.Ask == roster.Granted || lent && m.Ask != roster.Refused)
			got := x.sees(g, jid)
			if got != "" && (!may || got != "there " && !strings.Contains(got, status)) {
				x.t.Fatalf("%s (peer %v): %s shows %q of %s, who is %v, there %v, shares %v", x.origin, x.peer, g.Name(), got, jid, m.Ask, there, shares || !own)
			}
			if settled && may && got == "" {
				x.t.Fatalf("%s (peer %v): %s does not show %s", x.origin, x.peer, g.Name(), jid)
			}
			if held := roster.Held(g, jid); held != "" && !may {
				x.t.Fatalf("%s (peer %v): %s holds %q of %s", x.origin, x.peer, g.Name(), held, jid)
			}
		}
	}
}

// kept is everything of a group but who keeps it.
func (x *mover) kept(name string) string {
	rec, err := x.r.ExportGroup(x.ctx, name)
	x.must(err)
	rec.Source = ""
	return fmt.Sprintf("%+v", rec)
}

// Wherever presence came from before, and whoever kept the groups: nothing is
// lost by a move but what the new source says otherwise, nobody is shown who did
// not allow it, or asked who was asked or need not be.
func TestMoves(t *testing.T) {
	for seed := range uint64(60) {
		moves(t, rand.New(rand.NewPCG(seed, 11)))
	}
}

func moves(t *testing.T, random *rand.Rand) {
	t.Helper()
	x := newMover(t)
	people := []string{ann, bob, away}
	x.begin(roster.FromSubscription, false)
	x.group("team", people...)
	x.said["team"] = map[string]bool{}
	for _, jid := range people {
		if m, err := x.r.Loaded([]byte("team")).Member(jid); err == nil && m.Ask == roster.Asked {
			x.asked["team "+jid]++
		}
	}
	team := x.team
	allowed := func(jid string) { // he may be asked once more
		x.asked["team "+jid], x.no["team "+jid] = 0, false
	}
	for range 80 {
		jid := people[random.IntN(len(people))]
		at := "team " + jid
		switch random.IntN(10) {
		case 0, 1:
			x.online[jid] = fmt.Sprint("status", random.IntN(3))
			x.speak(jid)
		case 2:
			delete(x.online, jid)
			x.speak(jid)
		case 3:
			share := random.IntN(2) == 0
			if err := team().Authorize(x.ctx, jid, &policy.Authorization{Share: share, Rules: map[bool][]policy.Rule{true: {{Attributes: policy.Availability | policy.Status}}}[share]}); err == nil {
				x.said["team"][jid] = share
				if m, err := team().Member(jid); err == nil && m.Ask == roster.Unasked { // given back, or never asked
					x.asked[at] = 0
				}
			}
		case 4:
			if m, err := team().Member(jid); err == nil && m.Ask == roster.Asked {
				x.must(team().OnSubscribed(x.ctx, jid))
				x.speak(jid)
			}
		case 5:
			if m, err := team().Member(jid); err == nil && (m.Ask == roster.Asked || m.Ask == roster.Granted) {
				team().Approves(jid, false)
				x.must(team().OnUnsubscribed(x.ctx, jid))
				x.no[at] = true
			}
		case 6: // adds the group as a contact: he may be asked again
			x.must(team().OnSubscribe(x.ctx, jid))
			if m, err := team().Member(jid); err == nil && m.Ask == roster.Unasked {
				allowed(jid)
			}
		case 7, 8: // another configuration
			before := x.kept("team")
			x.begin(roster.Origin(random.IntN(3)), random.IntN(2) == 0)
			if after := x.kept("team"); after != before && !x.askedSince(before, after) {
				t.Fatalf("before\n%s\nafter\n%s", before, after)
			}
			for jid := range x.online {
				x.speak(jid)
			}
		case 9: // another source
			x.hands(random, people)
		}
		x.tour()
		x.check(people, false)
	}
	for _, jid := range people {
		x.speak(jid)
	}
	x.check(people, true)
}

func (x *mover) team() *roster.Group { return x.r.Loaded([]byte("team")) }

// hands gives the group to another source, which has the same list or another.
func (x *mover) hands(random *rand.Rand, people []string) {
	x.t.Helper()
	before, source, team := x.kept("team"), keepers[random.IntN(len(keepers))], x.team()
	if team.Source() != "" {
		x.must(x.r.Release(x.ctx, "", "team"))
	}
	x.must(x.r.Adopt(x.ctx, "", "team", source))
	if after := x.kept("team"); after != before {
		x.t.Fatalf("before\n%s\nafter\n%s", before, after)
	}
	was := slices.DeleteFunc(slices.Clone(people), func(jid string) bool { return team.Power(jid) < roster.Plain })
	now := was
	if random.IntN(2) == 0 {
		now = slices.DeleteFunc(slices.Clone(people), func(string) bool { return random.IntN(4) == 0 })
	}
	b := &roster.Basic{Name: "team", Members: []roster.BasicMember{{JID: "watcher@elsewhere.example"}}}
	for _, jid := range now {
		b.Members = append(b.Members, roster.BasicMember{JID: jid})
	}
	changed, err := x.r.Mirror(x.ctx, source, b)
	if x.must(err); slices.Equal(was, now) && (changed || x.kept("team") != before) {
		x.t.Fatalf("the same list changes\n%s\nto\n%s", before, x.kept("team"))
	}
	for _, jid := range now {
		at := "team " + jid
		switch {
		case slices.Contains(was, jid):
		case x.no[at]: // who had declined shares nothing when the list has him again
			x.said["team"][jid], x.no[at] = false, false
		default: // what he said stands, and he is asked as anybody
			x.asked[at] = 0
		}
	}
	x.tour()
	for _, jid := range people {
		x.speak(jid)
	}
}

// askedSince says whether the records differ only in who was asked: by what the
// configuration now makes of it.
func (x *mover) askedSince(before, after string) bool {
	plain := strings.NewReplacer("Ask:none", "Ask", "Ask:asked", "Ask")
	return plain.Replace(before) == plain.Replace(after)
}
