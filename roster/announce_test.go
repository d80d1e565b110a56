package roster_test

import (
	"testing"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// Who has the group as a contact, and says that his device wants its events,
// gets them as his contact wants them, while the device is there.
func TestAnnounced(t *testing.T) {
	s := newScene(t, team("ann", "bob", "cid"))
	nodes := []roster.Node{roster.NodePresence}
	s.is("bob", "desk", roster.Online)
	s.g.Announced(at("bob"), "desk", nodes)
	s.said() // is no contact
	s.ok(s.g.OnSubscribe(t.Context(), at("bob")))
	s.said("bob: ")
	s.g.Announced(at("bob"), "desk", nodes)
	s.said("bob/desk: full ann bob cid")
	s.g.Announced(at("bob"), "desk", nodes) // as with each of his presences
	s.said()
	if n := len(s.g.Subscriptions(at("bob"))); n > 0 {
		t.Errorf("%d subscriptions", n)
	}
	if rec, err := s.r.ShowGroup(t.Context(), "team"); err != nil || len(rec.Subscriptions) > 0 {
		t.Errorf("stored are %+v, %v", rec.Subscriptions, err)
	}
	s.ok(s.g.Configure(t.Context(), at("bob"), at("bob"), roster.NodeContact, "", &policy.Receiving{Members: []string{at("ann")}}))
	s.said("bob/desk: full ann", "bob: ")
	s.is("cid", "desk", roster.Online)
	s.said()
	s.is("bob", "desk", roster.Offline)
	s.is("bob", "phone", roster.Online)
	s.is("ann", "desk", roster.Online)
	s.said("bob: ")
	s.g.Announced(at("bob"), "phone", []roster.Node{roster.NodeInfo, roster.NodePresence})
	s.said("bob/phone: full ann", "bob/phone: full info")
	s.g.Announced(at("bob"), "phone", []roster.Node{roster.NodeInfo})
	s.is("ann", "desk", roster.Away)
	s.said("bob: ")
	s.g.Departed([]byte(at("bob")), []byte("phone"))
	s.ok(s.r.UpdateGroup(t.Context(), "team", func(set *roster.Settings) error { set.Title = "The Team"; return nil }))
	s.said()

	// It ends with the contact, without a word: nobody asked for it.
	s.g.Announced(at("bob"), "phone", nodes)
	s.said("bob/phone: full ann")
	s.ok(s.g.OnUnsubscribe(t.Context(), at("bob")))
	s.is("ann", "desk", roster.Online)
	s.said()
	s.over()
	if s.g.Awaits([]byte(at("bob"))) {
		t.Error("who is no contact is asked what he can do")
	}
}
