package storetest

import (
	"context"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/roster"
)

func testRevision(t *testing.T, d Driver) {
	s, ctx := d.fresh(t), t.Context()
	want := Team()
	ok(t, s.CreateGroup(ctx, want))
	zoe := roster.MemberRecord{JID: "zoe@example.org", Affiliation: roster.Plain}
	want.Members[0].Nick = "Al"
	want.Source, want.Settings.Title = "other", "Renamed"
	ok(t, s.ReviseGroup(ctx, "team", &roster.Revision{Source: want.Source, Settings: want.Settings, Left: []string{"bob@example.org"},
		Members:        []roster.MemberRecord{zoe, want.Members[0]},
		Visitors:       []roster.VisitorRecord{{JID: "bob@example.org", State: roster.Declined}},
		Authorizations: []roster.AuthorizationRecord{{JID: "zoe@example.org", Rules: "share no\n"}}}))
	want.Members = []roster.MemberRecord{want.Members[0], want.Members[2], zoe}
	want.Subscriptions, want.Contacts = want.Subscriptions[:1], want.Contacts[:1]
	want.Authorizations = []roster.AuthorizationRecord{want.Authorizations[0], {JID: "zoe@example.org", Rules: "share no\n"}}
	want.Visitors = slices.Insert(want.Visitors, 0, roster.VisitorRecord{JID: "bob@example.org", State: roster.Declined})
	stored(t, s, want)

	// All of it or nothing.
	is(t, s.ReviseGroup(ctx, "team", &roster.Revision{Source: "x", Members: []roster.MemberRecord{zoe}, Left: []string{"alice@example.org", "bob@example.org"}}), roster.ErrNoMember)
	stored(t, s, want)

	// Who comes back is no visitor any more, and one who leaves and comes at once has nothing left.
	bob := roster.MemberRecord{JID: "bob@example.org", Affiliation: roster.Plain}
	ok(t, s.ReviseGroup(ctx, "team", &roster.Revision{Settings: want.Settings, Left: []string{"alice@example.org"}, Members: []roster.MemberRecord{bob}}))
	want.Source, want.Visitors = "", want.Visitors[1:]
	want.Members[0] = bob
	want.Subscriptions, want.Contacts, want.Authorizations = nil, nil, want.Authorizations[1:]
	stored(t, s, want)
}

func reviseGroup(t *rapid.T, name string) modelChange {
	r := &roster.Revision{Source: texts.Draw(t, "source"), Settings: drawSettings(t), Left: rapid.SliceOfNDistinct(jids, 0, 1, rapid.ID).Draw(t, "left")}
	for _, jid := range rapid.SliceOfNDistinct(jids, 0, 3, rapid.ID).Draw(t, "members") {
		r.Members = append(r.Members, drawMember(t, jid))
	}
	for _, jid := range rapid.SliceOfNDistinct(jids, 0, 1, rapid.ID).Draw(t, "visitors") {
		r.Visitors = append(r.Visitors, roster.VisitorRecord{JID: jid, State: roster.Declined})
	}
	for _, jid := range rapid.SliceOfNDistinct(jids, 0, 1, rapid.ID).Draw(t, "authorizations") {
		r.Authorizations = append(r.Authorizations, roster.AuthorizationRecord{JID: jid, Rules: texts.Draw(t, "rules")})
	}
	return modelChange{"ReviseGroup",
		func(ctx context.Context, s roster.Store) error { return s.ReviseGroup(ctx, name, r) },
		in(name, func(g *roster.GroupRecord) error {
			for _, jid := range r.Left {
				if g.Member(jid) == nil {
					return roster.ErrNoMember
				}
				removeMember(g, jid)
			}
			g.Source, g.Settings = r.Source, r.Settings
			for _, m := range r.Members {
				g.Members = slices.DeleteFunc(g.Members, func(o roster.MemberRecord) bool { return o.JID == m.JID })
				g.Members = append(g.Members, m)
				g.Visitors = withoutVisitor(g.Visitors, m.JID)
			}
			for _, v := range r.Visitors {
				g.Visitors = append(withoutVisitor(g.Visitors, v.JID), v)
			}
			for _, a := range r.Authorizations {
				g.Authorizations = append(withoutAuthorization(g.Authorizations, a.JID), a)
			}
			return nil
		})}
}
