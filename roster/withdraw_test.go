package roster_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// Who was removed, or took back what he shares, after the group wanted to ask
// him is not asked: a request behind the end of it would begin everything anew.
func TestRequestIsNotSentBehindItsEnd(t *testing.T) {
	rec := team("ann", "bob", "cid", "dan")
	for i := range rec.Members {
		rec.Members[i].Ask = roster.Unasked
	}
	s, ctx := play(t, rec), context.Background()
	ask, _ := s.g.Wants()
	if err := s.r.RemoveMember(ctx, "team", at("ann")); err != nil {
		t.Fatal(err)
	}
	if err := s.g.Authorize(ctx, at("bob"), &policy.Authorization{}); err != nil {
		t.Fatal(err)
	}
	var sent []string
	send := func() {
		for _, j := range ask {
			s.g.Request(j, func() { sent = append(sent, j) })
		}
	}
	send()
	if !slices.Equal(sent, []string{at("cid"), at("dan")}) {
		t.Errorf("asked %q", sent)
	}
	if err := s.g.Asked(ctx, ask); err != nil {
		t.Fatal(err)
	}
	if a := s.hardAsk(t, "bob"); a != roster.Unasked {
		t.Errorf("bob, who was not asked: %s", a)
	}
	if err := s.r.DeleteGroup(ctx, "team"); err != nil {
		t.Fatal(err)
	}
	sent = nil
	if send(); len(sent) > 0 {
		t.Errorf("a deleted group asked %q", sent)
	}
}

// A withdrawal is in force before the store knows of it, also if the store
// never hears of it, until the member's server says otherwise.
func TestWithdrawalDoesNotWaitForTheStore(t *testing.T) {
	ctx, ann := context.Background(), at("ann")
	_, out, g := playOn(t, store.Memory(), team("ann", "bob"))
	comes := func() { g.Hear([]byte(ann), []byte("desk"), &roster.Presence{Show: roster.Online}) }
	expect := func(when string, want bool) {
		t.Helper()
		if err := g.Ask(&roster.Question{Node: roster.NodePresence, Watcher: at("bob"), To: at("bob"), Max: -1, Index: -1}); err != nil {
			t.Fatal(err)
		}
		b, _ := out.next().Turn(nil, 1<<20)
		if got := strings.Contains(string(b), "there=true"); got != want {
			t.Errorf("%s: ann is seen: %v, want %v", when, got, want)
		}
	}
	comes()
	expect("granted", true)
	g.Approves(ann, false)
	expect("withdrawn", false)
	comes()
	expect("directed presence", false)
	if err := g.OnSubscribed(ctx, ann); err != nil {
		t.Fatal(err)
	}
	comes()
	expect("an approval that nobody asked for", false)
	if d := g.Doubtful(); !slices.Equal(d, []string{ann}) {
		t.Errorf("doubts %q", d)
	}
	g.Approves(ann, true)
	if err := g.OnProved(ctx, ann); err != nil {
		t.Fatal(err)
	}
	comes()
	expect("proved", true)

	// The withdrawal that the store is told of ends there: who is asked
	// again, and agrees, is seen again.
	g.Approves(ann, false)
	for _, f := range []func(context.Context, string) error{g.OnUnsubscribed, g.OnSubscribe} {
		if err := f(ctx, ann); err != nil {
			t.Fatal(err)
		}
	}
	g.Wants()
	if err := g.OnSubscribed(ctx, ann); err != nil {
		t.Fatal(err)
	}
	comes()
	expect("granted again", true)
}

// What somebody wants of the group as a contact is kept with the contact, over
// a restart, and goes with it.
func TestContactReceives(t *testing.T) {
	rec := team("ann", "bob")
	rec.Contacts = []string{at("bob")}
	s, ctx := play(t, rec), context.Background()
	s.comes("ann", "desk", roster.DND, "")
	line := func() string {
		s.settle(1 << 20)
		return s.clients["contact "+at("bob")].table["line"]
	}
	busy := line()
	s.do(op{kind: "receive", jid: at("bob"), node: roster.NodeContact, wants: policy.Receiving{Attributes: policy.Counted | policy.Availability}})
	if got := line(); got == busy {
		t.Errorf("bob is still shown %s", got)
	}
	stored, err := s.r.ShowGroup(ctx, "team")
	if err != nil || len(stored.Subscriptions) != 1 || stored.Subscriptions[0].Receiving == "" {
		t.Fatalf("%+v %v", stored, err)
	}
	if got := s.g.Subscriptions(at("bob")); len(got) > 0 {
		t.Errorf("bob has the subscriptions %v", got)
	}
	s.do(op{kind: "onUnsubscribe", jid: at("bob")})
	if stored, err = s.r.ShowGroup(ctx, "team"); err != nil || len(stored.Subscriptions)+len(stored.Contacts) > 0 {
		t.Errorf("%+v %v", stored, err)
	}
	s.do(op{kind: "onSubscribe", jid: at("bob")})
	if got := line(); got != busy {
		t.Errorf("bob is shown %s, at first he was shown %s", got, busy)
	}
}
