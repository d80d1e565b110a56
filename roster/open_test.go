package roster_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// fill fills a store on disk with groups whose members all have a
// subscription of some kind.
func fill(t testing.TB, groups, members int) (path string) {
	t.Helper()
	return fillWith(t, groups, members, true)
}

func fillWith(t testing.TB, groups, members int, subscribed bool) (path string) {
	t.Helper()
	path = "sqlite:" + filepath.Join(t.TempDir(), "rollcall.db")
	kept, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	for i := range groups {
		rec := &roster.GroupRecord{Name: fmt.Sprint("group", i)}
		for n := range members {
			jid := fmt.Sprintf("u%06d@example.org", n)
			rec.Members = append(rec.Members, roster.MemberRecord{JID: jid, Affiliation: roster.Plain, Ask: roster.Granted})
			if !subscribed {
				continue
			}
			sub := roster.SubscriptionRecord{ID: fmt.Sprintf("s%d-%d", i, n), Node: "group", JID: jid, Owner: jid}
			switch n % 10 {
			case 1:
				sub.Manner = "digest 60000"
			case 2:
				sub.Manner = "until 2040-01-01T00:00:00Z"
			case 3:
				sub.Receiving = "attributes availability\n"
			case 4:
				sub.Manner = "receipts asked"
			}
			rec.Subscriptions = append(rec.Subscriptions, sub)
		}
		if err := kept.CreateGroup(t.Context(), rec); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// load opens a store and brings all its groups into memory.
func load(t testing.TB, path string, want int) {
	t.Helper()
	kept, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	r := roster.New(roster.Options{Store: kept, Outbox: deaf{}, Renderer: dialect{}, Log: slog.New(slog.DiscardHandler)})
	names, err := r.ListGroups(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	watches := 0
	for _, name := range names {
		g, err := r.Group(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		all, _ := g.Watches()
		watches += len(all)
	}
	if watches != want {
		t.Fatalf("%d subscriptions, want %d", watches, want)
	}
	for _, name := range names { // their clocks
		if err := r.DeleteGroup(context.Background(), name); err != nil {
			t.Fatal(err)
		}
	}
}

// A store with many subscriptions is open soon. What it takes for 100,000 is
// the benchmark's; here is only that it does not grow out of hand.
func TestOpenIsLinear(t *testing.T) {
	began := time.Now()
	load(t, fill(t, 2, 1000), 2000)
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("2,000 subscriptions took %s", took)
	}
}

// BenchmarkOpen opens a store with 100,000 subscriptions: in one group, and in
// a hundred.
func BenchmarkOpen(b *testing.B) {
	for _, x := range [][2]int{{1, 100_000}, {100, 1000}} {
		b.Run(fmt.Sprintf("%dx%d", x[0], x[1]), func(b *testing.B) {
			path := fill(b, x[0], x[1])
			for b.Loop() {
				kept, err := store.Open(b.Context(), path)
				if err != nil {
					b.Fatal(err)
				}
				r := roster.New(roster.Options{Store: kept, Outbox: deaf{}, Renderer: dialect{}, Log: slog.New(slog.DiscardHandler)})
				names, err := r.ListGroups(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				for _, name := range names {
					if _, err := r.Group(b.Context(), name); err != nil {
						b.Fatal(err)
					}
				}
				kept.Close()
			}
			b.ReportMetric(float64(b.Elapsed().Seconds())/float64(b.N), "s/open")
		})
	}
}

// BenchmarkReady opens a store of 10,000 groups with 500,000 memberships: until
// the first group answers, until all are in memory, and what memory they take.
func BenchmarkReady(b *testing.B) {
	path := fillWith(b, 10_000, 50, false)
	var first, all time.Duration
	var memory int64
	for b.Loop() {
		before := inUse()
		began := time.Now()
		kept, err := store.Open(b.Context(), path)
		if err != nil {
			b.Fatal(err)
		}
		r := roster.New(roster.Options{Store: kept, Outbox: deaf{}, Renderer: dialect{}, Log: slog.New(slog.DiscardHandler)})
		if _, err := r.Group(b.Context(), "group5000"); err != nil {
			b.Fatal(err)
		}
		first += time.Since(began)
		if err := r.Load(b.Context(), func(int) {}); err != nil {
			b.Fatal(err)
		}
		all += time.Since(began)
		memory = inUse() - before
		kept.Close()
		runtime.KeepAlive(r)
	}
	b.ReportMetric(first.Seconds()/float64(b.N), "s/first")
	b.ReportMetric(all.Seconds()/float64(b.N), "s/all")
	b.ReportMetric(float64(memory)/500_000, "B/membership")
}
