package roster_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// One watcher cannot take the room for everybody's questions.
func TestQuestionsOfOneWatcherAreBounded(t *testing.T) {
	_, out, g := playOn(t, store.Memory(), team("ann", "bob"))
	ask := func(name string) error {
		return g.Ask(&roster.Question{Node: roster.NodePresence, Watcher: at(name), To: at(name), Max: -1, Index: -1})
	}
	n := 0
	for ; n < 5000 && ask("ann") == nil; n++ {
	}
	if n < 50 || n > 500 {
		t.Errorf("%d questions of one watcher", n)
	}
	for range 5000 {
		g.OnProbe(at("ann"), at("ann")+"/desk") // no contact: refused at once
	}
	if err := ask("bob"); err != nil {
		t.Errorf("another one: %v", err)
	}
	for g := out.next(); g != nil; {
		if _, more := g.Turn(nil, 1<<20); !more {
			break
		}
	}
	if err := ask("ann"); err != nil {
		t.Errorf("after the answers: %v", err)
	}
}

// The names of a member's devices leave an item its room, whatever he calls
// them.
func TestDeviceNamesAreBounded(t *testing.T) {
	_, out, g := playOn(t, store.Memory(), team("ann", "bob"))
	for i := range roster.MaxDevices {
		name := fmt.Sprintf("%02d%s", i, strings.Repeat("'", 1021))
		g.Hear([]byte(at("ann")), []byte(name), &roster.Presence{Show: roster.Online})
	}
	if err := g.Ask(&roster.Question{Node: roster.NodeGroup, Watcher: at("bob"), To: at("bob"), Max: -1, Index: -1}); err != nil {
		t.Fatal(err)
	}
	b, _ := out.next().Turn(nil, 1<<20)
	if n := len(b); n > roster.MaxItem || !strings.Contains(string(b), "device=") {
		t.Errorf("%d bytes of answer", n)
	}
}

// An address that is not written as the server writes it would hide from
// nobody, and grant to nobody.
func TestPolicyNamesAreNormalised(t *testing.T) {
	ctx := context.Background()
	r, _, _ := playOn(t, store.Memory(), team("ann"))
	for _, text := range []string{
		"hide Eve@b.example", "hide eve@B.example", "jid:Eve@b.example: availability", "domain:B.example: availability",
		"domain:eve@b.example: availability", "hide eve@b.example/desk",
	} {
		var bad *roster.InvalidError
		if err := r.SetPolicy(ctx, "team", at("ann"), text); !errors.As(err, &bad) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if err := r.SetPolicy(ctx, "team", at("ann"), "hide eve@b.example\njid:bob@b.example: status\ndomain:b.example: availability\n"); err != nil {
		t.Error(err)
	}
}

// What strangers may leave with a group is small.
func TestStrangersPoliciesAreSmall(t *testing.T) {
	ctx := context.Background()
	rec := team("ann")
	rec.Settings.Listed = true
	_, _, g := playOn(t, store.Memory(), rec)
	big := &policy.Authorization{Share: true}
	for i := range policy.MaxHide {
		big.Hide = append(big.Hide, fmt.Sprintf("user%04d@b.example", i))
	}
	if err := g.Authorize(ctx, at("ann"), big); err != nil {
		t.Errorf("a member: %v", err)
	}
	var bad *roster.InvalidError
	if err := g.Authorize(ctx, "eve@b.example", big); !errors.As(err, &bad) {
		t.Errorf("a stranger: %v", err)
	}
	if err := g.Authorize(ctx, "eve@b.example", &policy.Authorization{Share: true, Hide: big.Hide[:10]}); err != nil {
		t.Errorf("a stranger: %v", err)
	}
}

// One domain cannot take the room that a group has for strangers' policies;
// who joins, or takes his back, makes room again.
func TestStrangersOfOneDomain(t *testing.T) {
	ctx := context.Background()
	rec := team("ann")
	rec.Settings.Listed = true
	st := store.Memory()
	_, _, g := playOn(t, st, rec)
	a := &policy.Authorization{Share: true}
	spam := func(i int) string { return fmt.Sprintf("u%d@spam.example", i) }
	for i := range roster.MaxStrangersOf {
		if err := g.Authorize(ctx, spam(i), a); err != nil {
			t.Fatal(i, err)
		}
	}
	full := func(when string) {
		t.Helper()
		if err := g.Authorize(ctx, spam(roster.MaxStrangersOf), a); !errors.Is(err, roster.ErrLimit) {
			t.Errorf("%s: %v", when, err)
		}
	}
	full("at first")
	for _, err := range []error{g.Authorize(ctx, spam(0), a), g.Authorize(ctx, "eve@b.example", a), g.Authorize(ctx, spam(1), nil), g.Authorize(ctx, spam(1), a)} {
		if err != nil {
			t.Error(err)
		}
	}
	full("after one went and came")
	again := roster.New(roster.Options{Store: st, Outbox: deaf{}, Renderer: nil})
	loaded, err := again.Group(ctx, "team")
	if err != nil {
		t.Fatal(err)
	}
	g = loaded
	full("after a restart")
	if err := again.AddMembers(ctx, "team", roster.MemberRecord{JID: spam(0), Affiliation: roster.Plain}); err != nil {
		t.Fatal(err)
	}
	if err := g.Authorize(ctx, spam(roster.MaxStrangersOf), a); err != nil {
		t.Errorf("after one joined: %v", err)
	}
	if err := g.Authorize(ctx, spam(roster.MaxStrangersOf+1), a); !errors.Is(err, roster.ErrLimit) {
		t.Errorf("then: %v", err)
	}
}

// deaf is an outbox that nobody listens to.
type deaf struct{}

func (deaf) Ready(*roster.Group)                          {}
func (deaf) Presence(string, string, roster.PresenceType) {}
func (deaf) Wanted(*roster.Group)                         {}
func (deaf) Began(string, roster.SubscriptionRecord)      {}
func (deaf) Gone(string, string, []string)                {}
func (deaf) Ended(string, roster.SubscriptionRecord)      {}

// Who changes what he wants before he has heard of somebody who left, and is
// no longer known even as a tombstone, gets the state anew.
func TestMovesPastAFreedTombstone(t *testing.T) {
	rec := team("ann", "bob", "cid")
	rec.Subscriptions = []roster.SubscriptionRecord{{ID: "1", Node: "presence", JID: at("ann"), Owner: at("ann")}}
	s := play(t, rec)
	s.r.SetLimits(60<<10, 0, 16)
	s.settle(1)
	s.do(op{kind: "remove", jid: at("bob")})
	s.do(op{kind: "receive", jid: at("ann"), node: roster.NodePresence, wants: policy.Receiving{Attributes: policy.Counted}})
	s.settle(1)
}
