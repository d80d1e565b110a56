package roster_test

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// scene is a group whose watchers have all sorts of subscriptions, and a clock
// that the test sets. What is said in it is compared word by word: the model
// knows nothing of manners.
type scene struct {
	*testing.T
	out *outbox
	r   *roster.Roster
	g   *roster.Group
	now time.Time
	ids map[string]string // names of subscriptions, by id
	got []heard
}

func newScene(t *testing.T, rec *roster.GroupRecord) *scene {
	t.Helper()
	s := &scene{T: t, out: &outbox{wake: make(chan struct{}, 1)}, now: noon, ids: map[string]string{}}
	s.r = roster.New(roster.Options{Store: store.Memory(), Outbox: s.out, Renderer: dialect{},
		Now: func() time.Time { return s.now }, Log: slog.New(slog.DiscardHandler)})
	s.ok(s.r.CreateGroup(t.Context(), rec))
	s.g = s.r.Loaded([]byte(rec.Name))
	t.Cleanup(func() { s.ok(s.r.DeleteGroup(context.Background(), rec.Name)) })
	return s
}

func (s *scene) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// is is how a device of somebody's is.
func (s *scene) is(name, resource string, show roster.Show) {
	s.g.Hear([]byte(at(name)), []byte(resource), &roster.Presence{Show: show})
}

// takes subscribes somebody to #presence; its id is called so from now on.
func (s *scene) takes(id, name string, m roster.Manner) error {
	rec, err := s.g.SubscribeWith(s.Context(), at(name), at(name), roster.NodePresence, &roster.Wish{Manner: m})
	if err == nil {
		s.ids[rec.ID] = cmp.Or(s.ids[rec.ID], id)
	}
	return err
}

// id is that of the subscription called so.
func (s *scene) id(name string) string {
	for id, n := range s.ids {
		if n == name {
			return id
		}
	}
	return ""
}

// said gives the group its turns and compares what it says: "bob: ann" is an
// event for bob with ann's item, "bob/one" one of his subscription one, "full"
// stands before a full state.
func (s *scene) said(want ...string) {
	s.Helper()
	var got []string
	s.got = nil
	for g := s.out.next(); g != nil; g = s.out.next() {
		b, more := g.Turn(nil, 1<<20)
		if more {
			s.out.Ready(g)
		}
		s.got = append(s.got, read(s, b)...)
		s.g.Check(s)
	}
	for _, h := range s.got {
		to := strings.ReplaceAll(h.to, "@a.example", "")
		if h.tail.SubID != "" {
			to += "/" + s.ids[h.tail.SubID]
		}
		var items []string
		for _, it := range h.items {
			items = append(items, strings.TrimSuffix(it.id, "@a.example"))
		}
		full := ""
		if h.stamp.Full {
			full = "full "
		}
		got = append(got, fmt.Sprintf("%s: %s%s", to, full, strings.Join(items, " ")))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		s.Fatalf("said\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// over compares which subscriptions have ended.
func (s *scene) over(want ...string) {
	s.Helper()
	_, ended := s.out.sent()
	for i := range ended {
		ended[i] = strings.ReplaceAll(ended[i], "@a.example", "")
	}
	if !slices.Equal(ended, want) {
		s.Fatalf("ended %q, want %q", ended, want)
	}
}
