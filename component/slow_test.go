package component

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// A server that reads slowly: memory stays what it was however much changes,
// whoever asks is answered before the bulk, and in the end everybody knows how
// things stand.
func TestSlowServer(t *testing.T) { synctest.Test(t, testSlowServer) }

func testSlowServer(t *testing.T) {
	const members, watchers, rate, window = 60, 60, 16 << 10, 64 << 10
	s := newServer()
	kept, rec := store.Memory(), &roster.GroupRecord{Name: "team"}
	for i := range members {
		rec.Members = append(rec.Members, roster.MemberRecord{JID: fmt.Sprintf("u%d@example.org", i), Affiliation: roster.Plain, Ask: roster.Granted})
	}
	if err := kept.CreateGroup(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	cfg := s.config()
	cfg.Window = window
	svc := NewService(ServiceConfig{Link: cfg, Store: kept, Limits: Limits{ChangeRate: -1}})
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() { over <- svc.Run(ctx) }()
	p := s.accept(t, "")
	if err := svc.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	g := svc.Roster.Loaded([]byte("team"))
	for i := range watchers {
		if _, err := g.Subscribe(ctx, fmt.Sprintf("u%d@example.org", i), fmt.Sprintf("u%d@example.org", i), roster.NodePresence, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := svc.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	p.rest()

	// From now on it is slow, and everybody changes every second.
	p.slow.Store(rate)
	var heap uint64
	unacked, control, slowest := 0, 0, time.Duration(0)
	var last string // what was told since the last change
	for second := range 120 {
		for i := range members {
			p.send(fmt.Sprintf("<presence from='u%d@example.org/r' to='team@%s'><status>second %d %s</status></presence>", i, testDomain, second, strings.Repeat("x", 100)))
		}
		if second%10 == 0 {
			began := time.Now()
			id := fmt.Sprint(" id='p", second, "'")
			p.send("<iq type='get' from='u0@example.org/r' to='team@" + testDomain + "'" + id + "><ping xmlns='urn:xmpp:ping'/></iq>")
			for !strings.Contains(p.nextIQ(), id) {
			}
			slowest = max(slowest, time.Since(began))
		}
		time.Sleep(time.Second) // of the test's own clock: nobody waits
		last = p.rest()
		stats := svc.Link.Out.Stats()
		unacked, control = max(unacked, stats.Unacked), max(control, stats.Control)
		if second == 20 {
			heap, _ = measure()
		}
	}
	after, _ := measure()
	p.mu.Lock()
	said := p.bulk
	p.mu.Unlock()
	if after > heap+512<<10 {
		t.Errorf("the heap grew from %d to %d bytes", heap, after)
	}
	// A write is at most a slice, and what was written before is read before.
	if most := time.Duration(window+cfg.withDefaults().Slice) * time.Second / rate; slowest > most {
		t.Errorf("an answer took %v, want %v at most", slowest, most)
	}
	if unacked > window+members*1000 || control > 64<<10 {
		t.Errorf("%d bytes were unacknowledged, %d of answers waited", unacked, control)
	}
	p.slow.Store(0)
	time.Sleep(time.Minute) // of the test's own clock: nobody waits
	synctest.Wait()
	last += p.rest()
	for i := range watchers {
		if !strings.Contains(last, fmt.Sprintf("to='u%d@example.org'", i)) {
			t.Errorf("u%d was not told how things stand", i)
		}
	}
	if n := strings.Count(last, "second 119"); n < watchers*(members-1) {
		t.Errorf("the last state was told %d times, want %d", n, watchers*members)
	}
	if n := svc.Stats().Connections; n != 1 {
		t.Errorf("%d connections", n)
	}
	t.Logf("%d changes, %d KiB of bulk read at %d KiB/s; at most %d KiB unacknowledged, %d bytes of answers waiting; the slowest answer %v; heap %d KiB, then %d KiB",
		120*members, said>>10, rate>>10, unacked>>10, control, slowest.Round(10*time.Millisecond), heap>>10, after>>10)
	if err := p.leave(func() error { cancel(); return <-over }); err != nil {
		t.Error(err)
	}
}
