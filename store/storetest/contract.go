package storetest

import (
	"context"
	"slices"
	"testing"

	"github.com/rollcall-xmpp/rollcall/roster"
)

func testGroups(t *testing.T, d Driver) {
	s, ctx := d.fresh(t), t.Context()
	names, err := s.ListGroups(ctx)
	ok(t, err)
	if len(names) != 0 {
		t.Fatalf("a fresh store lists %v", names)
	}
	ok(t, s.CreateGroup(ctx, Team()))
	ok(t, s.CreateGroup(ctx, &roster.GroupRecord{Name: "empty"}))
	ok(t, s.CreateGroup(ctx, &roster.GroupRecord{Name: "Zoo"}))
	names, err = s.ListGroups(ctx)
	ok(t, err)
	equal(t, names, []string{"Zoo", "empty", "team"}) // by bytes
	stored(t, s, Team())
	stored(t, s, &roster.GroupRecord{Name: "empty"})

	is(t, s.CreateGroup(ctx, &roster.GroupRecord{Name: "team", Contacts: []string{"x@y"}}), roster.ErrGroupExists)
	stored(t, s, Team())

	ok(t, s.DeleteGroup(ctx, "team"))
	_, err = s.GetGroup(ctx, "team")
	is(t, err, roster.ErrNoGroup)
	is(t, s.DeleteGroup(ctx, "team"), roster.ErrNoGroup)
	// What belonged to the group has gone with it.
	ok(t, s.CreateGroup(ctx, &roster.GroupRecord{Name: "team"}))
	stored(t, s, &roster.GroupRecord{Name: "team"})
}

func testSettings(t *testing.T, d Driver) {
	s, ctx := d.fresh(t), t.Context()
	ok(t, s.CreateGroup(ctx, Team()))
	want := Team()
	for _, p := range []roster.Payload{roster.Both, roster.PresenceOnly, roster.Separate, roster.Combined} {
		want.Settings = roster.Settings{Title: "Other", Payload: p, Policy: "collect counted\n"}
		ok(t, s.StoreSettings(ctx, "team", want.Settings))
		stored(t, s, want) // the attributes were replaced as well
		want.Settings.Policy = ""
		ok(t, s.StoreSettings(ctx, "team", want.Settings))
		stored(t, s, want)
	}
	// What members agreed to changes with the settings, all at the same time.
	agreed := want.Members[1].Agreed
	want.Members[0].Agreed, want.Members[1].Agreed, want.Members[2].Agreed = agreed, "", agreed
	ok(t, s.StoreSettings(ctx, "team", want.Settings, roster.Agreement{From: "", To: agreed}, roster.Agreement{From: agreed}))
	stored(t, s, want)
	ok(t, s.StoreSettings(ctx, "team", want.Settings, roster.Agreement{From: "none of these", To: "x"}))
	stored(t, s, want)
}

func testMembers(t *testing.T, d Driver) {
	s, ctx := d.fresh(t), t.Context()
	want := Team()
	ok(t, s.CreateGroup(ctx, want))
	ok(t, s.CreateGroup(ctx, &roster.GroupRecord{Name: "other", Authorizations: want.Authorizations[:1]}))
	want.Members[1].Nick, want.Members[1].Roles = "Bob", []string{"night"}
	aaron := roster.MemberRecord{JID: "aaron@example.org", Affiliation: roster.Admin, Ask: roster.Asked}
	zoe := roster.MemberRecord{JID: "zoe@example.org", Affiliation: roster.Plain}
	ok(t, s.StoreMembers(ctx, "team", zoe, want.Members[1], aaron))
	ok(t, s.StoreMembers(ctx, "team"))
	want.Members = slices.Concat([]roster.MemberRecord{aaron}, want.Members, []roster.MemberRecord{zoe})
	stored(t, s, want)

	ok(t, s.DeleteMember(ctx, "team", "bob@example.org"))
	want.Members = slices.Delete(want.Members, 2, 3)
	want.Subscriptions = want.Subscriptions[:1] // with the one he made for another address
	want.Contacts = want.Contacts[:1]
	want.Authorizations = slices.Delete(want.Authorizations, 1, 2)
	stored(t, s, want)
	is(t, s.DeleteMember(ctx, "team", "bob@example.org"), roster.ErrNoMember)
	is(t, s.DeleteMember(ctx, "team", "bot@example.org"), roster.ErrNoMember)
	stored(t, s, want)

	// Who is no member keeps what he has.
	ok(t, s.StoreSubscription(ctx, "team", roster.SubscriptionRecord{ID: "x", Owner: "x@example.org"}))
	is(t, s.DeleteMember(ctx, "team", "x@example.org"), roster.ErrNoMember)
	want.Subscriptions = append(want.Subscriptions, roster.SubscriptionRecord{ID: "x", Owner: "x@example.org"})
	stored(t, s, want)
	is(t, s.DeleteMember(ctx, "other", "alice@example.org"), roster.ErrNoMember)
	stored(t, s, &roster.GroupRecord{Name: "other", Authorizations: want.Authorizations[:1]})
}

