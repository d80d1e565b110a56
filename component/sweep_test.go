package component

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// lines are what a service writes into its log.
type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, string(b))
	return len(b), nil
}

func (l *lines) with(text string) (some []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(l.all), func(line string) bool { return !strings.Contains(line, text) })
}

// kept is a store of groups whose members have granted their presence.
func kept(t testing.TB, groups, members int) roster.Store {
	t.Helper()
	s := store.Memory()
	for n := range groups {
		rec := &roster.GroupRecord{Name: fmt.Sprintf("team%02d", n)}
		for i := range members {
			rec.Members = append(rec.Members, roster.MemberRecord{JID: fmt.Sprintf("m%02d@example.org", i), Affiliation: roster.Plain, Ask: roster.Granted})
		}
		if err := s.CreateGroup(t.Context(), rec); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// A service is ready when all groups answer, however long it takes to find out
// who is there; of that it tells how far it is, and who asks is served first.
func TestReadyBeforeSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const groups, members, rate = 20, 100, 100 // so it takes as many seconds, at least
		server, log := newServer(), &lines{}
		link := server.config()
		link.Log = slog.New(slog.NewTextHandler(log, nil))
		svc := NewService(ServiceConfig{Link: link, Store: kept(t, groups, members), ProbeRate: rate})
		ctx, cancel := context.WithCancel(t.Context())
		over := make(chan error, 1)
		go func() { over <- svc.Run(ctx) }()
		p := server.accept(t, "")
		synctest.Wait()
		if took, ok := svc.Ready(); !ok || took > 1 || len(log.with("msg=ready groups=20")) != 1 { // by the test's clock
			t.Errorf("ready is %v after %v: %q", ok, took, log.all)
		}
		if s := svc.Stats(); !s.Ready || s.Settled || s.Unasked != groups-1 || s.Probes > members {
			t.Errorf("of %d groups: %+v", groups, s)
		}
		const last = "team19@" + testDomain
		p.send("<iq type='get' id='q' from='m00@example.org/desk' to='" + last + "'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>")
		var order []string // of groups, as their members are probed
		for probes := 0; probes < groups*members; {
			got := p.next()
			if !strings.Contains(got, "type='probe'") {
				continue
			}
			probes++
			_, from, _ := strings.Cut(got, "from='")
			if name, _, _ := strings.Cut(from, "@"); !slices.Contains(order, name) {
				order = append(order, name)
			}
		}
		if at := slices.Index(order, "team19"); at < 0 || at > 2 || len(order) != groups {
			t.Errorf("the group that somebody asks is number %d of %q", at, order)
		}
		if err := svc.Settle(ctx); err != nil {
			t.Fatal(err)
		}
		if s := svc.Stats(); !s.Settled || s.Unasked != 0 || s.Probes != groups*members {
			t.Errorf("in the end: %+v", s)
		}
		if n := len(log.with("asking who is there")); n < 4 || n > 20 || len(log.with("all were asked who is there")) != 1 {
			t.Errorf("%d lines: %q", n, log.all)
		}
		cancel()
		if err := <-over; err != nil {
			t.Error(err)
		}
		if _, ok := svc.Ready(); ok {
			t.Error("ready without a server")
		}
	})
}
