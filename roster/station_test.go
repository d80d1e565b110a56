package roster_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

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
