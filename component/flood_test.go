package component

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// Presence may change for ever: memory and goroutines stay what they were.
// Members of many groups come, change and go, each time on a device of another
// name, some faster than anybody could read; every group is watched, and what it has to say is
// taken from it at times, as by a server that keeps up now and then.
//
// ROLLCALL_TEST_FLOOD says how many changes; `make flood` says ten million.
func TestFlood(t *testing.T) {
	changes := 100_000
	if env := os.Getenv("ROLLCALL_TEST_FLOOD"); env != "" {
		var err error
		if changes, err = strconv.Atoi(env); err != nil {
			t.Fatal(err)
		}
	}
	const groups, members = 20, 50
	var now atomic.Int64 // seconds; an alarm of the service's own reads it too
	now.Store(1_000_000)
	s := NewService(ServiceConfig{Store: store.Memory(), Link: Config{Domain: "g.example"}, Now: func() time.Time { return time.Unix(now.Load(), 0) }})
	defer s.pace.drop()
	var all []*roster.Group
	for g := range groups {
		all = append(all, floodGroup(t, s, g, members))
	}
	stanzas, flapping := floodStanzas(groups, members), floodStanzas(1, 1)
	var st frame.Stanza
	var out []byte
	told := 0
	run := func(from, to int) {
		for i := from; i < to; i++ {
			// Two of three go round; the third is always the same member's.
			x := flapping[i/3%len(flapping)]
			if i%3 != 0 {
				n := i - i/3 - 1
				x = stanzas[n%len(stanzas)]
				copy(x[bytes.Index(x, []byte("/r"))+2:], fmt.Sprintf("%06d", n/len(stanzas)%1_000_000))
			}
			if !frame.Parse(x, &st) {
				t.Fatalf("%s", x)
			}
			s.Stanza(&st)
			if i%100 == 0 {
				now.Add(1)
			}
			if i%1000 != 0 {
				continue
			}
			s.pace.tell()
			for _, g := range all {
				for _, jid := range g.Unread() { // nobody keeps a policy at his server
					g.Read(jid)
				}
				for more := true; more; {
					out, more = g.Turn(out[:0], 64<<10)
					told += len(out)
				}
			}
		}
	}
	run(0, changes/10) // everybody and everything has been there
	heap, routines := measure()
	began := time.Now()
	run(changes/10, changes)
	took := time.Since(began)
	heapAfter, routinesAfter := measure()
	delayed, held := s.pace.stats()
	t.Logf("%d changes, %.0f a second, %d MB told, %d told later, %d still to be told; heap %d KiB, then %d KiB; goroutines %d, then %d", changes,
		float64(changes)*0.9/took.Seconds(), told>>20, delayed, held, heap>>10, heapAfter>>10, routines, routinesAfter)
	if heapAfter > heap+256<<10 {
		t.Errorf("the heap grew from %d to %d bytes", heap, heapAfter)
	}
	if routinesAfter > routines+2 { // an alarm may just be ringing
		t.Errorf("goroutines grew from %d to %d", routines, routinesAfter)
	}
	if told == 0 || delayed == 0 {
		t.Errorf("%d bytes told, %d changes told later", told, delayed)
	}
}

func floodGroup(t *testing.T, s *Service, g, members int) *roster.Group {
	t.Helper()
	rec := &roster.GroupRecord{Name: fmt.Sprintf("group%d", g)}
	for m := range members {
		rec.Members = append(rec.Members, roster.MemberRecord{JID: fmt.Sprintf("u%d@x", m), Affiliation: roster.Plain, Ask: roster.Granted})
	}
	if err := s.Roster.CreateGroup(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	group := s.Roster.Loaded([]byte(rec.Name))
	for _, n := range []roster.Node{roster.NodePresence, roster.NodeGroup} {
		if _, err := group.Subscribe(t.Context(), "u0@x", "u0@x", n, nil); err != nil {
			t.Fatal(err)
		}
	}
	group.Open()
	return group
}

func floodStanzas(groups, members int) (all [][]byte) {
	for _, what := range []string{"><show>away</show><status>At work</status><priority>1</priority></presence>", "><show>dnd</show></presence>",
		"><status>On the phone</status></presence>", " type='unavailable'/>"} {
		for g := range groups {
			for m := range members {
				x := fmt.Sprintf("<presence from='u%d@x/r000000' to='group%d@g.example'", m, g) + what
				all = append(all, []byte(x))
			}
		}
	}
	return all
}

// measure is what lives, after everything else was collected.
func measure() (heap uint64, goroutines int) {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc, runtime.NumGoroutine()
}
