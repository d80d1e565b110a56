package roster_test

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"testing"

	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// shelf is a store with groups that are made as they are read, so that nothing
// of them is held but by who reads.
type shelf struct {
	roster.Store
	groups, members int
}

func (s *shelf) EachGroup(_ context.Context, f func(*roster.GroupRecord) error) error {
	for n := range s.groups {
		rec := &roster.GroupRecord{Name: fmt.Sprint("team", n)}
		for i := range s.members {
			rec.Members = append(rec.Members, roster.MemberRecord{JID: jidOf(n*s.members + i), Nick: fmt.Sprint("u", i), Affiliation: roster.Plain, Ask: roster.Granted})
		}
		if err := f(rec); err != nil {
			return err
		}
	}
	return nil
}

// weigh is how many bytes of the heap a member takes whose group was loaded and
// asked its members' servers who is there.
func (s *shelf) weigh(tb testing.TB, there bool) float64 {
	tb.Helper()
	before := inUse()
	r := roster.New(roster.Options{Store: s, Outbox: &outbox{wake: make(chan struct{}, 1)}, Renderer: dialect{}, Log: slog.New(slog.DiscardHandler)})
	if err := r.Load(tb.Context(), func(int) {}); err != nil {
		tb.Fatal(err)
	}
	for n := range s.groups {
		g := r.Loaded(fmt.Append(nil, "team", n))
		g.Wants()
		for i := range s.members {
			p := &roster.Presence{Show: roster.Away, Status: []byte("In a meeting, back at three")}
			if !there {
				p = &roster.Presence{}
			}
			g.Hear([]byte(jidOf(n*s.members+i)), []byte("desk"), p)
		}
		if !g.Swept(true) {
			tb.Fatal("somebody has not answered")
		}
	}
	weight := float64(inUse()-before) / float64(s.groups*s.members)
	runtime.KeepAlive(r)
	return weight
}

func shelves() []*shelf {
	return []*shelf{{store.Memory(), 100, 100}, {store.Memory(), 1, 10_000}}
}

// The budgets of memory, with a tenth of room: what lives, without garbage and
// what the runtime needs to know of it.
func TestMemoryOfAMember(t *testing.T) {
	for _, s := range shelves() {
		for there, most := range map[bool]float64{false: 290, true: 720} {
			if w := s.weigh(t, there); w > most {
				t.Errorf("%d groups of %d, there %v: %.0f bytes for a member, at most %.0f", s.groups, s.members, there, w, most)
			} else {
				t.Logf("%d groups of %d, there %v: %.0f bytes for a member", s.groups, s.members, there, w)
			}
		}
	}
}
