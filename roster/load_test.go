package roster_test

import (
	"context"
	"errors"
	"testing"

	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// interrupted lets something happen behind the reading of each group, and counts
// what is asked.
type interrupted struct {
	roster.Store
	between    func(name string) error
	each, gets int
}

func (s *interrupted) EachGroup(ctx context.Context, f func(*roster.GroupRecord) error) error {
	s.each++
	var all []*roster.GroupRecord
	if err := s.Store.EachGroup(ctx, func(g *roster.GroupRecord) error { all = append(all, g); return nil }); err != nil {
		return err
	}
	for _, g := range all {
		if err := s.between(g.Name); err != nil {
			return err
		}
		if err := f(g); err != nil {
			return err
		}
	}
	return nil
}

func (s *interrupted) GetGroup(ctx context.Context, name string) (*roster.GroupRecord, error) {
	s.gets++
	if name == "bad" {
		return nil, errors.New("cannot be read")
	}
	return s.Store.GetGroup(ctx, name)
}

func keeping(t *testing.T, names ...string) *interrupted {
	t.Helper()
	s := &interrupted{Store: store.Memory(), between: func(string) error { return nil }}
	for _, name := range names {
		rec := &roster.GroupRecord{Name: name, Members: []roster.MemberRecord{{JID: "ann@a.example", Affiliation: roster.Plain}}}
		if err := s.CreateGroup(t.Context(), rec); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func rosterOf(s roster.Store) *roster.Roster {
	return roster.New(roster.Options{Store: s, Outbox: &outbox{wake: make(chan struct{}, 1)}, Renderer: dialect{}})
}

// All groups are loaded by one question, and once; who needs one sooner has it.
func TestLoad(t *testing.T) {
	s := keeping(t, "a", "b", "c")
	r, ctx, told := rosterOf(s), t.Context(), 0
	s.between = func(name string) error {
		if name != "b" {
			return nil
		}
		return r.UpdateMember(ctx, "c", "ann@a.example", func(m *roster.MemberRecord) error { m.Nick = "Ann"; return nil })
	}
	for range 2 {
		if err := r.Load(ctx, func(done int) { told = done }); err != nil {
			t.Fatal(err)
		}
	}
	if r.Len() != 3 || told != 3 || s.each != 1 || s.gets != 1 {
		t.Errorf("%d groups, %d told, asked %d times for all and %d times for one", r.Len(), told, s.each, s.gets)
	}
	if rec, err := r.ShowGroup(ctx, "c"); err != nil || rec.Members[0].Nick != "Ann" {
		t.Errorf("what was read before a change took its place: %+v, %v", rec, err)
	}
	if _, err := r.Group(ctx, "unused"); !errors.Is(err, roster.ErrNoGroup) || s.gets != 1 {
		t.Errorf("an unused name is looked for: %v", err)
	}
}

// A group that is deleted while all are read stays so, and one that takes its
// name is not the old one.
func TestLoadWhileGroupsGo(t *testing.T) {
	s := keeping(t, "a", "b", "c")
	r, ctx := rosterOf(s), t.Context()
	s.between = func(name string) error {
		if name != "a" {
			return nil
		}
		return errors.Join(r.DeleteGroup(ctx, "b"), r.DeleteGroup(ctx, "c"),
			r.CreateGroup(ctx, &roster.GroupRecord{Name: "c", Members: []roster.MemberRecord{{JID: "bo@a.example", Affiliation: roster.Plain}}}))
	}
	if err := r.Load(ctx, func(int) {}); err != nil {
		t.Fatal(err)
	}
	rec, err := r.ShowGroup(ctx, "c")
	if r.Len() != 2 || r.Loaded([]byte("b")) != nil || err != nil || rec.Members[0].JID != "bo@a.example" {
		t.Errorf("%d groups, %+v, %v", r.Len(), rec, err)
	}
}

// One group that cannot be read takes the others not with it.
func TestLoadOfDamage(t *testing.T) {
	s := keeping(t, "a", "bad", "c")
	s.between = func(name string) error {
		if name == "bad" {
			return errors.New("damage")
		}
		return nil
	}
	r := rosterOf(s)
	if err := r.Load(t.Context(), func(int) {}); err == nil || r.Len() != 2 {
		t.Errorf("%d groups, %v", r.Len(), err)
	}
	if _, err := r.Group(t.Context(), "unused"); !errors.Is(err, roster.ErrNoGroup) || s.gets < 3 {
		t.Errorf("%v: not all are known, but an unused name is not looked for", err)
	}
}
