package roster_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// clocked is a group whose clock can be set, within a bubble. Ann is there, bob
// watches.
type clocked struct {
	t   *testing.T
	r   *roster.Roster
	g   *roster.Group
	out *outbox
	set atomic.Int64 // how far the clock is from the bubble's
}

func newClocked(t *testing.T, policy string) *clocked {
	c := &clocked{t: t, out: &outbox{wake: make(chan struct{}, 1)}}
	c.r = roster.New(roster.Options{Store: store.Memory(), Outbox: c.out, Renderer: dialect{}, Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return time.Now().Add(time.Duration(c.set.Load())) }})
	rec := team("ann", "bob")
	rec.Settings.Policy = policy
	if err := c.r.CreateGroup(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	c.g = c.r.Loaded([]byte("team"))
	c.hear(roster.Online)
	if _, err := c.g.Subscribe(t.Context(), at("bob"), at("bob"), roster.NodePresence, nil); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *clocked) hear(show roster.Show) {
	c.g.Hear([]byte(at("ann")), []byte("desk"), &roster.Presence{Show: show})
}

// told is what bob was told last; "" = nothing.
func (c *clocked) told() (last string) {
	for g := c.out.next(); g != nil; g = c.out.next() {
		if b, _ := g.Turn(nil, 1<<20); len(b) > 0 {
			last = string(b)
		}
	}
	return last
}

// shown wants bob to have been told, within the time that a clock that was set
// goes unnoticed, that ann is there or not.
func (c *clocked) shown(when string, want bool) {
	c.t.Helper()
	time.Sleep(time.Minute) // of the test's own clock: nobody waits
	synctest.Wait()
	says := map[bool]string{true: "there=true", false: "there=false"}[want]
	if got := c.told(); !strings.Contains(got, says) {
		c.t.Errorf("%s: told %q, want %s", when, got, says)
	}
}

// The clock is set forwards and back: a rule holds when it says, not when it
// did once, whoever set it.
func TestRulesHoldWhenTheClockIsSet(t *testing.T) {
	from := time.Date(2000, 1, 1, 12, 0, 0, 0, time.UTC) // a bubble begins at midnight
	rule := policy.Rule{Attributes: policy.Availability, From: from, Until: from.Add(time.Hour)}
	for name, begin := range map[string]func(t *testing.T) *clocked{
		"own": func(t *testing.T) *clocked {
			c := newClocked(t, "")
			if err := c.g.Authorize(t.Context(), at("ann"), &policy.Authorization{Share: true, Rules: []policy.Rule{rule}}); err != nil {
				t.Fatal(err)
			}
			return c
		},
		"default": func(t *testing.T) *clocked {
			return newClocked(t, "default everyone: availability from 2000-01-01T12:00:00Z until 2000-01-01T13:00:00Z\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := begin(t)
				c.shown("at midnight", false)
				c.set.Store(int64(12*time.Hour + 10*time.Minute))
				c.shown("forwards into the rule", true)
				c.set.Store(0)
				c.shown("back before it", false)
				c.set.Store(int64(12*time.Hour + 10*time.Minute))
				c.shown("into it again", true)
				c.set.Store(int64(24 * time.Hour))
				c.shown("forwards behind it", false)
				c.set.Store(int64(12*time.Hour + 10*time.Minute))
				time.Sleep(time.Minute) // of the test's own clock: nobody waits
				synctest.Wait()
				// All was over, so her presence was given back: she is asked again.
				if ask, _ := c.g.Wants(); !slices.Contains(ask, at("ann")) {
					t.Errorf("back into the rule when nothing was ahead: wants %q", ask)
				}
				if err := c.r.DeleteGroup(context.Background(), "team"); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

// Under periodic delivery the next moment comes a period later at most,
// wherever the clock was set to meanwhile.
func TestDeliveryGoesOnWhenTheClockIsSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClocked(t, "")
		err := c.r.UpdateGroup(t.Context(), "team", func(s *roster.Settings) error { s.Delivery = 60_000; return nil })
		if err != nil {
			t.Fatal(err)
		}
		c.told()
		for i, set := range []time.Duration{time.Hour, 0, -1000 * time.Hour, 30 * 365 * 24 * time.Hour, 0} {
			c.hear([]roster.Show{roster.Away, roster.DND}[i%2])
			c.set.Store(int64(set))
			began, got := time.Now(), ""
			for got == "" && time.Since(began) < 24*time.Hour {
				time.Sleep(time.Second) // of the test's own clock: nobody waits
				synctest.Wait()
				got = c.told()
			}
			if took := time.Since(began); took > time.Minute+time.Second || !strings.Contains(got, at("ann")) {
				t.Errorf("the clock set to %v: %q after %v", set, got, took)
			}
		}
		if err := c.r.DeleteGroup(context.Background(), "team"); err != nil {
			t.Fatal(err)
		}
	})
}

// A lease lasts to its time by the clock, whatever that was set to meanwhile.
func TestLeasesWhenTheClockIsSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClocked(t, "")
		until := time.Now().Add(12 * time.Hour).UTC()
		wish := &roster.Wish{Manner: roster.Manner{Until: until}}
		if err := c.g.Reconfigure(t.Context(), at("bob"), at("bob"), roster.NodePresence, "", wish); err != nil {
			t.Fatal(err)
		}
		c.told()
		watches := func(when string, set time.Duration, want int) {
			t.Helper()
			c.set.Store(int64(set))
			time.Sleep(time.Minute) // of the test's own clock: nobody waits
			synctest.Wait()
			if n := len(c.g.Subscriptions(at("bob"))); n != want {
				t.Errorf("%s: %d subscriptions", when, n)
			}
		}
		watches("set back", -240*time.Hour, 1)
		watches("forwards, not as far as the end", 11*time.Hour, 1)
		watches("as before", 0, 1)
		watches("forwards over the end", 12*time.Hour, 0)
		if err := c.r.DeleteGroup(context.Background(), "team"); err != nil {
			t.Fatal(err)
		}
	})
}
