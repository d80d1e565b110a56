package source_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/component/source"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// script is a source that does what a test says.
type script struct {
	steps chan func(context.Context, source.Sink) error // an error ends a run
	runs  chan struct{}
}

func newScript() *script {
	return &script{make(chan func(context.Context, source.Sink) error), make(chan struct{}, 100)}
}

func (s *script) Run(ctx context.Context, sink source.Sink) error {
	s.runs <- struct{}{}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case step := <-s.steps:
			if err := step(ctx, sink); err != nil {
				return err
			}
		}
	}
}

// does lets the source do something, and returns when it is done.
func (s *script) does(step func(ctx context.Context, sink source.Sink) error) {
	done := make(chan struct{})
	s.steps <- func(ctx context.Context, sink source.Sink) error {
		defer close(done)
		return step(ctx, sink)
	}
	<-done
}

func (s *script) tells(b *roster.Basic) {
	s.does(func(ctx context.Context, sink source.Sink) error { return sink.Group(ctx, b) })
}

// nobody is an outbox that leads nowhere.
type nobody struct{}

func (nobody) Ready(*roster.Group)                             {}
func (nobody) Presence(string, string, roster.PresenceType)    {}
func (nobody) Wanted(*roster.Group)                            {}
func (nobody) Began(string, roster.SubscriptionRecord)         {}
func (nobody) Gone(string, string, []string)                   {}
func (nobody) Ended(group string, _ roster.SubscriptionRecord) {}

// house is a keeper with a roster.
type house struct {
	*source.Keeper
	t    *testing.T
	r    *roster.Roster
	ties *source.Ties
	log  *syncBuffer
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) count(text string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Count(b.b.String(), text)
}

func newHouse(t *testing.T, specs ...source.Spec) *house {
	t.Helper()
	h, stop := newHouseOver(t, store.Memory(), nil, specs...)
	t.Cleanup(stop)
	return h
}

// newHouseOver is one with a store that others had before, and farewells over l.
func newHouseOver(t *testing.T, st roster.Store, l source.Link, specs ...source.Spec) (h *house, stop func()) {
	t.Helper()
	h = &house{t: t, log: &syncBuffer{}}
	h.r = roster.New(roster.Options{Store: st, Outbox: nobody{}})
	log := slog.New(slog.NewTextHandler(h.log, nil))
	h.ties = source.NewTies(source.TiesConfig{Store: st, Log: log, Retry: time.Millisecond, MaxRetry: 2 * time.Millisecond,
		Wanted: func(rec roster.TieRecord) bool { return h.Wants(rec) },
		Leave:  func(ctx context.Context, rec roster.TieRecord) error { return source.Leave(ctx, l, rec) }})
	h.Keeper = source.New(source.Config{Roster: h.r, Log: log, Ties: h.ties, Retry: time.Millisecond, MaxRetry: 2 * time.Millisecond})
	h.Set(specs)
	ctx, cancel := context.WithCancel(t.Context())
	var both sync.WaitGroup
	both.Go(func() { h.Run(ctx) })
	both.Go(func() { h.ties.Run(ctx) })
	return h, func() { cancel(); both.Wait() }
}

// lost asks until the mark of a source, or of its group, begins so; "" is none.
func (h *house) lost(name, group, want string) {
	h.t.Helper()
	limit, tick := time.After(20*time.Second), time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		l, is := h.r.Lost(name, group)
		if is == (want != "") && strings.HasPrefix(l.Why, want) {
			return
		}
		select {
		case <-tick.C:
		case <-limit:
			h.t.Fatalf("%s %s is lost %v: %s, want %s", name, group, is, l.Why, want)
		}
	}
}

func spec(name, key string, s source.Source) source.Spec {
	return source.Spec{Name: name, Kind: "test", Key: key, Source: s}
}

func team(members ...string) *roster.Basic {
	b := &roster.Basic{Name: "team"}
	for _, m := range members {
		b.Members = append(b.Members, roster.BasicMember{JID: m})
	}
	return b
}

func back(_ context.Context, sink source.Sink) error { sink.Back(); return nil }

