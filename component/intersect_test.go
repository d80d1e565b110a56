package component

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// giver is a presence server without a server, of which a group server takes.
type giver struct {
	t testing.TB
	s *Service
}

func newGiver(t testing.TB) *giver {
	x := &giver{t: t}
	x.s = NewService(ServiceConfig{Store: store.Memory(), Link: Config{Domain: fromPeer, ServerHost: "taken.example"},
		Peers: []Peer{{Address: "groups.example.org", Give: true, Grants: "all"}}})
	x.s.Link.Out.attach()
	return x
}

// hears lets a stanza come in, and says what is answered.
func (x *giver) hears(raw string) string {
	x.t.Helper()
	var st frame.Stanza
	if !frame.Parse([]byte(raw), &st) {
		x.t.Fatalf("no stanza: %s", raw)
	}
	if err := x.s.Link.dispatch(x.s, &st); err != nil {
		x.t.Fatal(err)
	}
	for _, q := range x.s.workers.queues {
		x.s.workers.drain(q)
	}
	return x.said()
}

// said is what leaves.
func (x *giver) said() string {
	x.t.Helper()
	r, err := x.s.Link.Out.round()
	if err != nil {
		x.t.Fatal(err)
	}
	defer x.s.Link.Out.recycle(r.b)
	return string(r.b)
}

// there has a user of the giver's be there, with all that he can say.
func (x *giver) there(g *roster.Group) {
	x.t.Helper()
	ask, _ := g.Wants()
	if err := errors.Join(g.Asked(context.Background(), ask), g.OnSubscribed(context.Background(), tim)); err != nil {
		x.t.Fatal(err)
	}
	g.Swept(false)
	g.Read(tim)
	for _, d := range []struct {
		name string
		p    roster.Presence
		c    roster.Connection
		able roster.Ability
		sort string
	}{
		{"phone", roster.Presence{Show: roster.Away}, roster.Off, roster.Audio, "phone"},
		{"desk", roster.Presence{Show: roster.DND, Status: []byte("On a call"), Idle: []byte("2026-01-01T12:00:00Z")}, roster.Interrupted, roster.Files, "pc"},
	} {
		g.Hear([]byte(tim), []byte(d.name), &d.p)
		g.Read(tim)
		g.Connect(tim, d.name, d.c)
		g.HearCapabilities(tim, d.name, roster.NewCapabilities([]roster.Identity{{Category: "client", Type: d.sort}}, d.able))
	}
	for kind, part := range toldParts {
		switch {
		case kind&roster.Published == 0:
		case kind == policy.Willingness:
			words, err := pubsub.ParseWilling([]byte("<willing xmlns='" + pubsub.NS + "'>" + part + "</willing>"))
			if err != nil {
				x.t.Fatal(err)
			}
			g.HearItem(tim, kind, words)
		default:
			g.HearItem(tim, kind, []byte(part))
		}
	}
}

// events are those in what leaves, as the server delivers them.
func events(said string) (all []string) {
	for {
		from, to := strings.Index(said, "<message "), strings.Index(said, "</message>")
		if from < 0 || to < 0 {
			return all
		}
		to += len("</message>")
		all, said = append(all, said[from:to]), said[to:]
	}
}

// What somebody is shown of a peer's user is what the user lets the peer see
// there and the group's members here: nothing of it less, and nothing more. What
// is not for the peer does not even leave.
func TestPeersIntersect(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	draw := func() policy.Mask {
		m := policy.Mask(random.Uint32()) & policy.All
		if random.IntN(8) > 0 {
			m |= policy.Availability | policy.Counted
		}
		return m
	}
	for range 150 {
		there, here := draw(), draw()
		if there&policy.Devices == 0 {
			here &^= policy.Devices // one stands for all of them then, by a name of its own
		}
		if there&policy.Connection == 0 {
			here &^= policy.Connection // of whose nobody has said anything it is on
		}
		x, y := newTaker(t), newGiver(t)
		x.grants(here)
		ctx := context.Background()
		if err := y.s.Roster.AuthorizePeers(ctx, tim, &policy.Authorization{Share: true, Rules: []policy.Rule{{Who: policy.Who{Class: policy.Domain, Name: "groups.example.org"}, Attributes: there}}}); err != nil {
			t.Fatal(err)
		}
		subscribe := (&taking{peer: &Peer{Address: fromPeer}, g: x.g, wanted: []string{tim}, kinds: here}).subscription(toTeam)
		answer := y.hears(fmt.Sprintf("<iq type='set' id='s' from='%s' to='%s'>%s</iq>", toTeam, fromPeer, subscribe))
		if !strings.Contains(answer, "subscription='subscribed'") {
			t.Fatalf("answered is %s", answer)
		}
		g := y.s.Roster.Loaded([]byte(roster.PeerGroup(toTeam)))
		y.there(g)
		told := events(answer + y.said()) // the first state may have waited
		for _, event := range told {
			x.hears(event)
		}
		event := strings.Join(told, "")

		direct := newTaker(t)
		direct.grants(there & here)
		direct.hears(peerEvent(fromPeer, toTeam, everything(), whole))
		if got, want := x.item(tim), direct.item(tim); got != want {
			t.Fatalf("there %s\nhere %s\nshown\n%s\nnot\n%s", there, here, got, want)
		}
		for kind, part := range toldParts {
			if kind&roster.Published != 0 && kind&there&here == 0 && strings.Contains(event, part) {
				t.Errorf("there %s\nhere %s\n%s leaves: %s", there, here, kind, event)
			}
		}
	}
}

// Who wants something else by another configuration has one subscription all the
// same.
func TestOneSubscriptionOfAPeer(t *testing.T) {
	y := newGiver(t)
	ask := func(p *Peer, kinds policy.Mask) {
		t.Helper()
		subscribe := (&taking{peer: p, wanted: []string{tim}, kinds: kinds}).subscription(toTeam)
		if answer := y.hears(fmt.Sprintf("<iq type='set' id='s' from='%s' to='%s'>%s</iq>", toTeam, fromPeer, subscribe)); !strings.Contains(answer, "subscription='subscribed'") {
			t.Fatalf("answered is %s", answer)
		}
	}
	ask(&Peer{Address: fromPeer}, policy.All)
	ask(&Peer{Address: fromPeer, Every: 60e9}, policy.All)
	ask(&Peer{Address: fromPeer, By: ByAll}, policy.Availability)
	ask(&Peer{Address: fromPeer, By: ByGroup}, policy.Mood)
	g := y.s.Roster.Loaded([]byte(roster.PeerGroup(toTeam)))
	all := g.Subscriptions(toTeam)
	if len(all) != 1 {
		t.Fatalf("%d subscriptions: %+v", len(all), all)
	}
	wish, _, err := g.Wish(toTeam, toTeam, roster.NodePresence, "")
	if err != nil || !wish.Receiving.Attributes.Has(policy.Mood) || wish.Receiving.Attributes.Has(policy.Status) || wish.Manner.Digest != 0 {
		t.Errorf("%+v, %v", wish, err)
	}
	if g.Wishes() != toTeam {
		t.Errorf("of %s", g.Wishes())
	}
}
