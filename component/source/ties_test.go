package source_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/component/source"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// farewells is how often a node of the team was unsubscribed from.
func (p *peer) farewells() (n int) {
	p.change(func() {
		for _, a := range p.asked {
			if strings.HasPrefix(a, "set team@groups.example.org "+teamJID) && strings.Contains(a, "<unsubscribe node='"+ns+"#") {
				n++
			}
		}
	})
	return n
}

// last is what the peer was told last.
func (p *peer) last() (last string) {
	p.change(func() {
		for _, a := range p.asked {
			if strings.HasPrefix(a, "set ") {
				last = a
			}
		}
	})
	return last
}

// atPeer is a source whose groups are told of all the time.
func atPeer(p *peer, pace source.Pace) source.Spec {
	return source.Spec{Name: "hr", Kind: "peer", Address: peerJID, Holds: roster.TieList, Key: "1", Remote: true, Source: newSource(p, pace)}
}

func ties(t *testing.T, st roster.Store) []roster.TieRecord {
	t.Helper()
	all, err := st.ListTies(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func refuses(todo, condition string) string {
	return "<iq type='error'><error type='" + todo + "'><" + condition + " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
}

// subscribed is what is left of a life in which a peer's group was taken in.
func subscribed(t *testing.T, p *peer) roster.Store {
	t.Helper()
	st := store.Memory()
	h, stop := newHouseOver(t, st, p.link, atPeer(p, source.Pace{}))
	up, down := context.WithCancel(t.Context())
	h.Attached(up)
	h.lost("hr", "team", "")
	down()
	stop()
	want := []roster.TieRecord{{Kind: roster.TieList, For: "hr", There: teamJID, Here: "team"}}
	if all := ties(t, st); !slices.Equal(all, want) || p.farewells() > 0 {
		t.Fatalf("held is %v; %d unsubscribed", all, p.farewells())
	}
	return st
}

// A source that is not configured, or otherwise, when the service comes back is
// told so, until it has heard it: not one whose groups are still wanted.
func TestLeftAtStart(t *testing.T) {
	change := func(f func(*source.Spec)) func(source.Spec) []source.Spec {
		return func(s source.Spec) []source.Spec { f(&s); return []source.Spec{s} }
	}
	for what, c := range map[string]struct {
		specs func(source.Spec) []source.Spec
		left  bool
	}{
		"is not configured":  {func(source.Spec) []source.Spec { return nil }, true},
		"is as it was":       {change(func(*source.Spec) {}), false},
		"has another name":   {change(func(s *source.Spec) { s.Name = "people" }), false}, // which holds the very same
		"is periodic":        {change(func(s *source.Spec) { s.Holds = "" }), true},
		"is somewhere else":  {change(func(s *source.Spec) { s.Address = "other.example.org" }), true},
		"has this group not": {change(func(s *source.Spec) { s.Groups = []string{"ops"} }), true},
		"is a room":          {change(func(s *source.Spec) { s.Holds = roster.TieRoom }), true},
	} {
		t.Run(what, func(t *testing.T) {
			p := newPeer()
			st := subscribed(t, p)
			specs := c.specs(atPeer(p, source.Pace{}))
			h, stop := newHouseOver(t, st, p.link, specs...)
			defer stop()
			if !c.left {
				up, down := context.WithCancel(t.Context())
				defer down()
				h.Attached(up)
				h.lost(specs[0].Name, "", "")
				h.ties.Look()
				until(t, func() bool { all := ties(t, st); return len(all) == 1 && all[0].For == specs[0].Name })
				if last := p.last(); !strings.Contains(last, "<subscribe ") {
					t.Errorf("the last word is %s", last)
				}
				return
			}
			until(t, func() bool { return len(ties(t, st)) == 0 })
			if n := p.farewells(); n != 2 {
				t.Errorf("%d unsubscribed", n)
			}
		})
	}
}

// Who cannot be reached is told later, and not too often; a refusal of its own is
// the end of it; what cannot be forgotten is told again.
func TestLeavingIsTriedAgain(t *testing.T) {
	for answer, again := range map[string]bool{
		refuses("cancel", "remote-server-not-found"): true,
		refuses("wait", "remote-server-timeout"):     true,
		refuses("cancel", "service-unavailable"):     true,
		refuses("wait", "policy-violation"):          true,
		"<iq type='error'":                           true,
		refuses("cancel", "item-not-found"):          false,
		refuses("modify", "unexpected-request"):      false,
		refuses("cancel", "not-allowed"):             true,
		refuses("wait", "item-not-found"):            true,
	} {
		p := newPeer()
		st := subscribed(t, p)
		down := true
		p.answer = func(typ, from, to, payload string) string {
			if down {
				return answer
			}
			return p.serve(typ, from, to, payload)
		}
		h, stop := newHouseOver(t, st, p.link)
		if again {
			until(t, func() bool { return p.farewells() >= 4 }) // the first of two, four times
			if len(ties(t, st)) != 1 || h.ties.Stats() != (source.TieStats{Held: 1, Leaving: 1}) {
				t.Errorf("%s: held is %v, %+v", answer, ties(t, st), h.ties.Stats())
			}
			if n := h.log.count("tried again"); n != 1 {
				t.Errorf("%s: logged %d times", answer, n)
			}
			p.change(func() { down = false })
		}
		until(t, func() bool { return len(ties(t, st)) == 0 && h.ties.Stats() == source.TieStats{} })
		stop()
		n := p.farewells()
		if _, stop = newHouseOver(t, st, p.link); p.farewells() != n {
			t.Errorf("%s: it is said again", answer)
		}
		stop()
	}
}

// What cannot be remembered is not asked for.
func TestUnheldIsNotAsked(t *testing.T) {
	p, s := newPeer(), newSink()
	s.unheld = errors.New("the disk is full")
	runs(t, newSource(p, quick), s)
	s.until(t, "lost team: the disk is full")
	m, r := newMUC(), newSink()
	r.unheld = s.unheld
	runs(t, m.source(quick), r)
	r.until(t, "lost team: the disk is full")
	p.change(func() {
		for _, a := range p.asked {
			if strings.HasPrefix(a, "set ") {
				t.Errorf("asked %s", a)
			}
		}
	})
	m.change(func() {
		if len(m.sent) > 0 {
			t.Errorf("sent %s", m.sent)
		}
	})
}

// A room in which we were left sitting is left.
func TestRoomIsLeftAtStart(t *testing.T) {
	m, s := newMUC(), newSink()
	runs(t, m.source(source.Pace{}), s)
	s.until(t, "back")
	s.mu.Lock()
	held := slices.Clone(s.held)
	s.mu.Unlock()
	if !slices.Equal(held, []string{"room " + roomJID + " team"}) {
		t.Fatalf("held is %q", held)
	}
	st := store.Memory()
	if err := st.StoreTie(t.Context(), roster.TieRecord{Kind: roster.TieRoom, For: "rooms", There: roomJID, Here: "team"}); err != nil {
		t.Fatal(err)
	}
	_, stop := newHouseOver(t, st, m.link)
	defer stop()
	until(t, func() bool { return len(ties(t, st)) == 0 })
	m.change(func() {
		if last := m.sent[len(m.sent)-1]; last != "<presence type='unavailable' from='groups.example.org/rollcall' to='"+roomJID+"/groups.example.org'/>" {
			t.Errorf("sent %s", last)
		}
	})
}

// Who wants something again while it is being told that it does not is heard
// last.
func TestHoldWaits(t *testing.T) {
	st, wanted := store.Memory(), false
	rec := roster.TieRecord{Kind: roster.TieList, For: "hr", There: teamJID, Here: "team"}
	begun, end := make(chan struct{}), make(chan struct{})
	all := source.NewTies(source.TiesConfig{Store: st, Wanted: func(roster.TieRecord) bool { return wanted },
		Leave: func(context.Context, roster.TieRecord) error { close(begun); <-end; return nil }})
	if err := all.Hold(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() { defer close(over); all.Run(ctx) }()
	defer func() { stop(); <-over }()
	<-begun
	late, cancel := context.WithCancel(t.Context())
	cancel()
	if err := all.Hold(late, rec); !errors.Is(err, context.Canceled) {
		t.Fatalf("it does not wait: %v", err)
	}
	wanted = true
	close(end)
	if err := all.Hold(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	if len(ties(t, st)) != 1 {
		t.Error("it is not remembered")
	}
}
