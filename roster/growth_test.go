package roster_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// work is what a change has cost, in things done.
type work struct {
	items, stanzas, bytes int // rendered
	decisions             int // each asks for the time
	steps                 int // of walks down the list of changes
	allocs                float64
}

// worker renders as package pubsub does, and counts.
type worker struct {
	pubsub.Renderer
	done *work
}

func (w *worker) Member(b []byte, n roster.Node, it *roster.Item) []byte {
	w.done.items++
	return w.Renderer.Member(b, n, it)
}

// A worksite is groups of members who are all there.
type worksite struct {
	members, groups, watchers int
	rules                     int // of each member, about people who are not there
}

// change lets one member change, again and again, and returns what one change
// has cost.
func (s worksite) change(t *testing.T) (done work) {
	t.Helper()
	out := &outbox{wake: make(chan struct{}, 1)}
	r := roster.New(roster.Options{Store: store.Memory(), Outbox: out, Renderer: &worker{pubsub.Renderer{Domain: "groups.example.org"}, &done},
		Now: func() time.Time { done.decisions++; return noon }, Log: slog.New(slog.DiscardHandler)})
	for n := range s.groups {
		rec := &roster.GroupRecord{Name: fmt.Sprint("team", n)}
		for i := range s.members {
			rec.Members = append(rec.Members, roster.MemberRecord{JID: jidOf(i), Affiliation: roster.Plain, Ask: roster.Granted})
		}
		if err := r.CreateGroup(context.Background(), rec); err != nil {
			t.Fatal(err)
		}
	}
	g := r.Loaded([]byte("team0"))
	for i := range s.members {
		m := jidOf(i)
		if s.rules > 0 {
			var others []string
			for k := range s.rules {
				others = append(others, fmt.Sprintf("u%d@elsewhere.example", s.rules*i+k))
			}
			g.SetAuthorization(m, named(others...))
		}
		g.Hear([]byte(m), []byte("desk"), &roster.Presence{Show: roster.Away, Status: texts[0]})
		if i < s.watchers {
			if _, err := g.Subscribe(context.Background(), m, m, roster.NodePresence, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	turn := func() (b []byte) {
		out.ready = out.ready[:0]
		b, more := g.Turn(nil, 1<<30)
		if more {
			t.Fatal("a turn is not enough")
		}
		return b
	}
	turn()
	who, p, i := []byte(jidOf(s.members/2)), &roster.Presence{Show: roster.Away}, 0
	hear := func() {
		i++
		p.Status = texts[i&1]
		g.Hear(who, []byte("desk"), p)
	}
	hear()
	turn() // the first one finds room for what is kept
	done = work{}
	hear()
	done.steps = g.Steps()
	b := turn()
	done.bytes = len(b)
	done.stanzas = countStanzas(b)
	counted := done
	counted.allocs = testing.AllocsPerRun(20, func() { hear(); turn() })
	return counted
}

func jidOf(i int) string { return fmt.Sprintf("user%05d@example.org", i) }

func countStanzas(b []byte) (n int) {
	const head = "<message "
	for i := range b {
		if b[i] == '<' && len(b) > i+len(head) && string(b[i:i+len(head)]) == head {
			n++
		}
	}
	return n
}

// What a change costs grows with those who watch it, and with nothing else:
// not with the members, the groups, or the rules that there are.
func TestChangeGrowsWithWatchersOnly(t *testing.T) {
	base := worksite{members: 100, groups: 1, watchers: 50}
	want := base.change(t)
	if want.items != 1 || want.stanzas != 50 || want.steps != 1 || want.bytes == 0 {
		t.Fatalf("a change for fifty: %+v", want)
	}
	for name, s := range map[string]worksite{
		"10,000 members": {members: 10_000, groups: 1, watchers: 50},
		"1,000 groups":   {members: 100, groups: 1000, watchers: 50},
		"1,000 rules":    {members: 100, groups: 1, watchers: 50, rules: 10},
	} {
		got := s.change(t)
		if got.items != want.items || got.stanzas != want.stanzas || got.steps != want.steps || got.decisions > want.decisions || got.bytes != want.bytes ||
			got.allocs > want.allocs+2 {
			t.Errorf("with %s a change costs %+v, else %+v", name, got, want)
		}
	}
	twice := worksite{members: 100, groups: 1, watchers: 100}
	got := twice.change(t)
	if got.items != 1 || got.stanzas != 100 || got.steps != 1 || got.decisions > want.decisions || got.bytes != 2*want.bytes || got.allocs > want.allocs+2 {
		t.Errorf("with twice the watchers a change costs %+v, else %+v", got, want)
	}
}