func testSubscriptions(t *testing.T, d Driver) {
	s, ctx := d.fresh(t), t.Context()
	want := Team()
	ok(t, s.CreateGroup(ctx, want))
	ok(t, s.CreateGroup(ctx, &roster.GroupRecord{Name: "other"}))
	want.Subscriptions[1].JID, want.Subscriptions[1].Receiving = "bob@example.org/desk", "refuse\n"
	ok(t, s.StoreSubscription(ctx, "team", want.Subscriptions[1]))
	stored(t, s, want)
	ok(t, s.DeleteSubscriptions(ctx, "team", "a1", "never", "b2"))
	ok(t, s.DeleteSubscriptions(ctx, "team"))
	ok(t, s.DeleteSubscriptions(ctx, "other", "b1"))
	want.Subscriptions = want.Subscriptions[1:2]
	stored(t, s, want)
}

func testContacts(t *testing.T, d Driver) {
	s, ctx := d.fresh(t), t.Context()
	want := Team()
	ok(t, s.CreateGroup(ctx, want))
	ok(t, s.StoreContact(ctx, "team", "aaron@example.org"))
	ok(t, s.StoreContact(ctx, "team", "aaron@example.org"))
	ok(t, s.DeleteContact(ctx, "team", "bob@example.org"))
	ok(t, s.DeleteContact(ctx, "team", "bob@example.org"))
	want.Contacts = []string{"aaron@example.org", "alice@example.org"}
	stored(t, s, want)
}

func testAuthorizations(t *testing.T, d Driver) {
	s, ctx := d.fresh(t), t.Context()
	want := Team()
	ok(t, s.CreateGroup(ctx, want))
	ok(t, s.CreateGroup(ctx, &roster.GroupRecord{Name: "other", Authorizations: want.Authorizations[:1]}))
	ok(t, s.StoreAuthorization(ctx, "team", "bob@example.org", ""))
	ok(t, s.StoreAuthorization(ctx, "team", "aaron@example.org", "members: counted\n")) // before joining
	ok(t, s.DeleteAuthorization(ctx, "team", "alice@example.org"))
	ok(t, s.DeleteAuthorization(ctx, "team", "alice@example.org"))
	early := roster.AuthorizationRecord{JID: "aaron@example.org", Rules: "members: counted\n"}
	want.Authorizations[0], want.Authorizations[1].Rules = early, ""
	stored(t, s, want)
	stored(t, s, &roster.GroupRecord{Name: "other", Authorizations: Team().Authorizations[:1]})

	// Joining leaves it as it is, and leaving takes it away.
	aaron := roster.MemberRecord{JID: "aaron@example.org", Affiliation: roster.Plain}
	ok(t, s.StoreMembers(ctx, "team", aaron))
	ok(t, s.StoreMembers(ctx, "team", aaron))
	joined := *want
	joined.Members = slices.Concat([]roster.MemberRecord{aaron}, want.Members)
	stored(t, s, &joined)
	ok(t, s.DeleteMember(ctx, "team", "aaron@example.org"))
	want.Authorizations = want.Authorizations[1:]
	stored(t, s, want)
}

