package roster_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

var allOfThem = []string{"publish bob item ann", "publish bob item bob", "publish bob item cid", "publish bob item dan@b.example"}

// Each watcher of the server's own users is told by a node of his own: nothing
// before it is there and his, and nothing but what he is to be told.
func TestOutposts(t *testing.T) {
	s := newStation(t, at("bob"), "dan@b.example")
	s.turns(1 << 20)
	s.heard("make bob", "event dan@b.example")
	for range 3 { // deleted, made, his
		s.r.OutpostAnswered(s.answers[0][0], s.answers[0][1])
		s.answers = s.answers[1:]
		s.says("ann", fmt.Sprint(len(s.answers)))
		s.turns(1 << 20)
		s.heard("event dan@b.example")
	}
	s.settle()
	s.heard(allOfThem...)
	s.says("ann", "hello")
	s.settle()
	s.heard("publish bob item ann", "event dan@b.example")
	s.ok(s.r.RemoveMember(t.Context(), "team", at("cid")))
	s.settle()
	s.heard("publish bob gone cid", "event dan@b.example")
	if stats := s.r.Outposts(); stats != (roster.OutpostStats{Nodes: 1, Made: 1, Published: 6}) {
		t.Errorf("%+v", stats)
	}
}

// Whose watch ends is told nothing more, and that is said before anything else.
func TestOutpostsEnd(t *testing.T) {
	for name, end := range map[string]func(*station) error{
		"unsubscribed": func(s *station) error {
			return s.g.Unsubscribe(s.Context(), at("bob"), at("bob"), roster.NodePresence, "")
		},
		"not allowed": func(s *station) error {
			return s.r.UpdateGroup(s.Context(), "team", func(x *roster.Settings) error { x.Policy = "watch jid:dan@b.example"; return nil })
		},
		"thrown out":    func(s *station) error { return s.g.Ban(s.Context(), "", at("bob")) },
		"with the rest": func(s *station) error { return s.r.DeleteGroup(s.Context(), "team") },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStation(t, at("bob"), "dan@b.example")
			s.settle()
			s.said = nil
			s.says("ann", "nobody's business")
			s.ok(end(s))
			s.turns(1 << 20)
			if len(s.said) == 0 || s.said[0] != "raze "+at("bob") || len(s.posts) > 0 {
				t.Errorf("said %q, nodes %v", s.said, s.posts)
			}
			s.settle()
			if slices.ContainsFunc(s.said, func(x string) bool { return strings.HasPrefix(x, "publish") || strings.HasPrefix(x, "make") }) {
				t.Errorf("said %q", s.said)
			}
		})
	}
}

// A node that somebody else has is not used, and nothing is published in it.
func TestOutpostsTaken(t *testing.T) {
	s := newStation(t, at("bob"), at("cid"))
	rec, err := s.st.GetGroup(t.Context(), "team")
	s.ok(err)
	s.taken[rec.Subscriptions[0].Outpost] = true
	s.settle()
	if !slices.Contains(s.said, "event "+at("bob")) {
		t.Errorf("said %q", s.said)
	}
	s.said = nil
	s.says("ann", "hello")
	s.settle()
	s.heard("event bob", "publish cid item ann")
}

// A service that lets us make no nodes costs nobody anything but nodes, and is
// asked again in the next connection.
func TestOutpostsRefused(t *testing.T) {
	s := newStation(t, at("bob"), at("cid"))
	s.refuses = "forbidden"
	s.settle()
	if n := s.r.Outposts(); n.Nodes != 0 || n.Refused != 2 || n.Published != 0 {
		t.Errorf("%+v, said %q", n, s.said)
	}
	s.said = nil
	s.says("ann", "hello")
	s.settle()
	s.heard("event bob", "event cid")
	made := s.r.Outposts().Made
	_, err := s.g.Subscribe(t.Context(), at("dan"), at("dan"), roster.NodePresence, nil)
	s.ok(err)
	s.settle()
	if n := s.r.Outposts().Made; n != made {
		t.Error("it is asked once more, which has refused")
	}
	s.ok(s.g.Unsubscribe(t.Context(), at("dan"), at("dan"), roster.NodePresence, ""))
	s.refuses = ""
	s.r.Attached()
	s.g.Lost()
	s.there()
	s.settle()
	if len(s.posts) != 2 {
		t.Errorf("nodes %v, said %q", s.posts, s.said)
	}
}

// A node that is lost is made again, whole; one that is lost again and again is
// given up.
func TestOutpostsLost(t *testing.T) {
	s := newStation(t, at("bob"))
	for range 3 {
		s.settle()
		s.said = nil
		clear(s.posts)
		s.says("ann", "hello")
		s.settle()
		s.heard(append([]string{"make bob"}, allOfThem...)...)
		s.says("ann", "bye")
	}
	s.settle()
	s.said = nil
	for i := range 12 {
		s.says("ann", fmt.Sprint(i))
		s.turns(1 << 20)
		clear(s.posts)
		s.answer()
	}
	if n := s.r.Outposts(); n.Refused != 1 || s.said[len(s.said)-1] != "event "+at("bob") {
		t.Errorf("%+v, said %q", n, s.said)
	}
}

