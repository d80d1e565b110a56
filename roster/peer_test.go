package roster_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// meddled is a store that lets something happen while a group is created.
type meddled struct {
	roster.Store
	meanwhile func()
}

func (m *meddled) CreateGroup(ctx context.Context, rec *roster.GroupRecord) error {
	if m.meanwhile != nil {
		m.meanwhile()
	}
	return m.Store.CreateGroup(ctx, rec)
}

// What a user says that peers may see holds for the peer who has just asked for
// him as well.
func TestSaidWhileAPeerAsks(t *testing.T) {
	const peer, grants = "groups.b.example", "all"
	ctx, disk := t.Context(), &meddled{Store: store.Memory()}
	r := roster.New(roster.Options{Store: disk, Outbox: &quietOutbox{subscribed: map[string]int{}}, Renderer: &pubsub.Renderer{Domain: "groups.example.org"},
		Ours: func(jid string) bool { return strings.HasSuffix(jid, "@example.org") }})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	wish := func(jids ...string) roster.PeerWish { return roster.PeerWish{Of: roster.PeerList, Members: jids} }
	nothing := &policy.Authorization{}
	must(r.AuthorizePeers(ctx, bob, nothing))
	must(r.AuthorizePeers(ctx, ann, &policy.Authorization{Share: true, Rules: []policy.Rule{{Attributes: policy.All}}}))
	said := make(chan error, 1)
	disk.meanwhile = func() {
		disk.meanwhile = nil
		done := make(chan struct{})
		go func() {
			defer close(done)
			said <- r.AuthorizePeers(ctx, ann, nothing)
		}()
		select {
		case <-done:
		case <-time.After(100 * time.Millisecond): // he waits for us
		}
	}
	_, err := r.Entrust(ctx, peer, grants, wish(ann, bob))
	must(err)
	must(<-said)
	rec, err := r.ShowGroup(ctx, roster.PeerGroup(peer))
	must(err)
	for _, jid := range []string{ann, bob} {
		said := roster.AuthorizationRecord{JID: jid, Rules: nothing.String()}
		if rec.Member(jid) == nil || !slices.Contains(rec.Authorizations, said) {
			t.Errorf("%s has said %q, in force is %v", jid, said.Rules, rec.Authorizations)
		}
	}
}

