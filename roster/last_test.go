package roster_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/avatar"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// shopfront is a group that ann, bob and, from outside, cid and dan have as a
// contact. Outsiders may watch; bob shows himself to ann only, ann to all but
// dan, and both are there.
type shopfront struct {
	t   *testing.T
	now time.Time
	r   *roster.Roster
	g   *roster.Group
}

func newShopfront(t *testing.T) *shopfront {
	t.Helper()
	s := &shopfront{t: t, now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)}
	s.r = roster.New(roster.Options{Store: store.Memory(), Outbox: &outbox{wake: make(chan struct{}, 1)}, Renderer: dialect{},
		Now: func() time.Time { return s.now }, Log: slog.New(slog.DiscardHandler)})
	rec := team("ann", "bob")
	rec.Settings.Policy = "watch anyone"
	s.must(s.r.CreateGroup(t.Context(), rec))
	s.g = s.r.Loaded([]byte("team"))
	s.allows("ann", "hide "+at("dan")+"\neveryone: availability\n")
	s.allows("bob", "jid:"+at("ann")+": availability\n")
	for _, name := range []string{"ann", "bob", "cid", "dan"} {
		s.must(s.g.OnSubscribe(t.Context(), at(name)))
	}
	s.is("ann", roster.Online)
	s.is("bob", roster.Online)
	return s
}

func (s *shopfront) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *shopfront) allows(name, rules string) {
	s.t.Helper()
	a, err := policy.ParseAuthorization(rules)
	s.must(err)
	s.must(s.g.Authorize(s.t.Context(), at(name), a))
}

// is lets somebody's only device be so, a minute later, and everybody be told.
func (s *shopfront) is(name string, show roster.Show) (said string) {
	s.now = s.now.Add(time.Minute)
	s.g.Hear([]byte(at(name)), []byte("desk"), &roster.Presence{Show: show})
	return s.turn()
}

func (s *shopfront) turn() string {
	b, more := s.g.Turn(nil, 1<<20)
	if more {
		s.t.Fatal("not everything fits in a turn")
	}
	return string(b)
}

// vacant is for how many minutes nobody has been there for them.
func (s *shopfront) vacant(when string, want map[string]time.Duration) {
	s.t.Helper()
	for name, minutes := range want {
		since, err := s.g.Vacant(at(name))
		s.must(err)
		got := time.Duration(0)
		if !since.IsZero() {
			got = s.now.Sub(since) / time.Minute
		}
		if got != minutes {
			s.t.Errorf("%s: %d minutes for %s, want %d", when, got, name, minutes)
		}
	}
}

func TestVacant(t *testing.T) {
	s := newShopfront(t)
	s.vacant("both there", map[string]time.Duration{"ann": 0, "cid": 0, "dan": 1})
	s.is("ann", roster.Offline) // cid sees nobody now, ann sees bob
	s.vacant("ann left", map[string]time.Duration{"ann": 0, "cid": 0, "dan": 2})
	s.now = s.now.Add(5 * time.Minute)
	s.is("bob", roster.Away) // whom cid and dan cannot see
	s.is("bob", roster.Offline)
	s.vacant("bob left too", map[string]time.Duration{"ann": 0, "cid": 7, "dan": 9})
	s.is("bob", roster.Online)
	s.vacant("bob is back", map[string]time.Duration{"ann": 0, "cid": 8, "dan": 10})
	s.is("ann", roster.Online)
	s.vacant("ann is back", map[string]time.Duration{"ann": 0, "cid": 0, "dan": 11})
	s.allows("ann", "hide "+at("dan")+" "+at("cid")+"\neveryone: availability\n")
	s.turn()
	s.now = s.now.Add(time.Minute)
	s.vacant("ann hides from cid too", map[string]time.Duration{"ann": 0, "cid": 1, "dan": 12})
}

func TestVacantIsForContacts(t *testing.T) {
	s := newShopfront(t)
	if _, err := s.g.Vacant(at("eve")); !errors.Is(err, roster.ErrForbidden) {
		t.Errorf("to who may watch: %v", err)
	}
	s.must(s.g.OnUnsubscribe(t.Context(), at("cid")))
	if _, err := s.g.Vacant(at("cid")); !errors.Is(err, roster.ErrForbidden) {
		t.Errorf("to who was a contact: %v", err)
	}
	s.must(s.r.UpdateGroup(t.Context(), "team", func(set *roster.Settings) error { set.Policy = "watch members"; return nil }))
	if _, err := s.g.Vacant(at("eve")); !errors.Is(err, roster.ErrNoGroup) {
		t.Errorf("to a stranger: %v", err)
	}
}

// Another picture reaches who may see it, once, and nobody else.
func TestBadge(t *testing.T) {
	s := newShopfront(t)
	s.turn()
	picture := func(text string) string {
		s.must(s.r.UpdateGroup(t.Context(), "team", func(set *roster.Settings) error { set.Avatar = text; return nil }))
		return s.turn()
	}
	said := picture(string(avatar.Default("x@y", "X")))
	for name, want := range map[string]bool{"ann": true, "bob": true, "cid": false, "dan": false} {
		if strings.Contains(said, at(name)) != want {
			t.Errorf("%s was told: %v", name, !want)
		}
	}
	if d, err := s.g.Describe(at("cid")); err != nil || d.Avatar != "" {
		t.Errorf("cid may know %q, %v", d.Avatar, err)
	}
	if again := picture(string(avatar.Default("x@y", "X"))); again != "" {
		t.Errorf("told again: %q", again)
	}
	if said := picture(""); !strings.Contains(said, at("ann")) || strings.Contains(said, at("cid")) {
		t.Errorf("taken back: %q", said)
	}
	for _, bad := range []string{"<svg/>", strings.Repeat("x", avatar.MaxSize+1)} {
		err := s.r.UpdateGroup(t.Context(), "team", func(set *roster.Settings) error { set.Avatar = bad; return nil })
		var invalid *roster.InvalidError
		if !errors.As(err, &invalid) || invalid.Field != "avatar" {
			t.Errorf("%.10q: %v", bad, err)
		}
	}
}
