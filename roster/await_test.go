package roster_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

func waitingRoom() *roster.GroupRecord {
	rec := team("root")
	rec.Members[0].Affiliation = roster.Owner
	rec.Settings.Join, rec.Settings.Listed = roster.Approve, true
	return rec
}

func watches(t *testing.T, g *roster.Group, name string, wish *roster.Wish) error {
	t.Helper()
	rec, err := g.SubscribeWith(t.Context(), at(name), at(name), roster.NodePresence, wish)
	if err == nil && !rec.Pending {
		t.Errorf("%s need not wait", name)
	}
	return err
}

// Who asks to watch has not said that he may be seen: he is asked by a click,
// also after an admin made a member of him.
func TestWatchingIsNoConsent(t *testing.T) {
	ctx := t.Context()
	s := newScene(t, waitingRoom())
	s.ok(watches(t, s.g, "cid", nil))
	s.ok(watches(t, s.g, "dan", nil))
	if _, err := s.g.Join(ctx, at("dan"), ""); err != nil { // he says that as well
		t.Fatal(err)
	}
	if _, err := s.g.Join(ctx, at("eve"), ""); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"cid", "dan", "eve"} {
		s.ok(s.g.Approve(ctx, at("root"), at(name)))
	}
	s.g.Wants()
	for name, want := range map[string]bool{"cid": false, "dan": true, "eve": true} {
		if may, _ := s.g.Preapproval(at(name)); may != want {
			t.Errorf("%s may be made a contact without being asked: %v", name, may)
		}
	}
}

// Who takes back the wish to watch that an admin would have taken for a wish
// to join waits no longer; who said that he wants to join does.
func TestWatchingTakenBack(t *testing.T) {
	ctx := t.Context()
	s := newScene(t, waitingRoom())
	for _, name := range []string{"cid", "dan"} {
		s.ok(watches(t, s.g, name, nil))
	}
	if _, err := s.g.Join(ctx, at("dan"), ""); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"cid", "dan"} {
		s.ok(s.g.Unsubscribe(ctx, at(name), at(name), roster.NodePresence, ""))
	}
	if err := s.g.Approve(ctx, at("root"), at("cid")); !errors.Is(err, roster.ErrNoMember) {
		t.Errorf("cid is made a member although he wants nothing: %v", err)
	}
	s.ok(s.g.Approve(ctx, at("root"), at("dan")))
}

// What waits ends with the wish to join, however that ends: else who comes and
// goes leaves more and more.
func TestWhatWaitsEnds(t *testing.T) {
	ctx := t.Context()
	s := newScene(t, waitingRoom())
	s.ok(s.g.OnSubscribe(ctx, at("cid")))
	s.ok(watches(t, s.g, "cid", nil))
	s.ok(s.g.OnUnsubscribe(ctx, at("cid")))
	if all := s.g.Subscriptions(at("cid")); len(all) > 0 {
		t.Errorf("left is %+v", all)
	}
	s.out.sent()
}

// What a stranger leaves with a wish to watch is small.
func TestWhatWaitsIsSmall(t *testing.T) {
	s := newScene(t, waitingRoom())
	var many []string
	for i := range 900 {
		many = append(many, fmt.Sprintf("%s%d@example.org", strings.Repeat("x", 100), i))
	}
	if err := watches(t, s.g, "cid", &roster.Wish{Receiving: policy.Receiving{Members: many}}); !errors.Is(err, roster.ErrLimit) {
		t.Errorf("it is kept: %v", err)
	}
}

// An admin lets nobody be written to who did not ask for it, be the group open
// to all the world.
func TestEnlistsMembersOnly(t *testing.T) {
	rec := team("root", "cid")
	rec.Members[0].Affiliation = roster.Owner
	rec.Settings.Policy, rec.Settings.Listed = "watch anyone", true
	s := newScene(t, rec)
	s.ok(s.g.Enlist(t.Context(), at("root"), at("cid"), roster.NodePresence))
	for _, jid := range []string{"victim@elsewhere.example", "hook+x+team@groups.example.org"} {
		if err := s.g.Enlist(t.Context(), at("root"), jid, roster.NodePresence); !errors.Is(err, roster.ErrForbidden) {
			t.Errorf("%s is written to: %v", jid, err)
		}
	}
}

// Nobody fills the memory with people who never heard of the group.
func TestBansAreBounded(t *testing.T) {
	rec := waitingRoom()
	for i := range roster.MaxKnown {
		rec.Visitors = append(rec.Visitors, roster.VisitorRecord{JID: fmt.Sprintf("u%05d@example.org", i), State: roster.Banned})
	}
	rec.Members = append(rec.Members, roster.MemberRecord{JID: at("cid"), Affiliation: roster.Plain})
	s := newScene(t, rec)
	if err := s.g.Ban(t.Context(), at("root"), at("eve")); !errors.Is(err, roster.ErrLimit) {
		t.Errorf("one more: %v", err)
	}
	s.ok(s.g.Ban(t.Context(), at("root"), rec.Visitors[0].JID))
	s.ok(s.g.Ban(t.Context(), at("root"), at("cid")))
}

// forgetful is a store that cannot delete subscriptions.
type forgetful struct{ roster.Store }

var errFull = errors.New("disk full")

func (forgetful) DeleteSubscriptions(context.Context, string, ...string) error { return errFull }

// An admin is not told that somebody's subscription has ended if it would be
// there again after the next start.
func TestDismissIsStored(t *testing.T) {
	ctx := t.Context()
	r := roster.New(roster.Options{Store: forgetful{store.Memory()}, Outbox: &outbox{wake: make(chan struct{}, 1)}, Renderer: dialect{}})
	rec := team("root", "cid")
	rec.Members[0].Affiliation = roster.Owner
	if err := r.CreateGroup(ctx, rec); err != nil {
		t.Fatal(err)
	}
	g := r.Loaded([]byte(rec.Name))
	if _, err := g.Subscribe(ctx, at("cid"), at("cid"), roster.NodePresence, nil); err != nil {
		t.Fatal(err)
	}
	if err := g.Dismiss(ctx, at("root"), at("cid"), roster.NodePresence, ""); !errors.Is(err, errFull) {
		t.Errorf("dismissed: %v", err)
	}
	if n := len(g.Subscriptions(at("cid"))); n != 1 {
		t.Errorf("he has %d subscriptions", n)
	}
	if err := r.DeleteGroup(ctx, rec.Name); err != nil {
		t.Fatal(err)
	}
}

// A lease on presence is not over because a group has just come to be here and
// nobody knows yet who is there.
func TestLeaseOutlivesLoading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		rec := team("cid")
		rec.Subscriptions = []roster.SubscriptionRecord{{ID: "x", Node: "presence", JID: at("cid"), Owner: at("cid"), Manner: "while available"}}
		r := roster.New(roster.Options{Store: store.Memory(), Outbox: &outbox{wake: make(chan struct{}, 1)}, Renderer: dialect{}})
		if err := r.CreateGroup(ctx, rec); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute) // of the bubble's clock
		if n := len(r.Loaded([]byte("team")).Subscriptions(at("cid"))); n != 1 {
			t.Errorf("%d subscriptions after a minute", n)
		}
		if err := r.DeleteGroup(ctx, "team"); err != nil {
			t.Fatal(err)
		}
	})
}