// What a peer is granted no more he does not get when the service starts, before
// everything is in line; and nobody is told of the groups of peers.
func TestPeerGrantedOtherwise(t *testing.T) {
	const peer = "groups.b.example"
	ctx, disk := t.Context(), store.Memory()
	var told []roster.Notice
	begin := func(rule string, ok bool) *roster.Roster {
		return roster.New(roster.Options{Store: disk, Outbox: &quietOutbox{subscribed: map[string]int{}}, Renderer: &pubsub.Renderer{Domain: "groups.example.org"},
			Ours: func(jid string) bool { return strings.HasSuffix(jid, "@example.org") }, Notify: func(n roster.Notice) { told = append(told, n) },
			Peers: func(string) (string, bool) { return rule, ok }})
	}
	r := begin("all", true)
	g, err := r.Entrust(ctx, peer, "all", roster.PeerWish{Of: roster.PeerList, Members: []string{ann}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Subscribe(ctx, peer, peer, roster.NodePresence, nil); err != nil {
		t.Fatal(err)
	}
	for rule, asked := range map[string]int{"": 0, "availability": 1} {
		for _, ok := range []bool{false, true} {
			r = begin(rule, ok)
			g, err = r.Group(ctx, roster.PeerGroup(peer))
			if err != nil {
				t.Fatal(err)
			}
			ask, _ := g.Wants()
			if len(ask) != asked && ok || len(ask) > 0 && !ok {
				t.Errorf("granted %q (%v), %q are asked", rule, ok, ask)
			}
			d, err := g.Describe(peer)
			if (err == nil && d.Watches) != ok {
				t.Errorf("granted %q (%v) he watches: %+v, %v", rule, ok, d, err)
			}
		}
	}
	g, err = r.Entrust(ctx, peer, "all", roster.PeerWish{Of: roster.PeerList, Members: []string{ann}})
	if err != nil {
		t.Fatal(err)
	}
	rec, err := r.ShowGroup(ctx, g.Name())
	if err != nil || rec.Members[0].Agreed != "" || len(told) > 0 {
		t.Errorf("agreed to %+v, told %+v, %v", rec.Members, told, err)
	}
}

// Who is a peer no longer is told nothing any more, and the others are what they
// are.
func TestPeerEnds(t *testing.T) {
	ctx, disk := t.Context(), store.Memory()
	r := roster.New(roster.Options{Store: disk, Outbox: &quietOutbox{subscribed: map[string]int{}}, Renderer: &pubsub.Renderer{Domain: "groups.example.org"},
		Ours: func(jid string) bool { return strings.HasSuffix(jid, "@example.org") }})
	peers := []string{"a.example", "b.example", "c.example"}
	for _, p := range peers {
		if _, err := r.Entrust(ctx, p, "all", roster.PeerWish{Of: roster.PeerList, Members: []string{ann}}); err != nil {
			t.Fatal(err)
		}
	}
	err := r.Reconcile(ctx, func(jid string) (string, bool) { return "availability", jid == "c.example" })
	if err != nil {
		t.Error(err)
	}
	var left []string
	for _, p := range peers {
		if rec, err := disk.GetGroup(ctx, roster.PeerGroup(p)); err == nil {
			left = append(left, p+": "+rec.Settings.Policy)
		}
	}
	if len(left) != 1 || !strings.Contains(left[0], "c.example: ") || !strings.Contains(left[0], "outsiders: availability") || len(r.Peers()) != 1 {
		t.Errorf("left are %q", left)
	}
}

// What a user takes back holds for the groups of peers that are not in memory yet.
func TestSaidBeforeAllIsLoaded(t *testing.T) {
	const peer = "groups.b.example"
	ctx, disk := t.Context(), store.Memory()
	begin := func() *roster.Roster {
		return roster.New(roster.Options{Store: disk, Outbox: &quietOutbox{subscribed: map[string]int{}}, Renderer: &pubsub.Renderer{Domain: "groups.example.org"},
			Ours: func(jid string) bool { return strings.HasSuffix(jid, "@example.org") }})
	}
	r := begin()
	if _, err := r.Entrust(ctx, peer, "all", roster.PeerWish{Of: roster.PeerList, Members: []string{ann}}); err != nil {
		t.Fatal(err)
	}
	nothing := &policy.Authorization{}
	if err := begin().AuthorizePeers(ctx, ann, nothing); err != nil {
		t.Fatal(err)
	}
	rec, err := disk.GetGroup(ctx, roster.PeerGroup(peer))
	if err != nil || !slices.Equal(rec.Authorizations, []roster.AuthorizationRecord{{JID: ann, Rules: nothing.String()}}) {
		t.Errorf("in force will be %+v, %v", rec.Authorizations, err)
	}
}

// A peer may name as many groups as one needs, not as many as there are names.
func TestPeerGroupsAreBounded(t *testing.T) {
	ctx, disk := t.Context(), store.Memory()
	begin := func() *roster.Roster {
		return roster.New(roster.Options{Store: disk, Outbox: &quietOutbox{subscribed: map[string]int{}}, Renderer: &pubsub.Renderer{Domain: "groups.example.org"},
			Ours: func(jid string) bool { return strings.HasSuffix(jid, "@example.org") }})
	}
	r := begin()
	ask := func(r *roster.Roster, jid string) error {
		_, err := r.Entrust(ctx, jid, "all", roster.PeerWish{Of: roster.PeerList, Members: []string{ann}})
		return err
	}
	for i := range roster.MaxPeerGroups {
		if err := ask(r, fmt.Sprintf("g%d@a.example", i)); err != nil {
			t.Fatal(i, err)
		}
	}
	for _, r := range []*roster.Roster{r, begin()} {
		for jid, want := range map[string]error{"one@a.example": roster.ErrLimit, "a.example": roster.ErrLimit, "g7@a.example": nil, "one@b.example": nil} {
			if err := ask(r, jid); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", jid, err, want)
			}
		}
	}
}

// Everybody here is who is in a group, or lets peers see something; each comes
// and goes with that.
func TestEverybodyForAPeer(t *testing.T) {
	ctx := t.Context()
	r := roster.New(roster.Options{Store: store.Memory(), Outbox: &quietOutbox{subscribed: map[string]int{}}, Renderer: &pubsub.Renderer{Domain: "groups.example.org"},
		Ours: func(jid string) bool { return strings.HasSuffix(jid, "@example.org") }})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	is := func(want ...string) {
		t.Helper()
		g, err := r.Entrust(ctx, "a.example", "all", roster.PeerWish{Of: roster.PeerAll})
		must(err)
		rec, err := r.ShowGroup(ctx, g.Name())
		must(err)
		var got []string
		for _, m := range rec.Members {
			got = append(got, strings.TrimSuffix(m.JID, "@example.org"))
		}
		if !slices.Equal(got, want) {
			t.Errorf("everybody is %q, want %q", got, want)
		}
	}
	must(r.CreateGroup(ctx, &roster.GroupRecord{Name: "team", Members: []roster.MemberRecord{{JID: ann, Affiliation: roster.Plain}, {JID: away, Affiliation: roster.Plain}}}))
	r.Complete()
	is("ann")
	must(r.AuthorizePeers(ctx, bob, &policy.Authorization{Share: true, Rules: []policy.Rule{{Attributes: policy.All}}}))
	is("ann", "bob")
	must(r.AuthorizePeers(ctx, bob, &policy.Authorization{}))
	is("ann")
	must(r.RemoveMember(ctx, "team", ann))
	is()
}
