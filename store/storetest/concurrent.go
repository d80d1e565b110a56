package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// testConcurrent lets one caller per group write while others read: each
// group ends as its caller left it, and no reader sees half a StoreMembers.
func testConcurrent(t *testing.T, d Driver) {
	const callers, rounds = 8, 20
	s, ctx := d.fresh(t), t.Context()
	var wg sync.WaitGroup
	for i := range callers {
		name := fmt.Sprintf("g%d", i)
		ok(t, s.CreateGroup(ctx, &roster.GroupRecord{Name: name}))
		wg.Go(func() {
			for round := range rounds {
				nick := fmt.Sprint(round)
				err := errors.Join(
					s.StoreMembers(ctx, name, roster.MemberRecord{JID: "a@x", Nick: nick}, roster.MemberRecord{JID: "b@x", Nick: nick}),
					s.StoreSubscription(ctx, name, roster.SubscriptionRecord{ID: nick, Owner: "w@x"}),
					s.StoreContact(ctx, name, nick+"@x"),
					s.DeleteContact(ctx, name, nick+"@x"),
				)
				if err != nil {
					t.Errorf("%s, round %d: %v", name, round, err)
				}
			}
		})
		wg.Go(func() {
			for range rounds {
				if err := readWhole(ctx, s, name); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for i := range callers {
		g, err := s.GetGroup(ctx, fmt.Sprintf("g%d", i))
		ok(t, err)
		equal(t, g.Member("b@x").Nick, fmt.Sprint(rounds-1))
		equal(t, len(g.Subscriptions), rounds)
		equal(t, len(g.Contacts), 0)
	}
}

func readWhole(ctx context.Context, s roster.Store, name string) error {
	g, err := s.GetGroup(ctx, name)
	if err != nil {
		return err
	}
	if a, b := g.Member("a@x"), g.Member("b@x"); (a == nil) != (b == nil) || a != nil && a.Nick != b.Nick {
		return fmt.Errorf("half a change was visible: %v %v", a, b)
	}
	return nil
}

// testRefusalsAmongOthers mixes changes that are refused, that are given up
// and that succeed, at the same time: each gets its own answer, and an error
// means that nothing has changed.
func testRefusalsAmongOthers(t *testing.T, d Driver) {
	const callers = 30
	s, ctx := d.fresh(t), t.Context()
	ok(t, s.CreateGroup(ctx, &roster.GroupRecord{Name: "team"}))
	outcome := make([]error, callers)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			jid := fmt.Sprintf("u%02d@x", i)
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			switch i % 3 {
			case 0:
				outcome[i] = s.StoreMembers(ctx, "none", roster.MemberRecord{JID: jid})
				if err := s.CreateGroup(ctx, &roster.GroupRecord{Name: "team"}); !errors.Is(err, roster.ErrGroupExists) {
					t.Errorf("create group again: %v", err)
				}
			case 1:
				go cancel()
				outcome[i] = s.StoreMembers(ctx, "team", roster.MemberRecord{JID: jid}, roster.MemberRecord{JID: jid + ".example"})
			default:
				outcome[i] = s.StoreMembers(ctx, "team", roster.MemberRecord{JID: jid}, roster.MemberRecord{JID: jid + ".example"})
				if outcome[i] != nil {
					t.Errorf("%s: %v", jid, outcome[i])
				}
			}
		})
	}
	wg.Wait()
	g, err := s.GetGroup(ctx, "team")
	ok(t, err)
	for i, err := range outcome {
		jid := fmt.Sprintf("u%02d@x", i)
		for _, j := range []string{jid, jid + ".example"} {
			if (g.Member(j) != nil) != (err == nil) {
				t.Errorf("%s stored: %t, but the answer was %v", j, g.Member(j) != nil, err)
			}
		}
	}
}
