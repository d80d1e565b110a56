package roster_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// One subscription to all groups of somebody: those that he is in, those that
// he joins, no longer those that he leaves, and over a restart.
func TestMine(t *testing.T) {
	s := newScene(t, team("ann", "bob"))
	other := team("bob", "cid")
	other.Name = "other"
	s.ok(s.r.CreateGroup(t.Context(), other))
	t.Cleanup(func() { s.r.DeleteGroup(t.Context(), "other") })
	if _, err := s.r.SubscribeMine(t.Context(), at("eve"), at("eve"), nil); err != roster.ErrForbidden {
		t.Errorf("who is in no group: %v", err)
	}
	rec, err := s.r.SubscribeMine(t.Context(), at("bob"), at("bob"), nil)
	s.ok(err)
	s.said("bob: full info summary ann bob", "bob: full info summary bob cid")
	for _, h := range s.got {
		if !h.tail.Collection {
			t.Errorf("%s does not say that it is one of all", h.group)
		}
	}
	again, err := s.r.SubscribeMine(t.Context(), at("bob"), at("bob"), nil)
	if s.ok(err); again.ID != rec.ID || len(s.r.Mine(at("bob"))) != 1 {
		t.Errorf("%+v, then %+v", rec, again)
	}
	s.said("bob: full info summary ann bob", "bob: full info summary bob cid")
	if n := len(s.g.Subscriptions(at("bob"))); n > 0 {
		t.Errorf("it is listed %d times at a group", n)
	}

	// What he joins is followed, and only while he is in it.
	third := team("cid")
	third.Name = "third"
	s.ok(s.r.CreateGroup(t.Context(), third))
	t.Cleanup(func() { s.r.DeleteGroup(t.Context(), "third") })
	s.said()
	s.ok(s.r.AddMembers(t.Context(), "third", roster.MemberRecord{JID: at("bob"), Affiliation: roster.Plain}))
	s.said("bob: full info summary bob cid")
	s.ok(s.r.RemoveMember(t.Context(), "third", at("bob")))
	s.over("group bob")
	s.is("ann", "desk", roster.Online)
	s.said("bob: summary ann")

	// Another node, when it is what shows most.
	s.ok(s.r.UpdateGroup(t.Context(), "team", func(set *roster.Settings) error { set.Payload = roster.PresenceOnly; return nil }))
	s.said("bob: full ann bob")
	s.over()
	s.is("ann", "desk", roster.Away)
	s.said("bob: ann")
	// Who may not watch any more loses it, and has it again when he may.
	s.ok(s.r.UpdateGroup(t.Context(), "team", func(set *roster.Settings) error { set.Policy = "watch role:lead"; return nil }))
	s.over("presence bob")
	s.ok(s.r.UpdateMember(t.Context(), "team", at("bob"), func(m *roster.MemberRecord) error { m.Roles = []string{"lead"}; return nil }))
	s.said("bob: full ann bob")

	wish := roster.Wish{Receiving: policy.Receiving{Members: []string{at("ann")}}}
	s.ok(s.r.ReconfigureMine(t.Context(), at("bob"), at("bob"), "", &wish))
	s.said("bob: full ann", "bob: full info summary")
	got, _, err := s.r.MyWish(at("bob"), at("bob"), rec.ID)
	if s.ok(err); !slices.Equal(got.Receiving.Members, wish.Receiving.Members) {
		t.Errorf("he wants %+v", got)
	}
	stored, err := s.r.ShowGroup(t.Context(), "other")
	if s.ok(err); len(stored.Subscriptions) != 1 || stored.Subscriptions[0].Node != roster.NodeMine || stored.Subscriptions[0].ID != rec.ID {
		t.Errorf("stored are %+v", stored.Subscriptions)
	}
	var bad *roster.InvalidError
	if _, err := s.r.SubscribeMine(t.Context(), at("bob"), at("bob"), &roster.Wish{Manner: roster.Manner{While: true}}); !errors.As(err, &bad) {
		t.Errorf("a lease: %v", err)
	}
	for name, want := range map[string]error{"": nil, "x": roster.ErrInvalidSubID} {
		if _, _, err := s.r.MyWish(at("bob"), at("bob"), name); err != want {
			t.Errorf("%q: %v", name, err)
		}
	}
	s.ok(s.r.UnsubscribeMine(t.Context(), at("bob"), at("bob"), ""))
	s.is("ann", "desk", roster.Online)
	s.said()
	if err := s.r.UnsubscribeMine(t.Context(), at("bob"), at("bob"), ""); err != roster.ErrNoSubscription {
		t.Error(err)
	}
	if all := s.r.Mine(at("bob")); len(all) > 0 {
		t.Errorf("left are %+v", all)
	}
}
