package roster_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// What a source hides is not listed, and what is listed does not become one
// that it hides.
func TestHiddenGroup(t *testing.T) {
	ctx := t.Context()
	r, _, g := playOn(t, store.Memory(), foreign("ann"))
	list := func(listed bool) error {
		return r.UpdateGroup(ctx, "team", func(s *roster.Settings) error { s.Listed = listed; return nil })
	}
	b := listOf("ann", "bob")
	b.Hidden = true
	if _, err := r.Mirror(ctx, "hr", b); err != nil {
		t.Fatal(err)
	}
	if err := list(true); err == nil {
		t.Error("a hidden group is listed")
	}
	b.Hidden = false
	if _, err := r.Mirror(ctx, "hr", b); err != nil {
		t.Fatal(err)
	}
	if err := list(true); err != nil {
		t.Error(err)
	}
	b.Hidden, b.Members = true, b.Members[:1]
	before := picture(t, r)
	if _, err := r.Mirror(ctx, "hr", b); err == nil || picture(t, r) != before {
		t.Errorf("a listed group is hidden: %v", err)
	}
	if err := list(false); err != nil {
		t.Error(err)
	}
	if _, err := r.Mirror(ctx, "hr", b); err != nil || g.Power(at("bob")) != roster.None {
		t.Error(err)
	}
}

// Who leaves a list that is not his to leave shares nothing and hears nothing
// any more; it is remembered, also when the list drops him and takes him up
// again, and over a restart.
func TestLeavingAForeignGroup(t *testing.T) {
	ctx, disk := t.Context(), store.Memory()
	rec := foreign("ann", "bob", "cid")
	rec.Settings.Policy = "require availability\n" // leaving is always possible
	r, out, g := playOn(t, disk, rec)
	if err := g.OnSubscribe(ctx, at("bob")); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Subscribe(ctx, at("bob"), at("bob")+"/desk", roster.NodeGroup, nil); err != nil {
		t.Fatal(err)
	}
	out.sent()
	if err := g.Leave(ctx, at("bob")); err != nil {
		t.Fatal(err)
	}
	presence, ended := out.sent()
	slices.Sort(presence)
	want := []string{"unavailable bob@a.example", "unsubscribe bob@a.example", "unsubscribed bob@a.example"}
	if !slices.Equal(presence, want) || !slices.Equal(ended, []string{"group bob@a.example/desk"}) {
		t.Errorf("said %q, ended %q", presence, ended)
	}
	gone := func(g *roster.Group) {
		t.Helper()
		if err := g.Leave(ctx, at("eve")); !errors.Is(err, roster.ErrNoGroup) && !errors.Is(err, roster.ErrNoMember) {
			t.Errorf("a stranger leaves: %v", err)
		}
		if a, own, err := g.Authorization(at("bob")); err != nil || !own || a.Share {
			t.Errorf("bob shares %v (%v), %v", a, own, err)
		}
		if ask, _ := g.Wants(); len(ask) > 0 {
			t.Errorf("%q are asked", ask)
		}
		rec, err := r.ShowGroup(ctx, "team")
		if err != nil || len(rec.Subscriptions)+len(rec.Contacts) > 0 || rec.Member(at("bob")) == nil {
			t.Errorf("%+v, %v", rec, err)
		}
	}
	gone(g)
	if err := g.OnUnsubscribed(ctx, at("cid")); err != nil { // he has only said no
		t.Fatal(err)
	}
	for _, b := range []*roster.Basic{listOf("ann"), listOf("ann", "bob", "cid")} {
		if _, err := r.Mirror(ctx, "hr", b); err != nil {
			t.Fatal(err)
		}
		presence, _ := out.sent()
		if slices.ContainsFunc(presence, func(p string) bool { return strings.HasPrefix(p, "subscribe ") }) {
			t.Errorf("said %q", presence)
		}
	}
	gone(g)
	r = again(disk)
	if g, err := r.Group(ctx, "team"); err != nil {
		t.Error(err)
	} else {
		gone(g)
	}
}