func testVisitors(t *testing.T, d Driver) {
	s, ctx := d.fresh(t), t.Context()
	want := Team()
	ok(t, s.CreateGroup(ctx, want))
	ok(t, s.StoreVisitor(ctx, "team", roster.VisitorRecord{JID: "aaron@example.org", State: roster.Applied, Contact: true}))
	ok(t, s.StoreVisitor(ctx, "team", roster.VisitorRecord{JID: "ida@example.org", State: roster.Declined}))
	ok(t, s.DeleteVisitor(ctx, "team", "mallory@example.org"))
	ok(t, s.DeleteVisitor(ctx, "team", "mallory@example.org"))
	want.Visitors = []roster.VisitorRecord{{JID: "aaron@example.org", State: roster.Applied, Contact: true}, {JID: "ida@example.org", State: roster.Declined}}
	stored(t, s, want)

	// Who joins is no visitor any more, and who is banned no member.
	aaron := roster.MemberRecord{JID: "aaron@example.org", Affiliation: roster.Plain}
	ok(t, s.StoreMembers(ctx, "team", aaron))
	banned := roster.VisitorRecord{JID: "bob@example.org", State: roster.Banned, By: "alice@example.org"}
	ok(t, s.StoreVisitor(ctx, "team", banned))
	want.Members = []roster.MemberRecord{aaron, want.Members[0], want.Members[2]}
	want.Subscriptions, want.Contacts = want.Subscriptions[:1], want.Contacts[:1]
	want.Authorizations = slices.Delete(want.Authorizations, 1, 2)
	want.Visitors = []roster.VisitorRecord{banned, want.Visitors[1]}
	stored(t, s, want)
}

func testNoGroup(t *testing.T, d Driver) {
	s, ctx := d.fresh(t), t.Context()
	_, err := s.GetGroup(ctx, "none")
	is(t, err, roster.ErrNoGroup)
	is(t, s.DeleteGroup(ctx, "none"), roster.ErrNoGroup)
	is(t, s.StoreSettings(ctx, "none", roster.Settings{}), roster.ErrNoGroup)
	is(t, s.ReviseGroup(ctx, "none", &roster.Revision{}), roster.ErrNoGroup)
	is(t, s.StoreMembers(ctx, "none", Team().Members...), roster.ErrNoGroup)
	is(t, s.StoreMembers(ctx, "none"), roster.ErrNoGroup)
	is(t, s.DeleteMember(ctx, "none", "alice@example.org"), roster.ErrNoGroup)
	is(t, s.StoreSubscription(ctx, "none", Team().Subscriptions[0]), roster.ErrNoGroup)
	is(t, s.StoreContact(ctx, "none", "alice@example.org"), roster.ErrNoGroup)
	ok(t, s.DeleteSubscriptions(ctx, "none", "a1"))
	ok(t, s.DeleteContact(ctx, "none", "alice@example.org"))
	is(t, s.StoreAuthorization(ctx, "none", "alice@example.org", "share no\n"), roster.ErrNoGroup)
	ok(t, s.DeleteAuthorization(ctx, "none", "alice@example.org"))
	is(t, s.StoreVisitor(ctx, "none", Team().Visitors[0]), roster.ErrNoGroup)
	is(t, s.StoreHook(ctx, "none", roster.HookRecord{Name: "ci"}), roster.ErrNoGroup)
	ok(t, s.DeleteHook(ctx, "none", "ci"))
	ok(t, s.DeleteVisitor(ctx, "none", "alice@example.org"))
	names, err := s.ListGroups(ctx)
	ok(t, err)
	equal(t, len(names), 0)
}

func testNotShared(t *testing.T, d Driver) {
	s, ctx := d.fresh(t), t.Context()
	spoil := func(g *roster.GroupRecord) {
		g.Settings.Attributes[0].Value = "spoiled"
		g.Members[0].Roles[0] = "spoiled"
		g.Members[0].Attributes[0].Value = "spoiled"
		g.Members[1].Nick = "spoiled"
		g.Subscriptions[0].Node = "spoiled"
		g.Contacts[0] = "spoiled"
		g.Authorizations[0].Rules = "spoiled"
	}
	in := Team()
	ok(t, s.CreateGroup(ctx, in))
	spoil(in)
	stored(t, s, Team())
	out, err := s.GetGroup(ctx, "team")
	ok(t, err)
	spoil(out)
	stored(t, s, Team())
	in = Team()
	ok(t, s.StoreMembers(ctx, "team", in.Members...))
	ok(t, s.StoreSettings(ctx, "team", in.Settings))
	spoil(in)
	stored(t, s, Team())
}

