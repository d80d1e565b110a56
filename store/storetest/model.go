package storetest

import (
	"cmp"
	"context"
	"errors"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// testModel makes random changes to a store and to a model of it, a slice
// that is searched and sorted, and compares them, and again after reopening.
func testModel(t *testing.T, d Driver) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		place, err := os.MkdirTemp(dir, "")
		if err != nil {
			rt.Fatal(err)
		}
		s, err := d.Open(place)
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		var m model
		for range rapid.IntRange(1, 20).Draw(rt, "changes") {
			c := drawChange(rt)
			if got, want := c.store(t.Context(), s), c.model(&m); !errors.Is(got, want) {
				rt.Fatalf("%s: error is %v, want %v", c.name, got, want)
			}
		}
		m.compare(t.Context(), rt, s)
		if !d.Persistent {
			return
		}
		if err := s.Close(); err != nil {
			rt.Fatal(err)
		}
		if s, err = d.Open(place); err != nil {
			rt.Fatal(err)
		}
		m.compare(t.Context(), rt, s)
	})
}

type model struct{ groups []*roster.GroupRecord }

// modelChange is the same change for the store and for the model.
type modelChange struct {
	name  string
	store func(context.Context, roster.Store) error
	model func(*model) error
}

func (m *model) group(name string) *roster.GroupRecord {
	i := slices.IndexFunc(m.groups, func(g *roster.GroupRecord) bool { return g.Name == name })
	if i < 0 {
		return nil
	}
	return m.groups[i]
}

// in runs f on the group, if there is one.
func in(name string, f func(*roster.GroupRecord) error) func(*model) error {
	return func(m *model) error {
		if g := m.group(name); g != nil {
			return f(g)
		}
		return roster.ErrNoGroup
	}
}

func (m *model) compare(ctx context.Context, t *rapid.T, s roster.Store) {
	slices.SortFunc(m.groups, func(a, b *roster.GroupRecord) int { return cmp.Compare(a.Name, b.Name) })
	names, err := s.ListGroups(ctx)
	ok(t, err)
	equal(t, len(names), len(m.groups))
	for i, g := range m.groups {
		equal(t, names[i], g.Name)
		slices.SortFunc(g.Members, func(a, b roster.MemberRecord) int { return cmp.Compare(a.JID, b.JID) })
		slices.SortFunc(g.Subscriptions, func(a, b roster.SubscriptionRecord) int { return cmp.Compare(a.ID, b.ID) })
		slices.Sort(g.Contacts)
		slices.SortFunc(g.Authorizations, func(a, b roster.AuthorizationRecord) int { return cmp.Compare(a.JID, b.JID) })
		slices.SortFunc(g.Visitors, func(a, b roster.VisitorRecord) int { return cmp.Compare(a.JID, b.JID) })
		slices.SortFunc(g.Hooks, func(a, b roster.HookRecord) int { return cmp.Compare(a.Name, b.Name) })
		got, err := s.GetGroup(ctx, g.Name)
		ok(t, err)
		equal(t, *got, nilLists(*g))
	}
}

// nilLists is g with nil for every empty list, as a store returns it.
func nilLists(g roster.GroupRecord) roster.GroupRecord {
	g.Members = slices.Concat(g.Members)
	g.Subscriptions = slices.Concat(g.Subscriptions)
	g.Contacts = slices.Concat(g.Contacts)
	g.Authorizations = slices.Concat(g.Authorizations)
	g.Visitors = slices.Concat(g.Visitors)
	g.Hooks = slices.Concat(g.Hooks)
	return g
}