// Who is on the list again after a slip is shown by his own rules, and no more
// exactly than he said.
func TestListedAgain(t *testing.T) {
	ctx, disk := t.Context(), store.Memory()
	r, _, g := playOn(t, disk, foreign("ann", "bob"))
	rule := func(m policy.Mask) *policy.Authorization {
		return &policy.Authorization{Share: true, Hide: []string{at("eve")}, Rules: []policy.Rule{{Attributes: m}, {Who: policy.Who{Class: policy.JID, Name: at("ann")}, Attributes: policy.Location}}}
	}
	if err := g.Authorize(ctx, at("bob"), rule(policy.Availability|policy.Location)); err != nil {
		t.Fatal(err)
	}
	if err := g.SetPrecision(ctx, at("bob"), roster.Country); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Mirror(ctx, "hr", listOf("ann")); err != nil {
		t.Fatal(err)
	}
	r = again(disk)
	if _, err := r.Mirror(ctx, "hr", listOf("ann", "bob")); err != nil {
		t.Fatal(err)
	}
	located := func(r policy.Rule) bool { return r.Attributes.Has(policy.Location) }
	for _, r := range []*roster.Roster{r, again(disk)} {
		g, err := r.Group(ctx, "team")
		if err != nil {
			t.Fatal(err)
		}
		if a, own, err := g.Authorization(at("bob")); err != nil || !own || len(a.Hide) != 1 || !slices.ContainsFunc(a.Rules, func(r policy.Rule) bool { return r.Attributes.Has(policy.Availability) }) || slices.ContainsFunc(a.Rules, located) {
			t.Errorf("bob is shown by %s (%v), %v", a.String(), own, err)
		}
	}
}

// again is a service that starts on the same disk.
func again(disk roster.Store) *roster.Roster {
	return roster.New(roster.Options{Store: disk, Outbox: &outbox{wake: make(chan struct{}, 1)}, Renderer: dialect{}, Now: func() time.Time { return noon }})
}

// A group that goes over to a source, or comes from one, keeps what it has and
// says nothing.
func TestAdoptAndRelease(t *testing.T) {
	ctx, disk := t.Context(), &failing{Store: store.Memory()}
	r, out, g := playOn(t, disk, team("ann", "bob"))
	if _, err := g.Subscribe(ctx, at("bob"), at("bob")+"/desk", roster.NodeGroup, nil); err != nil {
		t.Fatal(err)
	}
	out.next().Turn(nil, 1<<20)
	out.sent()
	before := picture(t, r)
	if err := r.Adopt(ctx, at("ann"), "team", "hr"); !errors.Is(err, roster.ErrForbidden) {
		t.Error(err)
	}
	if err := r.Adopt(ctx, "", "team", "h r"); err == nil || g.Source() != "" {
		t.Error("a source whose name is not one word")
	}
	disk.broken = true
	if err := r.Adopt(ctx, "", "team", "hr"); !errors.Is(err, errDisk) || g.Source() != "" {
		t.Error(err)
	}
	disk.broken = false
	for range 2 {
		if err := r.Adopt(ctx, "", "team", "hr"); err != nil || g.Source() != "hr" {
			t.Fatal(err, g.Source())
		}
		if err := r.Adopt(ctx, "", "team", "other"); !errors.Is(err, roster.ErrForeign) {
			t.Error(err)
		}
		if changed, err := r.Mirror(ctx, "hr", listOf("ann", "bob")); changed || err != nil {
			t.Error(changed, err)
		}
		if err := r.Release(ctx, at("ann"), "team"); !errors.Is(err, roster.ErrForbidden) {
			t.Error(err)
		}
		if err := r.Release(ctx, "", "team"); err != nil || g.Source() != "" {
			t.Fatal(err)
		}
	}
	if after := picture(t, r); after != before {
		t.Errorf("was\n%s\nis\n%s", before, after)
	}
	presence, ended := out.sent()
	if next := out.next(); len(presence)+len(ended) > 0 || next != nil {
		t.Errorf("said %q %q, wants to say more: %v", presence, ended, next != nil)
	}
	if err := r.AddMembers(ctx, "team", roster.MemberRecord{JID: at("cid"), Affiliation: roster.Plain}); err != nil {
		t.Error(err)
	}
}

// A source that is lost leaves the list, and members are told since when.
func TestLostSource(t *testing.T) {
	ctx := context.Background()
	r, _, g := playOn(t, store.Memory(), foreign("ann"))
	stale := func(want time.Time, why string) {
		t.Helper()
		d, err := g.Describe(at("ann"))
		if err != nil || !d.Stale.Equal(want) {
			t.Errorf("stale since %v, %v", d.Stale, err)
		}
		if l, is := r.Lost("hr", "team"); is != !want.IsZero() || l.Why != why {
			t.Errorf("%+v", l)
		}
	}
	stale(time.Time{}, "")
	r.SourceLost("hr", "", noon, "connection refused")
	r.SourceLost("hr", "", noon.Add(time.Hour), "no route")
	r.SourceLost("other", "", noon, "x")
	stale(noon, "no route")
	r.SourceBack("hr", "")
	stale(time.Time{}, "")
	r.SourceLost("hr", "team", noon, "the source has it no more")
	stale(noon, "the source has it no more")
	if _, err := r.Mirror(ctx, "hr", listOf("ann")); err != nil {
		t.Fatal(err)
	}
	stale(time.Time{}, "")
}
