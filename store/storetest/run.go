package storetest

import (
	"errors"
	"reflect"
	"testing"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// Driver says how to open the store under test.
type Driver struct {
	// Open opens the store that is kept in dir, an empty one at first.
	Open func(dir string) (roster.Store, error)
	// Persistent is whether a closed store still has its content when it is
	// opened again at the same place.
	Persistent bool
}

// Run runs the whole contract.
func Run(t *testing.T, d Driver) {
	for name, test := range map[string]func(*testing.T, Driver){
		"Groups":         testGroups,
		"Each":           testEach,
		"EachEnds":       testEachEnds,
		"Settings":       testSettings,
		"Members":        testMembers,
		"Revision":       testRevision,
		"Subscriptions":  testSubscriptions,
		"Contacts":       testContacts,
		"Visitors":       testVisitors,
		"Authorizations": testAuthorizations,
		"Ties":           testTies,
		"NoGroup":        testNoGroup,
		"NotShared":      testNotShared,
		"Cancelled":      testCancelled,
		"Concurrent":     testConcurrent,
		"Refusals":       testRefusalsAmongOthers,
		"Closed":         testClosed,
		"Model":          testModel,
	} {
		t.Run(name, func(t *testing.T) { test(t, d) })
	}
}

func (d Driver) open(t testing.TB, dir string) roster.Store {
	t.Helper()
	s, err := d.Open(dir)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return s
}

// fresh opens an empty store that the test's end closes.
func (d Driver) fresh(t testing.TB) roster.Store {
	t.Helper()
	s := d.open(t, t.TempDir())
	t.Cleanup(func() { ok(t, s.Close()) })
	return s
}

// failer is a *testing.T or a *rapid.T.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func ok(t failer, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

func is(t failer, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error is %v, want %v", err, want)
	}
}

func equal[T any](t failer, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got\n%+v, want\n%+v", got, want)
	}
}

// stored checks that the store holds exactly want under its name.
func stored(t testing.TB, s roster.Store, want *roster.GroupRecord) {
	t.Helper()
	got, err := s.GetGroup(t.Context(), want.Name)
	ok(t, err)
	equal(t, got, want)
}

// Team is a group with something in every field, its lists in the order in
// which a store returns them.
func Team() *roster.GroupRecord {
	return &roster.GroupRecord{
		Name: "team", Source: "hr",
		Settings: roster.Settings{
			Title: "The Team", Description: "zero\x00byte, 'quote', \"quote\"\nand ünïcode 🙂", Language: "en",
			Attributes: []roster.Attribute{{Name: "phone", Value: "123"}, {Name: "room", Value: ""}},
			Listed:     true, Payload: roster.Separate, Policy: "basic everyone\ndefault members: all except location\n",
			Delivery: 5000, Join: roster.Approve, Aggregate: "quorum:2", Avatar: "\x89PNG\r\n\x1a\n\x00\xff",
		},
		Members: []roster.MemberRecord{
			{JID: "alice@example.org", Nick: "Alice", Affiliation: roster.Owner, Roles: []string{"lead", "ops"},
				Attributes: []roster.Attribute{{Name: "title", Value: "Shift <lead> & more"}}, Ask: roster.Granted,
				Said: `{"here":[{"app":"voice","no":true}]}`, Trusts: "calendar@bots.example.org willingness\n"},
			{JID: "bob@example.org", Affiliation: roster.Plain, Ask: roster.Refused, Agreed: "members: availability\n", Elsewhere: "share no\n", Combination: roster.MostRecent},
			{JID: "eve@example.org", Affiliation: roster.Outcast, ByContact: true, Precision: roster.Region},
		},
		Subscriptions: []roster.SubscriptionRecord{
			{ID: "a1", Node: "group", JID: "alice@example.org/phone", Owner: "alice@example.org"},
			{ID: "b1", Node: "presence", JID: "bob@example.org", Owner: "bob@example.org", Receiving: "roles lead\nsame-role\n"},
			{ID: "b2", Node: "info", JID: "bot@example.org", Owner: "bob@example.org"},
		},
		Contacts: []string{"alice@example.org", "bob@example.org"},
		Visitors: []roster.VisitorRecord{
			{JID: "ida@example.org", State: roster.Invited, By: "alice@example.org"},
			{JID: "mallory@example.org", State: roster.Banned, By: "", Contact: true},
		},
		Authorizations: []roster.AuthorizationRecord{ // the last one is no member yet
			{JID: "alice@example.org", Rules: "share no\n"},
			{JID: "bob@example.org", Rules: "hide eve@example.org\nmembers: availability show\n"},
			{JID: "zoe@example.org", Rules: "# 'quote', \"quote\", zero\x00byte, ünïcode 🙂"},
		},
	}
}
