package roster_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// station is a server's PubSub service: what it was asked for, in its order,
// and what it has not answered yet.
type station struct {
	*testing.T
	st      roster.Store
	out     *outbox
	r       *roster.Roster
	g       *roster.Group
	posts   map[string]*stationPost // nodes, by name
	taken   map[string]bool         // nodes of somebody else
	refuses string                  // the condition with which it refuses to make nodes
	answers [][2]string             // id and condition
	said    []string                // what left, a word for each stanza
	items   []string                // what was published
}

type stationPost struct {
	member, subscriber string
	got                map[string]string // what the subscriber holds by it
}

func newStation(t *testing.T, watchers ...string) *station {
	t.Helper()
	rec := &roster.GroupRecord{Name: "team", Settings: roster.Settings{Policy: "watch anyone"}}
	for _, j := range everybody[:4] {
		rec.Members = append(rec.Members, roster.MemberRecord{JID: j, Affiliation: roster.Plain, Ask: roster.Granted})
	}
	for i, j := range watchers {
		rec.Subscriptions = append(rec.Subscriptions, roster.SubscriptionRecord{ID: fmt.Sprint("s", i), Node: "presence", JID: j, Owner: j})
	}
	s := &station{T: t, st: store.Memory(), posts: map[string]*stationPost{}, taken: map[string]bool{}}
	s.ok(s.st.CreateGroup(t.Context(), rec))
	s.begin(true)
	return s
}

// begin is a process that begins, and attaches.
func (s *station) begin(outposts bool) {
	s.Helper()
	s.out = &outbox{wake: make(chan struct{}, 1)}
	o := roster.Options{Store: s.st, Outbox: s.out, Renderer: dialect{}, Log: slog.New(slog.DiscardHandler)}
	if outposts {
		o.Outposts = func(jid string) bool { return strings.HasSuffix(jid, "@a.example") }
	}
	s.r, s.answers = roster.New(o), nil
	s.r.Attached()
	g, err := s.r.Group(context.Background(), "team")
	s.ok(err)
	s.g = g
	s.there()
}

// there says that of nobody is known whether he is, so that the group speaks.
func (s *station) there() {
	for _, j := range everybody[:4] {
		s.g.Hear([]byte(j), []byte("desk"), &roster.Presence{Show: roster.Online})
	}
	s.g.Open()
}

func (s *station) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// turns lets the group say what it has to say.
func (s *station) turns(budget int) {
	s.Helper()
	for g := s.out.next(); g != nil; g = s.out.next() {
		s.turn(g, budget)
	}
}

func (s *station) turn(g *roster.Group, budget int) {
	s.Helper()
	b, more := g.Turn(nil, budget)
	if more {
		s.out.Ready(g)
	}
	if s.r.Loaded([]byte("team")) != nil {
		g.Check(s)
	}
	for _, stanza := range strings.SplitAfter(string(b), "\n.\n") {
		if stanza != "" {
			s.take(strings.TrimSuffix(stanza, ".\n"))
		}
	}
}

// take does what a stanza asks for.
func (s *station) take(stanza string) {
	s.Helper()
	head, body, _ := strings.Cut(stanza, "\n")
	word, rest, _ := strings.Cut(head, " ")
	var node, owner, to, id string
	switch word {
	case "outpost":
		var ids string
		if _, err := fmt.Sscanf(rest, "%q %q %q", &node, &owner, &to); err != nil {
			s.Fatalf("%q: %v", head, err)
		}
		_, ids, _ = strings.Cut(rest, "{")
		s.make(node, owner, to, strings.Fields(strings.TrimSuffix(ids, "}")))
	case "raze":
		if _, err := fmt.Sscanf(rest, "%q %q %q", &node, &to, &id); err != nil {
			s.Fatalf("%q: %v", head, err)
		}
		s.said = append(s.said, "raze "+to)
		delete(s.posts, node)
		s.answers = append(s.answers, [2]string{id}, [2]string{id})
	case "publish":
		if _, err := fmt.Sscanf(rest, "%q %q", &node, &id); err != nil {
			s.Fatalf("%q: %v", head, err)
		}
		s.publish(node, id, strings.TrimSpace(body))
	default:
		h := read(s, []byte(stanza+".\n"))[0]
		s.said = append(s.said, h.kind+" "+h.to)
	}
}

func (s *station) make(node, owner, to string, ids []string) {
	s.Helper()
	s.said = append(s.said, "make "+to)
	if len(ids) != 4 {
		s.Fatalf("ids %q", ids)
	}
	for i := range ids {
		ids[i] = strings.Trim(ids[i], `"`)
	}
	why := []string{"", "", "", ""}
	if s.posts[node] == nil {
		why[0] = "item-not-found"
	}
	switch delete(s.posts, node); {
	case s.refuses != "":
		why[1], why[2], why[3] = s.refuses, "item-not-found", "item-not-found"
	case s.taken[node]:
		why = []string{"forbidden", "conflict", "forbidden", "forbidden"}
	default:
		s.posts[node] = &stationPost{owner, to, map[string]string{}}
	}
	for i, id := range ids {
		s.answers = append(s.answers, [2]string{id, why[i]})
	}
}

func (s *station) publish(node, id, item string) {
	s.Helper()
	p := s.posts[node]
	if p == nil {
		if s.taken[node] {
			s.Fatalf("published where somebody else may read: %s", item)
		}
		s.answers = append(s.answers, [2]string{id, "item-not-found"})
		return
	}
	s.answers = append(s.answers, [2]string{id})
	word, rest, _ := strings.Cut(item, " ")
	var jid string
	if _, err := fmt.Sscanf(rest, "%q", &jid); err != nil || strings.Contains(item, "\n") {
		s.Fatalf("no item: %q", item)
	}
	s.said, s.items = append(s.said, "publish "+p.subscriber+" "+word+" "+jid), append(s.items, item)
	if p.got[jid] = item; word == "gone" {
		delete(p.got, jid)
	}
}

// answer lets the service say all that it has to say.
func (s *station) answer() bool {
	s.Helper()
	said := s.answers
	s.answers = nil
	for _, a := range said {
		s.r.OutpostAnswered(a[0], a[1])
	}
	return len(said) > 0
}

// settle goes on until nobody has anything to say.
func (s *station) settle() {
	s.Helper()
	for s.turns(1 << 20); s.answer(); {
		s.turns(1 << 20)
	}
}

// heard compares what left since the last time, in any order.
func (s *station) heard(want ...string) {
	s.Helper()
	got := make([]string, len(s.said))
	for i, x := range s.said {
		got[i] = strings.ReplaceAll(x, "@a.example", "")
	}
	s.said, want = nil, slices.Sorted(slices.Values(want))
	if slices.Sort(got); !slices.Equal(got, want) {
		s.Fatalf("said\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func (s *station) says(name, status string) {
	s.g.Hear([]byte(at(name)), []byte("desk"), &roster.Presence{Show: roster.Online, Status: []byte(status)})
}

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