// What a source tells is taken in; what is wrong with it is marked, counted and
// logged once, and leaves the group as it is.
func TestKeeper(t *testing.T) {
	s := newScript()
	h := newHouse(t, spec("hr", "", s))
	h.lost("hr", "", "was not heard yet")
	<-s.runs
	s.tells(team("a@x.example", "b@x.example"))
	s.does(back)
	h.lost("hr", "team", "")
	for range 3 {
		s.tells(team("nobody"))
		h.lost("hr", "team", "member")
	}
	if n := h.log.count("group not taken"); n != 1 {
		t.Errorf("logged %d times", n)
	}
	g := h.r.Loaded([]byte("team"))
	if g.Power("b@x.example") != roster.Plain {
		t.Error("a list that was refused changed the group")
	}
	s.tells(team("a@x.example"))
	h.lost("hr", "team", "")
	s.does(func(_ context.Context, sink source.Sink) error { sink.Only([]string{"other"}); return nil })
	h.lost("hr", "team", "the source has no such group")
	want := source.Stats{Name: "hr", Kind: "test", Groups: 0, Changed: 2, Refused: 3,
		Stale: []source.Stale{{Group: "team", Why: "the source has no such group any more"}}}
	got := h.Stats()
	if got[0].Heard.IsZero() {
		t.Error("never heard")
	}
	if got[0].Heard = (time.Time{}); !reflect.DeepEqual(got[0], want) {
		t.Errorf("%+v, want %+v", got[0], want)
	}
	// Another's group, and one of our own, are not touched.
	if err := h.r.CreateGroup(t.Context(), &roster.GroupRecord{Name: "ours"}); err != nil {
		t.Fatal(err)
	}
	b := team("a@x.example")
	b.Name = "ours"
	s.tells(b)
	if n := h.log.count("group=ours"); n != 1 || len(h.r.Loaded([]byte("ours")).Source()) > 0 {
		t.Errorf("logged %d times", n)
	}
}

// A source that fails is run again, and marked meanwhile.
func TestKeeperRetries(t *testing.T) {
	s := newScript()
	h := newHouse(t, spec("hr", "", s))
	<-s.runs
	s.tells(team("a@x.example"))
	for range 3 {
		s.does(back)
		h.lost("hr", "team", "")
		s.does(func(context.Context, source.Sink) error { return errors.New("no\nroute " + strings.Repeat("x", 1000)) })
		<-s.runs
		h.lost("hr", "team", "no route x")
		if l, _ := h.r.Lost("hr", ""); len(l.Why) > 300 {
			t.Errorf("%d bytes of why", len(l.Why))
		}
	}
}

// Who needs the server runs while there is a connection, anew with each.
func TestKeeperRemote(t *testing.T) {
	s := newScript()
	one := spec("hr", "", s)
	one.Remote = true
	h := newHouse(t, one)
	h.lost("hr", "", "was not heard yet")
	for range 3 {
		up, down := context.WithCancel(t.Context())
		h.Attached(up)
		<-s.runs
		s.does(back)
		h.lost("hr", "", "")
		down()
		h.Detached()
		h.lost("hr", "", "there is no connection")
	}
	select {
	case <-s.runs:
		t.Error("it runs without a connection")
	default:
	}
}

// Other sources may be configured at any time: one that is the same goes on.
func TestKeeperSet(t *testing.T) {
	same, old, next := newScript(), newScript(), newScript()
	h := newHouse(t, spec("same", "1", same), spec("hr", "1", old))
	<-same.runs
	<-old.runs
	old.tells(team("a@x.example"))
	old.does(back)
	h.lost("hr", "team", "")
	h.Set([]source.Spec{spec("same", "1", newScript()), spec("hr", "2", next)})
	<-next.runs
	h.lost("hr", "team", "was not heard yet")
	next.tells(team("b@x.example"))
	next.does(back)
	h.lost("hr", "team", "")
	same.does(back) // it still runs
	h.Set([]source.Spec{spec("same", "1", same)})
	h.lost("hr", "team", "is not configured any more")
	if g := h.r.Loaded([]byte("team")); g.Source() != "hr" || g.Power("b@x.example") != roster.Plain {
		t.Error("a group went with its source")
	}
	if n := len(h.Stats()); n != 1 {
		t.Errorf("%d sources", n)
	}
}

// Only some groups are wanted; and after a start those are marked that nobody
// keeps any more.
func TestKeeperGroups(t *testing.T) {
	s := newScript()
	one := spec("hr", "", s)
	one.Groups = []string{"ops"}
	h := newHouse(t, one)
	<-s.runs
	s.tells(team("a@x.example"))
	if h.r.Loaded([]byte("team")) != nil {
		t.Error("a group that nobody wants")
	}
	for _, rec := range []*roster.GroupRecord{{Name: "ops", Source: "hr"}, {Name: "old", Source: "hr"}, {Name: "lone", Source: "gone"}} {
		if err := h.r.CreateGroup(t.Context(), rec); err != nil {
			t.Fatal(err)
		}
	}
	s.does(func(_ context.Context, sink source.Sink) error {
		sink.Only([]string{"ops", "old"})
		sink.Back()
		return nil
	})
	h.Complete()
	h.lost("hr", "old", "the source has no such group")
	h.lost("gone", "lone", "is not configured")
	h.lost("hr", "ops", "")
}
