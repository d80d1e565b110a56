package component

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// Wherever the clock is set, who asked too much may ask again when he might
// have anyway, nobody gets more than his burst, what was to be told later is
// told, and the link is none the worse.
func TestLimitsWhenTheClockIsSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var set atomic.Int64
		kept, s := store.Memory(), newServer()
		rec := &roster.GroupRecord{Name: "team", Members: []roster.MemberRecord{
			{JID: "alice@example.org", Affiliation: roster.Plain, Ask: roster.Granted}, {JID: "bob@example.org", Affiliation: roster.Plain, Ask: roster.Granted}}}
		if err := kept.CreateGroup(t.Context(), rec); err != nil {
			t.Fatal(err)
		}
		svc := NewService(ServiceConfig{Link: s.config(), Store: kept, Limits: Limits{Rate: 1, Burst: 5, ChangeRate: 1, ChangeBurst: 2},
			Now: func() time.Time { return time.Now().Add(time.Duration(set.Load())) }})
		ctx, cancel := context.WithCancel(t.Context())
		over := make(chan error, 1)
		go func() { over <- svc.Run(ctx) }()
		p := s.accept(t, "")
		if err := svc.Settle(ctx); err != nil {
			t.Fatal(err)
		}
		// pings asks so often and says how many were answered.
		pings := func(times int) (answered int) {
			for i := range times {
				p.send(pingFrom(fmt.Sprint("p", i)))
			}
			for range times {
				if strings.Contains(p.nextIQ(), "type='result'") {
					answered++
				}
			}
			return answered
		}
		if _, err := svc.Roster.Loaded([]byte("team")).Subscribe(ctx, "bob@example.org", "bob@example.org", roster.NodePresence, nil); err != nil {
			t.Fatal(err)
		}
		if n := pings(20); n != 5 {
			t.Errorf("%d of 20 are answered", n)
		}
		for i, to := range []time.Duration{-time.Hour, 0, 30 * 365 * 24 * time.Hour, -40 * 365 * 24 * time.Hour, 0} {
			set.Store(int64(to))
			if n := pings(20); n > 5 {
				t.Errorf("the clock set to %v: %d are answered at once", to, n)
			}
			// More changes than are told at once; the last of them is, soon.
			for j := range 20 {
				p.send(fmt.Sprintf("<presence from='alice@example.org/r' to='team@%s'><status>%d at %d</status></presence>", testDomain, j, i))
			}
			time.Sleep(10 * time.Second) // of the test's own clock: nobody waits
			synctest.Wait()
			told := p.rest()
			if last := fmt.Sprintf("<status>19 at %d</status>", i); !strings.Contains(told, last) {
				t.Errorf("the clock set to %v: not told after 10 s: %s\n%.500s", to, last, told)
			}
			if n := pings(20); n != 5 {
				t.Errorf("10 s after the clock was set to %v: %d are answered", to, n)
			}
		}
		if n := svc.Stats().Connections; n != 1 {
			t.Errorf("%d connections", n)
		}
		if err := p.leave(func() error { cancel(); return <-over }); err != nil {
			t.Error(err)
		}
	})
}

// nextIQ is the next that is no presence and no event.
func (p *peer) nextIQ() string {
	p.t.Helper()
	for {
		if s := p.next(); s == "" || strings.HasPrefix(s, "<iq") {
			return s
		}
	}
}

// rest is all that has come and was not taken yet. It does not wait.
func (p *peer) rest() string {
	var all strings.Builder
	for {
		select {
		case s, ok := <-p.in:
			if !ok {
				return all.String()
			}
			all.WriteString(s + "\n")
		default:
			return all.String()
		}
	}
}
