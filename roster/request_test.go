package roster_test

import (
	"context"
	"slices"
	"testing"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// asked tells the stage's group that its requests were sent, and returns who
// was asked.
func (s *stage) asked(t *testing.T) []string {
	t.Helper()
	ask, _ := s.g.Wants()
	if err := s.g.Asked(context.Background(), ask); err != nil {
		t.Fatal(err)
	}
	return ask
}

func (s *stage) hardAsk(t *testing.T, name string) roster.Ask {
	t.Helper()
	rec, err := s.r.ShowGroup(context.Background(), "team")
	if err != nil {
		t.Fatal(err)
	}
	return rec.Member(at(name)).Ask
}

func TestNobodyIsAskedTwice(t *testing.T) {
	rec := team("ann", "bob")
	for i := range rec.Members {
		rec.Members[i].Ask = roster.Unasked
	}
	s, ctx := play(t, rec), context.Background()
	if s.out.wanted != 1 {
		t.Fatalf("a new group wants attention %d times", s.out.wanted)
	}
	if ask, _ := s.g.Wants(); !slices.Equal(ask, []string{at("ann"), at("bob")}) {
		t.Fatalf("wants to ask %q", ask)
	}
	if ask, _ := s.g.Wants(); len(ask) > 0 {
		t.Fatalf("wants to ask %q again while a request is under way", ask)
	}
	// The link was lost before the requests reached the server.
	s.g.Lost()
	if ask := s.asked(t); !slices.Equal(ask, []string{at("ann"), at("bob")}) {
		t.Fatalf("wants to ask %q", ask)
	}
	for name, happens := range map[string]func() error{
		"nothing":   func() error { return nil },
		"link lost": func() error { s.g.Lost(); return nil },
		"a denial":  func() error { return s.g.OnUnsubscribed(ctx, at("ann")) },
		"an edit": func() error {
			return s.r.UpdateMember(ctx, "team", at("ann"), func(m *roster.MemberRecord) error { m.Ask = roster.Unasked; return nil })
		},
		"approval":   func() error { return s.g.OnSubscribed(ctx, at("bob")) },
		"withdrawal": func() error { return s.g.OnUnsubscribed(ctx, at("bob")) },
	} {
		if err := happens(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if ask, _ := s.g.Wants(); len(ask) > 0 {
			t.Errorf("after %s: wants to ask %q", name, ask)
		}
	}
	// Who makes the group his contact does something: he is asked once more.
	if err := s.g.OnSubscribe(ctx, at("ann")); err != nil {
		t.Fatal(err)
	}
	if ask := s.asked(t); !slices.Equal(ask, []string{at("ann")}) {
		t.Errorf("wants to ask %q", ask)
	}
	// And again when he does it again: a request that was lost stays no riddle.
	if err := s.g.OnSubscribe(ctx, at("ann")); err != nil {
		t.Fatal(err)
	}
	if ask := s.asked(t); !slices.Equal(ask, []string{at("ann")}) {
		t.Errorf("wants to ask %q", ask)
	}
	if ask := s.asked(t); len(ask) > 0 {
		t.Errorf("wants to ask %q by itself", ask)
	}
}

func TestUnaskedApprovalCountsForNothing(t *testing.T) {
	rec := team("ann", "bob")
	rec.Members[0].Ask, rec.Members[1].Ask = roster.Unasked, roster.Refused
	s, ctx := play(t, rec), context.Background()
	for _, j := range []string{at("ann"), at("bob"), "eve@b.example"} {
		if err := s.g.OnSubscribed(ctx, j); err != nil {
			t.Fatal(err)
		}
		s.g.Hear([]byte(j), []byte("desk"), &roster.Presence{Show: roster.Online})
	}
	if a, b := s.hardAsk(t, "ann"), s.hardAsk(t, "bob"); a != roster.Unasked || b != roster.Refused {
		t.Fatalf("%s and %s", a, b)
	}
	s.subscribes("ann", roster.NodePresence)
	s.says("ann presence full: ann bob") // as the model sees them: offline
	// The answer may come before we know that the request was sent.
	if ask, _ := s.g.Wants(); !slices.Equal(ask, []string{at("ann")}) {
		t.Fatalf("wants to ask %q", ask)
	}
	if err := s.g.OnSubscribed(ctx, at("ann")); err != nil {
		t.Fatal(err)
	}
	if a := s.hardAsk(t, "ann"); a != roster.Granted {
		t.Errorf("an approval that was asked for: %s", a)
	}
}

func TestWithdrawalIsAtOnce(t *testing.T) {
	s := play(t, team("ann", "bob"))
	s.subscribes("bob", roster.NodePresence)
	s.comes("ann", "desk", roster.Online, "")
	s.says("bob presence full: ann bob")
	s.do(op{kind: "onUnsubscribed", jid: at("ann")})
	s.comes("ann", "desk", roster.Away, "not shared any more")
	s.says("bob presence: ann")
}

func TestWhoLeavesIsNoLongerAsked(t *testing.T) {
	rec := team("ann", "bob", "cid", "dan")
	rec.Members[1].Ask, rec.Members[2].Ask, rec.Members[3].Ask = roster.Asked, roster.Refused, roster.Unasked
	s := play(t, rec)
	for _, n := range []string{"ann", "bob", "cid", "dan"} {
		s.do(op{kind: "remove", jid: at(n)})
	}
	if presence, _ := s.out.sent(); !slices.Equal(presence, []string{"unsubscribe " + at("ann"), "unsubscribe " + at("bob")}) {
		t.Errorf("sent %q", presence)
	}
}

func TestRemovalEndsEverything(t *testing.T) {
	s := play(t, team("ann", "bob"))
	s.subscribes("bob", roster.NodePresence)
	s.do(op{kind: "onSubscribe", jid: at("bob")})
	s.settle(1 << 20)
	s.out.sent()
	s.do(op{kind: "remove", jid: at("bob")})
	presence, ended := s.out.sent()
	slices.Sort(presence)
	if !slices.Equal(presence, []string{"unavailable " + at("bob"), "unsubscribe " + at("bob"), "unsubscribed " + at("bob")}) ||
		!slices.Equal(ended, []string{"presence " + at("bob")}) {
		t.Errorf("sent %q, ended %q", presence, ended)
	}
}

func TestSweep(t *testing.T) {
	s := play(t, team("ann", "bob"))
	s.subscribes("bob", roster.NodePresence)
	s.comes("ann", "desk", roster.Online, "")
	s.comes("ann", "phone", roster.Away, "")
	s.comes("bob", "desk", roster.Online, "")
	s.says("bob presence full: ann bob")
	s.do(op{kind: "lost"})
	if _, probe := s.g.Wants(); !slices.Equal(probe, []string{at("ann"), at("bob")}) {
		t.Fatalf("wants to probe %q", probe)
	}
	s.comes("bob", "desk", roster.Away, "")
	s.says() // not before it is known who is there
	s.do(op{kind: "swept", early: true})
	s.says()
	s.comes("ann", "phone", roster.Away, "")
	s.do(op{kind: "swept", early: true})
	s.says("bob presence: ann bob") // ann's desk is gone
}

func TestOpenDoesNotEndTheSweep(t *testing.T) {
	s := play(t, team("ann", "bob"))
	s.subscribes("bob", roster.NodePresence)
	s.comes("ann", "desk", roster.Online, "")
	s.says("bob presence full: ann bob")
	s.do(op{kind: "lost"})
	s.do(op{kind: "open"})
	s.says()
	s.comes("bob", "desk", roster.Away, "")
	s.says("bob presence: bob")
	s.do(op{kind: "swept"})
	s.says("bob presence: ann")
}
