package roster_test

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// A rule ends soon after its time although the clock was set, or stood still
// with the machine: a timer knows nothing of that.
func TestRuleEndsAlthoughTheClockJumps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, slept := context.Background(), atomic.Int64{}
		out := &outbox{wake: make(chan struct{}, 1)}
		r := roster.New(roster.Options{Store: store.Memory(), Outbox: out, Renderer: dialect{}, Log: slog.New(slog.DiscardHandler),
			Now: func() time.Time { return time.Now().Add(time.Duration(slept.Load())) }})
		if err := r.CreateGroup(ctx, team("ann", "bob")); err != nil {
			t.Fatal(err)
		}
		g := r.Loaded([]byte("team"))
		rule := policy.Rule{Attributes: policy.Availability, Until: time.Now().Add(12 * time.Hour).UTC().Truncate(time.Second)}
		if err := g.Authorize(ctx, at("ann"), &policy.Authorization{Share: true, Rules: []policy.Rule{rule}}); err != nil {
			t.Fatal(err)
		}
		g.Hear([]byte(at("ann")), []byte("desk"), &roster.Presence{Show: roster.Online})
		if _, err := g.Subscribe(ctx, at("bob"), at("bob"), roster.NodePresence, nil); err != nil {
			t.Fatal(err)
		}
		told := func() (last string) {
			for g := out.next(); g != nil; g = out.next() {
				b, _ := g.Turn(nil, 1<<20)
				last = string(b)
			}
			return last
		}
		if got := told(); !strings.Contains(got, "there=true") {
			t.Fatal(got)
		}
		time.Sleep(time.Hour) // of the test's own clock: nobody waits
		synctest.Wait()
		if got := told(); got != "" {
			t.Errorf("nothing has ended, and yet: %s", got)
		}
		slept.Store(int64(12 * time.Hour))
		time.Sleep(2 * time.Minute) // of the test's own clock: nobody waits
		synctest.Wait()
		if got := told(); !strings.Contains(got, "there=false") {
			t.Errorf("the rule is over: %q", got)
		}
	})
}
