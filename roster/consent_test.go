package roster_test

import (
	"context"
	"slices"
	"strconv"
	"testing"

	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// Who may become a contact without being asked: who joined by a word of his
// own, and everybody where members are informed.
func TestPreapproval(t *testing.T) {
	ctx := context.Background()
	rec := team("ann", "bob")
	rec.Settings.Join, rec.Settings.Listed = roster.Open, true
	for i := range rec.Members {
		rec.Members[i].Ask = roster.Unasked
	}
	s := play(t, rec)
	if joined, err := s.g.Join(ctx, at("cid"), ""); !joined || err != nil {
		t.Fatal(joined, err)
	}
	if err := s.g.OnSubscribe(ctx, at("dan")); err != nil { // his contact made him a member
		t.Fatal(err)
	}
	for _, j := range []string{"ann", "cid"} {
		if may, _ := s.g.Preapproval(at(j)); may {
			t.Errorf("%s, whom nobody wants to ask", j)
		}
	}
	s.g.Wants()
	for j, want := range map[string]bool{"ann": false, "bob": false, "cid": true, "dan": false, "eve": false} {
		if may, watches := s.g.Preapproval(at(j)); may != want || watches != want {
			t.Errorf("%s: %v %v", j, may, watches)
		}
	}
	s.g.NotPreapproved(at("cid"))
	if ask, _ := s.g.Wants(); !slices.Equal(ask, []string{at("cid")}) {
		t.Errorf("asked %q after the server refused", ask)
	}
	if may, _ := s.g.Preapproval(at("cid")); may {
		t.Error("the server is bothered twice")
	}
}

// A consent ends when it is taken back: the contact removed, the request
// refused.
func TestConsentEnds(t *testing.T) {
	ctx := context.Background()
	for name, end := range map[string]func(g *roster.Group) error{
		"contact removed": func(g *roster.Group) error { return g.OnUnsubscribe(ctx, at("cid")) },
		"refused":         func(g *roster.Group) error { return g.OnUnsubscribed(ctx, at("cid")) },
	} {
		rec := team("ann")
		rec.Settings.Join, rec.Settings.Listed = roster.Open, true
		s := play(t, rec)
		if _, err := s.g.Join(ctx, at("cid"), ""); err != nil {
			t.Fatal(err)
		}
		s.g.Wants()
		if err := end(s.g); err != nil {
			t.Fatal(name, err)
		}
		if may, _ := s.g.Preapproval(at("cid")); may {
			t.Errorf("%s: still", name)
		}
	}
}

// Whoever is gone when the server has made him a contact is let go again.
func TestPreapprovedTooLate(t *testing.T) {
	ctx := context.Background()
	rec := team("ann")
	rec.Settings.Join, rec.Settings.Listed = roster.Open, true
	_, out, g := playOn(t, store.Memory(), rec)
	if _, err := g.Join(ctx, at("cid"), ""); err != nil {
		t.Fatal(err)
	}
	g.Wants()
	for _, end := range []func() error{
		func() error { return g.OnUnsubscribed(ctx, at("cid")) }, // says no
		func() error { return g.Leave(ctx, at("cid")) },
	} {
		if err := end(); err != nil {
			t.Fatal(err)
		}
		out.sent()
		if err := g.OnPreapproved(ctx, at("cid"), true); err != nil {
			t.Fatal(err)
		}
		want := []string{"unsubscribe " + at("cid"), "unsubscribed " + at("cid")}
		if got, _ := out.sent(); !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
	}
	if g.Contacts() != nil {
		t.Error("a contact of who left")
	}
}

// Who has the group as a contact is never called beside it, also while he is
// away: another presence would take the place of the contact's.
func TestCallsBesideTheContact(t *testing.T) {
	for _, contact := range []bool{false, true} {
		t.Run(strconv.FormatBool(contact), func(t *testing.T) {
			ctx := context.Background()
			r := roster.New(roster.Options{Store: store.Memory(), Outbox: &outbox{wake: make(chan struct{}, 1)}, Renderer: dialect{}})
			rec := &roster.GroupRecord{Name: "team", Members: []roster.MemberRecord{
				{JID: at("ann"), Affiliation: roster.Plain, Ask: roster.Granted}, {JID: at("bob"), Affiliation: roster.Plain, Ask: roster.Asked}}}
			if contact {
				rec.Contacts = []string{at("ann")}
			}
			if err := r.CreateGroup(ctx, rec); err != nil {
				t.Fatal(err)
			}
			g := r.Loaded([]byte("team"))
			g.Hear([]byte(at("ann")), []byte("desk"), &roster.Presence{Show: roster.Online})
			g.Hear([]byte(at("ann")), []byte("desk"), &roster.Presence{})
			if _, calls := g.Calls(at("ann")); calls == contact {
				t.Errorf("called: %v", calls)
			}
			if _, calls := g.Calls(at("bob")); calls {
				t.Error("who has not said yes is called")
			}
		})
	}
}
