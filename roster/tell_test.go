package roster_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// callers is a group where Ann and Bob are there, Cid is busy, Dan is not
// there, and Eve hides from Bob; Ann and Dan are leads.
func callers(t *testing.T) *stage {
	rec := team("ann", "bob", "cid", "dan", "eve")
	rec.Members[0].Roles, rec.Members[3].Roles = []string{"lead"}, []string{"lead"}
	s := play(t, rec)
	s.comes("ann", "desk", roster.Online, "")
	s.comes("bob", "desk", roster.Online, "")
	s.comes("cid", "desk", roster.DND, "")
	s.comes("eve", "desk", roster.Chat, "")
	s.hides("eve", "bob")
	return s
}

// reaches says how many from sees, and who gets it.
func (s *stage) reaches(from string, to roster.Selection) (int, string) {
	s.t.Helper()
	n, got, err := s.g.Reach(at(from), to)
	if err != nil {
		s.t.Fatal(err)
	}
	var names []string
	for _, x := range got {
		if !x.Basic {
			s.t.Errorf("%s does not see basic information", x.JID)
		}
		names = append(names, strings.TrimSuffix(x.JID, "@a.example"))
	}
	return n, strings.Join(names, " ")
}

// Who is meant is what the sender sees; who gets it is whom he means and who
// wants it.
func TestReach(t *testing.T) {
	lead := roster.Selection{Call: roster.CallRole, Role: "lead"}
	available, all, willing := roster.Selection{}, roster.Selection{Call: roster.CallAll}, roster.Selection{Call: roster.CallWilling}
	for _, c := range []struct {
		what, from string
		to         roster.Selection
		happens    func(*stage)
		seen       int
		get        string
	}{
		{"Eve looks offline to Bob", "bob", available, nil, 2, "ann cid"},
		{"Eve takes nothing of Bob's", "bob", all, nil, 4, "ann cid dan"},
		{"but of Ann's", "ann", available, nil, 3, "bob cid eve"},
		{"a role, there or not", "bob", lead, nil, 2, "ann dan"},
		{"nobody else has Ann's role but Dan", "ann", lead, nil, 1, "dan"},
		{"no such role", "bob", roster.Selection{Call: roster.CallRole, Role: "ops"}, nil, 0, ""},
		{"Cid is busy", "ann", willing, nil, 2, "bob eve"},
		{"whether Cid is busy is not for Ann to know", "ann", willing, func(s *stage) {
			s.authorizes("cid", &policy.Authorization{Share: true, Rules: []policy.Rule{{Who: policy.Who{Class: policy.Members}, Attributes: policy.Availability}}})
		}, 3, "bob cid eve"},
		{"Cid shares nothing", "ann", available, func(s *stage) { s.authorizes("cid", &policy.Authorization{}) }, 2, "bob eve"},
		{"he is reached all the same if all are meant", "ann", all, func(s *stage) { s.authorizes("cid", &policy.Authorization{}) }, 4, "bob cid dan eve"},
		{"Eve does not show herself to who she hides from", "eve", all, nil, 3, "ann cid dan"},
		{"Cid wants nothing", "ann", available, receives("cid", policy.Receiving{Refuse: true}), 3, "bob eve"},
		{"Cid wants only Dan", "ann", available, receives("cid", policy.Receiving{Members: []string{at("dan")}}), 3, "bob eve"},
		{"Cid wants only Ann", "ann", available, receives("cid", policy.Receiving{Members: []string{at("ann")}}), 3, "bob cid eve"},
		{"Cid wants only leads", "bob", available, receives("cid", policy.Receiving{Roles: []string{"lead"}}), 2, "ann"},
		{"Ann is one", "ann", available, receives("cid", policy.Receiving{Roles: []string{"lead"}}), 3, "bob cid eve"},
		{"Dan wants only his role", "bob", all, receives("dan", policy.Receiving{SameRole: true}), 4, "ann cid"},
		{"Ann has it", "ann", all, receives("dan", policy.Receiving{SameRole: true}), 4, "bob cid dan eve"},
		{"few attributes are no refusal", "bob", all, receives("dan", policy.Receiving{Attributes: policy.Availability}), 4, "ann cid dan"},
		{"Bob sees only Ann", "bob", all, receives("bob", policy.Receiving{Members: []string{at("ann")}}), 1, "ann"},
		{"Bob sees nobody", "bob", all, receives("bob", policy.Receiving{Refuse: true}), 0, ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			s := callers(t)
			if c.happens != nil {
				c.happens(s)
			}
			if n, got := s.reaches(c.from, c.to); n != c.seen || got != c.get {
				t.Errorf("%d seen, %q get it; want %d, %q", n, got, c.seen, c.get)
			}
		})
	}
}

