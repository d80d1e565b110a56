package storetest

import (
	"testing"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// testTies: what others tell us of is remembered by all that it is, and has
// nothing to do with the groups that are here.
func testTies(t *testing.T, d Driver) {
	dir, ctx := t.TempDir(), t.Context()
	s := d.open(t, dir)
	all, err := s.ListTies(ctx)
	ok(t, err)
	equal(t, len(all), 0)
	want := []roster.TieRecord{
		{Kind: roster.TieList, For: "hr", There: "ops@hr.example.org", Here: "ops"},
		{Kind: roster.TieList, For: "hr", There: "team@hr.example.org", Here: "team"},
		{Kind: roster.TieList, For: "old", There: "team@hr.example.org", Here: "team"},
		{Kind: roster.TiePresence, There: "hr.example.org", Here: "team"},
		{Kind: roster.TieRoom, For: "hr", There: "team@hr.example.org", Here: "team"},
	}
	for i := range want {
		ok(t, s.StoreTie(ctx, want[len(want)-1-i]))
		ok(t, s.StoreTie(ctx, want[len(want)-1-i]))
	}
	ok(t, s.CreateGroup(ctx, Team()))
	ok(t, s.DeleteGroup(ctx, "team"))
	if d.Persistent {
		ok(t, s.Close())
		s = d.open(t, dir)
	}
	defer func() { ok(t, s.Close()) }()
	all, err = s.ListTies(ctx)
	ok(t, err)
	equal(t, all, want)
	ok(t, s.DeleteTie(ctx, want[1]))
	ok(t, s.DeleteTie(ctx, want[1]))
	all, err = s.ListTies(ctx)
	ok(t, err)
	equal(t, all, append(want[:1:1], want[2:]...))
}
