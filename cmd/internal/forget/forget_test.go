package forget_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/forget"
	"github.com/rollcall-xmpp/rollcall/component"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// Who is forgotten is nowhere at once, in memory as little as on disk, although
// he, and others who named him, do not know the group any more.
func TestForgetsAtOnce(t *testing.T) {
	ctx, kept := t.Context(), store.Memory()
	r := component.NewService(component.ServiceConfig{Store: kept, Link: component.Config{Domain: "groups.example.org", ServerHost: "example.org"}}).Roster
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ok(r.CreateGroup(ctx, &roster.GroupRecord{Name: "team", Settings: roster.Settings{Listed: true, Policy: "watch anyone\n", Join: roster.Approve},
		Members: []roster.MemberRecord{{JID: "ann@example.org", Affiliation: roster.Owner}}}))
	g, err := r.Group(ctx, "team")
	ok(err)
	everybody := &policy.Authorization{Share: true, Rules: []policy.Rule{{Attributes: policy.Availability}}}
	ok(g.Authorize(ctx, "eve@example.org", everybody))
	ok(g.Authorize(ctx, "bob@example.net", &policy.Authorization{Share: true, Rules: []policy.Rule{
		{Who: policy.Who{Class: policy.JID, Name: "eve@example.org"}, Attributes: policy.Availability}, everybody.Rules[0]}}))
	if joined, err := g.Join(ctx, "eve@example.org", ""); joined || err != nil {
		t.Fatalf("joined: %v, %v", joined, err)
	}
	ok(g.Reject(ctx, "ann@example.org", "eve@example.org"))
	ok(g.Invite(ctx, "ann@example.org", "cid@example.org"))
	ok(g.SetHook(ctx, "ann@example.org", roster.HookRecord{Name: "ci", URL: "https://ci.example.org/", Secret: "s", Format: roster.HookJSON}))
	ok(r.UpdateGroup(ctx, "team", func(s *roster.Settings) error { s.Listed, s.Policy = false, "watch members\n"; return nil }))

	e := &forget.Eraser{Roster: r}
	for _, jid := range []string{"eve@example.org", "ann@example.org"} {
		_, err = e.Person(ctx, jid, false)
		ok(err)
	}
	rec, err := kept.GetGroup(ctx, "team")
	ok(err)
	want := []roster.AuthorizationRecord{{JID: "bob@example.net", Rules: everybody.String()}}
	if !reflect.DeepEqual(rec.Authorizations, want) || len(rec.Visitors) != 1 || rec.Visitors[0].By != "" || len(rec.Members) != 0 {
		t.Errorf("on disk: %+v", rec)
	}
	ok(r.AddMembers(ctx, "team", roster.MemberRecord{JID: "eve@example.org", Affiliation: roster.Owner}))
	if a, own, err := g.Authorization("eve@example.org"); own || err != nil {
		t.Errorf("in memory: %+v, %v", a, err)
	}
	hooks, err := g.Hooks("")
	ok(err)
	if len(hooks) != 1 || hooks[0].By != "" || len(rec.Hooks) != 1 || rec.Hooks[0].By != "" {
		t.Errorf("who set the webhook: in memory %+v, on disk %+v", hooks, rec.Hooks)
	}
	all, err := g.Visitors("eve@example.org")
	ok(err)
	for _, v := range all {
		if v.JID != "cid@example.org" || strings.Contains(v.By, "ann") {
			t.Errorf("in memory: %+v", v)
		}
	}
}

// Where somebody else keeps the list he stays on it, and shares nothing.
func TestForgetsWhoIsListed(t *testing.T) {
	ctx, kept := t.Context(), store.Memory()
	r := component.NewService(component.ServiceConfig{Store: kept, Link: component.Config{Domain: "groups.example.org", ServerHost: "example.org"}}).Roster
	const eve = "eve@example.org"
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := r.Mirror(ctx, "hr", &roster.Basic{Name: "team", Members: []roster.BasicMember{{JID: eve}, {JID: "bob@example.org"}}})
	ok(err)
	g, err := r.Group(ctx, "team")
	ok(err)
	_, err = g.Subscribe(ctx, eve, eve, roster.NodeGroup, nil)
	ok(err)
	ok(g.Say(ctx, eve, func([]roster.Willing) ([]roster.Willing, error) {
		return []roster.Willing{{App: "voice", No: true}}, nil
	}))
	ok(g.Trust(ctx, eve, func([]roster.Trust) ([]roster.Trust, error) {
		return []roster.Trust{{Bot: "bot@example.org", May: policy.Status}}, nil
	}))
	res, err := (&forget.Eraser{Roster: r}).Person(ctx, eve, false)
	ok(err)
	rec, err := kept.GetGroup(ctx, "team")
	ok(err)
	m := rec.Member(eve)
	if m == nil || m.Said != "" || m.Trusts != "" || len(rec.Subscriptions) > 0 || len(res.Kept) != 1 {
		t.Errorf("%+v, subscriptions %+v, kept %q", m, rec.Subscriptions, res.Kept)
	}
	if want := []roster.AuthorizationRecord{{JID: eve, Rules: (&policy.Authorization{}).String()}}; !reflect.DeepEqual(rec.Authorizations, want) {
		t.Errorf("policies: %+v", rec.Authorizations)
	}
}

// Whoever asked for him before, or asks for the first time: peers see nothing of
// who is forgotten, also when the service starts anew.
func TestForgetsAtPeers(t *testing.T) {
	ctx, kept := t.Context(), store.Memory()
	const eve, ann = "eve@example.org", "ann@example.org"
	peers := []component.Peer{{Address: "a.example", Give: true, Grants: "all"}, {Address: "b.example", Give: true, Grants: "all"}}
	begin := func() *roster.Roster {
		return component.NewService(component.ServiceConfig{Store: kept, Link: component.Config{Domain: "groups.example.org", ServerHost: "example.org"}, Peers: peers}).Roster
	}
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	wish := roster.PeerWish{Of: roster.PeerList, Members: []string{eve, ann}}
	for what, said := range map[string]*policy.Authorization{"nothing": nil, "little": {Share: true, Rules: []policy.Rule{{Who: policy.Who{Class: policy.Domain, Name: "a.example"}, Attributes: policy.Counted}}}} {
		r := begin()
		if said != nil {
			ok(r.AuthorizePeers(ctx, eve, said))
		}
		_, err := r.Entrust(ctx, "a.example", "all", wish)
		ok(err)
		res, err := (&forget.Eraser{Roster: r}).Person(ctx, eve, false)
		ok(err)
		if len(res.Kept) != 1 {
			t.Errorf("who said %s: kept %q", what, res.Kept)
		}
		for range 2 {
			_, err = r.Entrust(ctx, "b.example", "all", wish)
			ok(err)
			ok(r.Reconcile(ctx, func(string) (string, bool) { return "all", true }))
			for _, name := range []string{"a.example", "b.example"} {
				rec, err := r.ExportGroup(ctx, roster.PeerGroup(name))
				ok(err)
				want := []roster.AuthorizationRecord{{JID: eve, Rules: (&policy.Authorization{}).String()}}
				if rec.Member(eve) == nil || rec.Member(ann) == nil || !reflect.DeepEqual(rec.Authorizations, want) {
					t.Errorf("who said %s: %s sees them by %+v", what, name, rec.Authorizations)
				}
			}
			r = begin()
		}
	}
}