// changes are all methods that write, each doing something to Team.
func changes(s roster.Store) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"CreateGroup":   func(ctx context.Context) error { return s.CreateGroup(ctx, &roster.GroupRecord{Name: "new"}) },
		"DeleteGroup":   func(ctx context.Context) error { return s.DeleteGroup(ctx, "team") },
		"StoreSettings": func(ctx context.Context) error { return s.StoreSettings(ctx, "team", roster.Settings{}) },
		"ReviseGroup": func(ctx context.Context) error {
			return s.ReviseGroup(ctx, "team", &roster.Revision{Left: []string{"bob@example.org"}})
		},
		"StoreMembers": func(ctx context.Context) error {
			return s.StoreMembers(ctx, "team", roster.MemberRecord{JID: "x@y"}, roster.MemberRecord{JID: "z@y"})
		},
		"DeleteMember": func(ctx context.Context) error { return s.DeleteMember(ctx, "team", "bob@example.org") },
		"StoreSubscription": func(ctx context.Context) error {
			return s.StoreSubscription(ctx, "team", roster.SubscriptionRecord{ID: "x"})
		},
		"DeleteSubscriptions": func(ctx context.Context) error { return s.DeleteSubscriptions(ctx, "team", "a1", "b1") },
		"StoreContact":        func(ctx context.Context) error { return s.StoreContact(ctx, "team", "x@y") },
		"DeleteContact":       func(ctx context.Context) error { return s.DeleteContact(ctx, "team", "bob@example.org") },
		"StoreAuthorization": func(ctx context.Context) error {
			return s.StoreAuthorization(ctx, "team", "bob@example.org", "share no\n")
		},
		"StoreVisitor":        func(ctx context.Context) error { return s.StoreVisitor(ctx, "team", roster.VisitorRecord{JID: "x@y"}) },
		"DeleteVisitor":       func(ctx context.Context) error { return s.DeleteVisitor(ctx, "team", "ida@example.org") },
		"StoreHook":           func(ctx context.Context) error { return s.StoreHook(ctx, "team", roster.HookRecord{Name: "ci"}) },
		"DeleteAuthorization": func(ctx context.Context) error { return s.DeleteAuthorization(ctx, "team", "bob@example.org") },
		"StoreTie":            func(ctx context.Context) error { return s.StoreTie(ctx, roster.TieRecord{Here: "team"}) },
		"DeleteTie":           func(ctx context.Context) error { return s.DeleteTie(ctx, roster.TieRecord{Here: "team"}) },
	}
}

func testCancelled(t *testing.T, d Driver) {
	s := d.fresh(t)
	ok(t, s.CreateGroup(t.Context(), Team()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, change := range changes(s) {
		if err := change(ctx); err == nil {
			t.Errorf("%s with an ended context succeeded", name)
		}
	}
	_, err := s.GetGroup(ctx, "team")
	is(t, err, context.Canceled)
	_, err = s.ListGroups(ctx)
	is(t, err, context.Canceled)
	names, err := s.ListGroups(t.Context())
	ok(t, err)
	equal(t, names, []string{"team"})
	stored(t, s, Team())
}

func testClosed(t *testing.T, d Driver) {
	s := d.open(t, t.TempDir())
	ok(t, s.CreateGroup(t.Context(), Team()))
	ok(t, s.Close())
	for name, change := range changes(s) {
		if err := change(t.Context()); err == nil {
			t.Errorf("%s on a closed store succeeded", name)
		}
	}
	if _, err := s.GetGroup(t.Context(), "team"); err == nil {
		t.Error("GetGroup on a closed store succeeded")
	}
	if _, err := s.ListGroups(t.Context()); err == nil {
		t.Error("ListGroups on a closed store succeeded")
	}
	if err := s.EachGroup(t.Context(), func(*roster.GroupRecord) error { return nil }); err == nil {
		t.Error("EachGroup on a closed store succeeded")
	}
}
