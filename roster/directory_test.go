package roster_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// town is a roster of n groups, every tenth of them listed, of which Ann is in
// the last.
func town(t testing.TB, n int, now *time.Time) *roster.Roster {
	t.Helper()
	r := roster.New(roster.Options{Store: store.Memory(), Outbox: &outbox{wake: make(chan struct{}, 1)}, Renderer: dialect{},
		Now: func() time.Time { return *now }, Log: slog.New(slog.DiscardHandler)})
	for i := range n {
		rec := &roster.GroupRecord{Name: fmt.Sprintf("g%05d", i), Settings: roster.Settings{Listed: i%10 == 0}}
		if i == n-1 {
			rec.Members = team("ann").Members
		}
		if err := r.CreateGroup(context.Background(), rec); err != nil {
			t.Fatal(err)
		}
	}
	r.Complete()
	return r
}

// finds is what name may know of from index i on, at most n groups.
func finds(t testing.TB, r *roster.Roster, name string, i, n int) string {
	t.Helper()
	d, err := r.Directory(context.Background(), at(name))
	if err != nil {
		t.Fatal(err)
	}
	got := []string{fmt.Sprint(d.Len())}
	for j, x := range d.From(context.Background(), i) {
		if at, found := d.Find(x.Name); !found || at != j {
			t.Errorf("%s is at %d, found at %d %v", x.Name, j, at, found)
		}
		if len(got) > n {
			break
		}
		got = append(got, x.Name)
	}
	return strings.Join(got, " ")
}

// Everybody finds what he may know of.
func TestDirectory(t *testing.T) {
	now := noon
	r, ctx := town(t, 35, &now), context.Background()
	for _, c := range []struct{ got, want string }{
		{finds(t, r, "ann", 0, 9), "5 g00000 g00010 g00020 g00030 g00034"},
		{finds(t, r, "eve", 0, 9), "4 g00000 g00010 g00020 g00030"},
		{finds(t, r, "ann", 1, 2), "5 g00010 g00020"},
		{finds(t, r, "ann", 5, 9), "5"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
	if err := r.DeleteGroup(ctx, "g00010"); err != nil {
		t.Fatal(err)
	}
	if err := r.CreateGroup(ctx, &roster.GroupRecord{Name: "a", Settings: roster.Settings{Listed: true}}); err != nil {
		t.Fatal(err)
	}
	if got, want := finds(t, r, "eve", 0, 9), "4 a g00000 g00020 g00030"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// Of many groups a directory is kept a while: nothing in it is shown to who may
// not know it any more, and a new group is there at once.
func TestDirectoryOfMany(t *testing.T) {
	now := noon
	r, ctx := town(t, 1100, &now), context.Background()
	list := func(name string, listed bool) {
		t.Helper()
		if err := r.UpdateGroup(ctx, name, func(s *roster.Settings) error { s.Listed = listed; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if got := finds(t, r, "eve", 0, 2); got != "110 g00000 g00010" {
		t.Error(got)
	}
	list("g00000", false)
	list("g00001", true)
	if got := finds(t, r, "eve", 0, 2); got != "110 g00010 g00020" {
		t.Errorf("kept: %s", got)
	}
	if got := finds(t, r, "bob", 0, 2); got != "110 g00001 g00010" {
		t.Errorf("another's: %s", got)
	}
	now = now.Add(time.Hour)
	if got := finds(t, r, "eve", 0, 2); got != "110 g00001 g00010" {
		t.Errorf("later: %s", got)
	}
	if err := r.CreateGroup(ctx, &roster.GroupRecord{Name: "a", Settings: roster.Settings{Listed: true}}); err != nil {
		t.Fatal(err)
	}
	if got := finds(t, r, "eve", 0, 2); got != "111 a g00001" {
		t.Errorf("with a new one: %s", got)
	}
	for i := range 200 { // many askers
		finds(t, r, fmt.Sprint("x", i), 0, 1)
	}
	if got := finds(t, r, "eve", 0, 2); got != "111 a g00001" {
		t.Errorf("among many: %s", got)
	}
}

func BenchmarkDirectory(b *testing.B) {
	for _, kept := range []bool{false, true} {
		b.Run(fmt.Sprint("kept=", kept), func(b *testing.B) {
			now := noon
			r := town(b, 10_000, &now)
			b.ReportAllocs()
			for b.Loop() {
				if !kept {
					now = now.Add(time.Hour)
				}
				finds(b, r, "eve", 500, 20)
			}
		})
	}
}
