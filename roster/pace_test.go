package roster_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// digested is a group in which bob has a digest every second, in a bubble
// where time is the test's.
func digested(t *testing.T) (*roster.Group, *outbox) {
	t.Helper()
	out := &outbox{wake: make(chan struct{}, 1)}
	r := roster.New(roster.Options{Store: store.Memory(), Outbox: out, Renderer: dialect{}, Log: slog.New(slog.DiscardHandler)})
	if err := r.CreateGroup(t.Context(), team("ann", "bob", "cid")); err != nil {
		t.Fatal(err)
	}
	g := r.Loaded([]byte("team"))
	t.Cleanup(func() { r.DeleteGroup(context.Background(), "team") })
	if _, err := g.SubscribeWith(t.Context(), at("bob"), at("bob"), roster.NodePresence, &roster.Wish{Manner: roster.Manner{Digest: 1000}}); err != nil {
		t.Fatal(err)
	}
	return g, out
}

// turns lets a group say what it has to say, as soon as it may.
func turns(t *testing.T, out *outbox) (all []heard) {
	t.Helper()
	for g := out.next(); g != nil; g = out.next() {
		b, more := g.Turn(nil, 1<<20)
		if more {
			out.Ready(g)
		}
		all = append(all, read(t, b)...)
	}
	return all
}

// The clock of a digest runs whether or not something happens, and events
// leave at its moments only: when, says nothing of what bob may not see.
func TestClockTellsNothing(t *testing.T) {
	moments := func(hidden bool) (at []time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			g, out := digested(t)
			forCid, err := policy.ParseAuthorization("jid:cid@a.example: all")
			if err != nil {
				t.Fatal(err)
			}
			if err := g.Authorize(t.Context(), at1, forCid); err != nil {
				t.Fatal(err)
			}
			turns(t, out)
			began := time.Now()
			time.Sleep(50 * time.Millisecond) // things happen between the moments
			for i := range 100 {
				time.Sleep(100 * time.Millisecond) // of the bubble's clock: nobody waits
				if hidden {
					g.Hear([]byte(at1), []byte("desk"), &roster.Presence{Show: roster.Online, Status: []byte{byte('a' + i%26)}})
				}
				if i%30 == 0 {
					g.Hear([]byte("bob@a.example"), []byte("desk"), &roster.Presence{Show: []roster.Show{roster.Away, roster.DND}[i/30%2]})
				}
				for range turns(t, out) {
					at = append(at, time.Since(began))
				}
			}
		})
		return at
	}
	quiet := moments(false)
	if busy := moments(true); len(quiet) == 0 || !slices.Equal(busy, quiet) {
		t.Errorf("told at %v, but at %v when somebody hidden is busy", quiet, busy)
	}
	for i := 1; i < len(quiet); i++ {
		if quiet[i]-quiet[i-1] < time.Second {
			t.Errorf("told twice within a second: %v", quiet)
		}
	}
}

const at1 = "ann@a.example"

// Where the link cannot take it all, digests come less often, and say so; when
// it can again, they are as often as agreed.
func TestDigestUnderLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, out := digested(t)
		turns(t, out)
		change := func(i int) {
			g.Hear([]byte(at1), []byte("desk"), &roster.Presence{Show: []roster.Show{roster.Away, roster.Online}[i%2]})
		}
		change(0)
		time.Sleep(10 * time.Second) // without a turn
		all := turns(t, out)
		if len(all) != 1 || all[0].stamp.Period < 4000 {
			t.Fatalf("under load: %+v", all)
		}
		time.Sleep(450 * time.Millisecond) // turns are between the moments
		var periods []int
		for i := range 60 {
			change(i + 1)
			time.Sleep(time.Second) // of the bubble's clock
			for _, h := range turns(t, out) {
				periods = append(periods, h.stamp.Period)
			}
		}
		if len(periods) < 10 || periods[len(periods)-1] != 0 || !slices.IsSortedFunc(periods, func(a, b int) int { return b - a }) {
			t.Errorf("afterwards: %v", periods)
		}
	})
}