// In another connection nothing that was said in the former one counts, and the
// state is told whole, by another node.
func TestOutpostsReconnect(t *testing.T) {
	s := newStation(t, at("bob"))
	s.turns(1 << 20)
	old := s.answers
	s.r.Detached()
	s.r.Attached()
	s.g.Lost()
	s.there()
	s.answers, s.said = nil, nil
	s.turns(1 << 20)
	s.heard("make bob")
	for _, a := range old {
		s.r.OutpostAnswered(a[0], a[1])
	}
	s.turns(1 << 20)
	s.heard()
	s.settle()
	s.heard(allOfThem...)
}

// What a state is made of may leave in many turns; who is not to see the rest
// does not.
func TestOutpostsInPieces(t *testing.T) {
	s := newStation(t, at("bob"))
	s.says("cid", "secret")
	s.turns(1 << 20)
	s.answer()
	s.said = nil
	s.turn(s.out.next(), 1)
	s.heard(allOfThem[0])
	s.ok(s.g.Authorize(t.Context(), at("cid"), &policy.Authorization{}))
	s.settle()
	s.heard(append([]string{"publish bob item cid"}, allOfThem[1:]...)...) // he changed meanwhile
	if slices.ContainsFunc(s.items, func(x string) bool { return strings.Contains(x, "secret") }) {
		t.Errorf("published %q", s.items)
	}
}

// By another configuration the same watchers are told another way: nobody
// misses anything, and nothing is left where it was.
func TestOutpostsMove(t *testing.T) {
	s := newStation(t, at("bob"))
	s.settle()
	rec, err := s.st.GetGroup(t.Context(), "team")
	s.ok(err)
	name := rec.Subscriptions[0].Outpost
	s.g.EachOutpost(func(node, _ string) {
		if node != name {
			t.Errorf("node %s, stored is %s", node, name)
		}
		delete(s.posts, node)
	})
	s.said = nil
	s.begin(false)
	s.settle()
	s.heard("event bob")
	if list := s.g.Subscriptions(at("bob")); len(list) != 1 || list[0].Outpost != "" {
		t.Errorf("he is told of %+v", list)
	}
	s.begin(true)
	s.settle()
	s.heard(append([]string{"make bob"}, allOfThem...)...)
	if list := s.g.Subscriptions(at("bob")); len(list) != 1 || list[0].Outpost != name {
		t.Errorf("he is told of %+v, not of %s", list, name)
	}
	if _, told := s.out.sent(); !slices.Equal(told, []string{"not: presence " + at("bob")}) {
		t.Errorf("told %q", told)
	}
}

// Another wish moves a subscriber, whole: who asks for JSON, which is one item
// for all that changed, or for receipts, which are of messages of ours, is told
// from the group, and who asks for documents by his node.
func TestOutpostsFormats(t *testing.T) {
	s := newStation(t)
	rec, err := s.g.SubscribeWith(t.Context(), at("bob"), at("bob"), roster.NodePresence, &roster.Wish{Manner: roster.Manner{Format: roster.FormatJSON}})
	s.ok(err)
	s.settle()
	s.heard("event bob")
	becomes := func(m roster.Manner, posted bool, want ...string) {
		t.Helper()
		s.ok(s.g.Reconfigure(t.Context(), at("bob"), at("bob"), roster.NodePresence, rec.ID, &roster.Wish{Manner: m}))
		s.settle()
		s.heard(want...)
		if list := s.g.Subscriptions(at("bob")); len(list) != 1 || (list[0].Outpost != "") != posted || len(s.posts) > 0 != posted {
			t.Errorf("%+v: he is told of %+v, nodes %v", m, list, s.posts)
		}
		s.says("ann", fmt.Sprint(m))
		s.settle()
		if posted {
			s.heard("publish bob item ann")
		} else {
			s.heard("event bob")
		}
	}
	made := append([]string{"make bob"}, allOfThem...)
	becomes(roster.Manner{}, true, made...)
	becomes(roster.Manner{Format: roster.FormatJSON}, false, "raze bob", "event bob")
	becomes(roster.Manner{Format: roster.FormatPIDF}, true, made...)
	becomes(roster.Manner{Receipts: true}, false, "raze bob", "event bob")
	becomes(roster.Manner{OneItem: true}, true, made...)
	becomes(roster.Manner{Format: roster.FormatJSON, Receipts: true}, false, "raze bob", "event bob")
}
