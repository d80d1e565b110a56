package roster_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// mail is the multicast service of a stage: what has left for it, and who it
// has not reached yet. Its copies are judged, and heard, when they leave; until
// they have landed nothing may reach their readers by another way.
type mail struct {
	now    roster.Multicast
	aloft  []copied
	posted int // in the turn
}

// copied is a stanza that is aloft.
type copied struct {
	id     string
	h      heard
	before map[string]clientState // by the key of the sub
}

// clientState is what a reader held.
type clientState struct {
	table map[string]string
	token string
}

const service, served = "multicast.a.example", "a.example"

// draw makes it another service, or none.
func (m *mail) draw(t *rapid.T, s *stage) {
	m.now = roster.Multicast{}
	if rapid.IntRange(0, 3).Draw(t, "service") > 0 {
		m.now = roster.Multicast{Service: service, Domain: served,
			Messages: rapid.IntRange(0, 3).Draw(t, "messages"), Presences: rapid.IntRange(0, 3).Draw(t, "presences")}
	}
	t.Logf("multicast %+v", m.now)
	m.use(s, m.now)
}

func (m *mail) use(s *stage, now roster.Multicast) {
	m.now = now
	s.r.SetMulticast(now)
}

// way is how what s says leaves.
func (s *stage) way() string {
	switch copies := s.mail.now.Service != ""; {
	case copies && s.office.on:
		return "both"
	case copies:
		return "multicast"
	case s.office.on:
		return "pubsub"
	}
	return "own"
}

// happens is what may happen on the way: something lands, something comes
// back, the service is another one.
func (m *mail) happens(t *rapid.T, s *stage) {
	switch rapid.IntRange(0, 3).Draw(t, "mail") {
	case 0:
		if m.now.Service != "" {
			m.draw(t, s)
		}
	case 1, 2:
		m.land(s, rapid.IntRange(0, len(m.aloft)).Draw(t, "landed"))
	case 3:
		if len(m.aloft) > 0 {
			t.Log("returned")
			m.returned(s, rapid.Bool().Draw(t, "alone"))
		}
	}
}

// deliver notes a stanza to the service, and lists what its readers hear.
func (m *mail) deliver(s *stage, id string, h heard) (all []heard) {
	s.t.Helper()
	most := m.now.Messages
	if h.kind == "contact" {
		most = m.now.Presences
	}
	if m.posted++; h.to != service || len(h.copies) > max(1, most) {
		s.t.Fatalf("to %s for %q, at most %d\n%+v", h.to, h.copies, most, h)
	}
	c := copied{id: id, h: h, before: map[string]clientState{}}
	for i, to := range h.copies {
		if bare, _, _ := strings.Cut(to, "/"); !strings.HasSuffix(bare, "@"+served) || slices.Contains(h.copies[:i], to) {
			s.t.Fatalf("the service is not for %s, or gets it twice: %q", to, h.copies)
		}
		one := h
		one.to, one.copies = to, []string{service}
		all = append(all, one)
		if x := s.clients[h.node+" "+to]; x != nil {
			c.before[h.node+" "+to] = clientState{maps.Clone(x.table), x.token}
		}
	}
	m.aloft = append(m.aloft, c)
	return all
}

// overtaken says why h must not leave: its reader has something coming.
func (m *mail) overtaken(h heard) error {
	if len(h.copies) > 0 {
		return nil
	}
	bare, _, _ := strings.Cut(h.to, "/")
	for _, c := range m.aloft {
		for _, to := range c.h.copies {
			other, _, _ := strings.Cut(to, "/")
			answers := h.kind == "answer" || h.kind == "contact" && h.to != bare
			if to == h.to && c.h.node == h.node || answers && other == bare {
				return fmt.Errorf("it overtakes %+v", c.h)
			}
		}
	}
	return nil
}

// count compares what the group says of a turn.
func (m *mail) count(s *stage) {
	s.t.Helper()
	extra, stanzas, hurry := s.g.Copied()
	if stanzas != m.posted || extra < 0 || hurry && len(m.aloft) == 0 {
		s.t.Fatalf("%d stanzas were posted, the group says %d (%d bytes more, hurry %v)", m.posted, stanzas, extra, hurry)
	}
	m.posted = 0
}

// land lets the next n stanzas land; false if there is none.
func (m *mail) land(s *stage, n int) bool {
	if n == 0 {
		return false
	}
	m.aloft = m.aloft[n:]
	s.g.Landed(n)
	return true
}

// lost forgets what was aloft: the connection broke.
func (m *mail) lost() { m.aloft = nil }

// returned lets the next stanza come back: its readers never had it. What they
// had after it they hear again, as those who ask.
func (m *mail) returned(s *stage, alone bool) {
	back := m.aloft[0]
	id := back.id
	if back.h.kind == "contact" {
		id = ""
	}
	m.aloft[0].h.copies = nil // it counts as landed later
	for key, before := range back.before {
		c := s.clients[key]
		if c == nil {
			continue
		}
		c.table, c.token, c.parts, c.adrift, c.may = maps.Clone(before.table), before.token, nil, true, true
	}
	s.g.Returned(id, alone)
	s.g.Check(s.t)
}

// What is alike leaves once; who asks meanwhile is answered behind it, also if
// something happens all the time; and what comes back is told again.
func TestCopies(t *testing.T) {
	rec := &roster.GroupRecord{Name: "team", Settings: roster.Settings{Payload: roster.Both}}
	for i, j := range everybody[:4] { // dan's server has no service
		rec.Members = append(rec.Members, roster.MemberRecord{JID: j, Affiliation: roster.Plain, Ask: roster.Granted})
		rec.Subscriptions = append(rec.Subscriptions, roster.SubscriptionRecord{ID: fmt.Sprint(i), Node: "group", JID: j, Owner: j})
	}
	s := play(t, rec)
	s.mail.now = roster.Multicast{Service: service, Domain: served, Messages: 3}
	s.r.SetMulticast(s.mail.now)
	s.settle(1 << 20)
	status := 0
	news := func() {
		t.Helper()
		status++
		s.do(op{kind: "hear", jid: "ann@a.example", resource: "desk", presence: roster.Presence{Show: roster.Online, Status: fmt.Append(nil, status)}})
		s.turn(1 << 20)
	}
	news()
	if n := len(s.mail.aloft); n != 1 || len(s.mail.aloft[0].h.copies) != 3 {
		t.Fatalf("%d stanzas: %+v", n, s.mail.aloft)
	}
	s.ask(roster.Question{Node: roster.NodeGroup, Watcher: "bob@a.example", To: "bob@a.example/q", Max: -1, Index: -1}, nil)
	s.ask(roster.Question{Node: roster.NodeGroup, Watcher: "dan@b.example", To: "dan@b.example/q", Max: -1, Index: -1}, nil)
	news()
	if len(s.asks) != 1 || len(s.mail.aloft) != 2 || len(s.mail.aloft[1].h.copies) != 2 {
		t.Fatalf("%d wait for an answer, aloft %+v", len(s.asks), s.mail.aloft)
	}
	s.mail.land(s, 1) // the last that went to bob
	if s.turn(1 << 20); len(s.asks) > 0 {
		t.Fatal("bob waits although nothing is aloft to him")
	}
	s.settle(1 << 20)
	news()
	s.mail.returned(s, true)
	s.turn(1 << 20)
	if n := len(s.mail.aloft); n != 1 { // that which came back
		t.Fatalf("%d stanzas are aloft to whom the service does not serve", n)
	}
	s.settle(1 << 20)
}