// receives lets somebody have the group as a contact, with that policy, and
// subscribe to a node without one: a no counts wherever it was said.
func receives(name string, r policy.Receiving) func(*stage) {
	return func(s *stage) {
		s.t.Helper()
		s.subscribes(name, roster.NodeGroup)
		s.do(op{kind: "onSubscribe", jid: at(name)})
		if err := s.g.Configure(context.Background(), at(name), at(name), roster.NodeContact, "", &r); err != nil {
			s.t.Fatal(err)
		}
	}
}

// Nobody means more than can be written to in one go.
func TestReachIsBounded(t *testing.T) {
	rec := team("ann")
	for i := range roster.MaxReach + 1 {
		m := team(fmt.Sprint("m", i)).Members[0]
		if i == 0 {
			m.Roles = []string{"lead"}
		}
		rec.Members = append(rec.Members, m)
	}
	r := roster.New(roster.Options{Store: store.Memory(), Outbox: &outbox{wake: make(chan struct{}, 1)}, Renderer: dialect{}, Log: slog.New(slog.DiscardHandler)})
	if err := r.CreateGroup(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	g := r.Loaded([]byte("team"))
	if _, got, err := g.Reach(at("ann"), roster.Selection{Call: roster.CallAll}); !errors.Is(err, roster.ErrLimit) || got != nil {
		t.Errorf("%d %v", len(got), err)
	}
	if n, got, err := g.Reach(at("ann"), roster.Selection{Call: roster.CallRole, Role: "lead"}); n != 1 || len(got) != 1 || err != nil {
		t.Errorf("%d %v %v", n, got, err)
	}
}

// Who may speak to the group, and of which roles.
func TestReachIsForMembers(t *testing.T) {
	s := callers(t)
	ctx := context.Background()
	if _, _, err := s.g.Reach(at("mallory"), roster.Selection{}); !errors.Is(err, roster.ErrNoGroup) {
		t.Errorf("a stranger: %v", err)
	}
	if got, err := s.g.RolesSeen(at("bob")); err != nil || !slices.Equal(got, []string{"lead"}) {
		t.Errorf("%q %v", got, err)
	}
	must := func(text string) {
		t.Helper()
		if err := s.r.UpdateGroup(ctx, "team", func(x *roster.Settings) error { x.Policy = text; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	must("watch anyone\n")
	if _, _, err := s.g.Reach(at("mallory"), roster.Selection{}); !errors.Is(err, roster.ErrForbidden) {
		t.Errorf("a watcher from outside: %v", err)
	}
	if _, err := s.g.RolesSeen(at("mallory")); !errors.Is(err, roster.ErrForbidden) {
		t.Errorf("a watcher from outside: %v", err)
	}
	must("watch role:lead\nbasic role:lead\n")
	if _, _, err := s.g.Reach(at("bob"), roster.Selection{}); !errors.Is(err, roster.ErrForbidden) {
		t.Errorf("who may not watch: %v", err)
	}
	must("watch members\nbasic role:lead\n")
	if got, err := s.g.RolesSeen(at("bob")); err != nil || len(got) > 0 {
		t.Errorf("roles that he may not see: %q %v", got, err)
	}
	if n, _, err := s.g.Reach(at("bob"), roster.Selection{Call: roster.CallRole, Role: "lead"}); err != nil || n != 0 {
		t.Errorf("by a role that he may not see he finds %d %v", n, err)
	}
	if _, got, err := s.g.Reach(at("bob"), roster.Selection{}); err != nil || len(got) != 2 || !got[0].Basic || got[1].Basic {
		t.Errorf("who sees basic information of Ann, a lead, and Cid: %v %v", got, err)
	}
	s.g.Lost()
	if _, _, err := s.g.Reach(at("bob"), roster.Selection{}); !errors.Is(err, roster.ErrUnready) {
		t.Errorf("before presence is known: %v", err)
	}
}
