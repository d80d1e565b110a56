package store

import (
	"database/sql"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store/storetest"
)

// team1 is storetest's Team as a Rollcall of schema 1 stored it.
const team1 = `
INSERT INTO groups (id, name, title, description, language, attributes, listed, payload) VALUES
	(7, 'team', 'The Team', 'zero' || char(0) || 'byte, ''quote'', "quote"' || char(10) || 'and ünïcode 🙂', 'en',
	 '[{"name":"phone","value":"123"},{"name":"room","value":""}]', 1, 'separate'),
	(9, 'empty', '', '', '', '[]', 0, 'both');
INSERT INTO members (group_id, jid, nick, affiliation, roles, attributes, ask) VALUES
	(7, 'alice@example.org', 'Alice', 'owner', '["lead","ops"]', '[{"name":"title","value":"Shift <lead> & more"}]', 'granted'),
	(7, 'bob@example.org', '', 'member', '[]', '[]', 'refused'),
	(7, 'eve@example.org', '', 'outcast', '[]', '[]', 'none');
INSERT INTO subscriptions (group_id, id, node, jid, owner) VALUES
	(7, 'a1', 'group', 'alice@example.org/phone', 'alice@example.org'),
	(7, 'b1', 'presence', 'bob@example.org', 'bob@example.org'),
	(7, 'b2', 'info', 'bot@example.org', 'bob@example.org');
INSERT INTO contacts (group_id, jid) VALUES (7, 'alice@example.org'), (7, 'bob@example.org');`

// makeSchema1 makes a file as a Rollcall of schema 1 left it.
func makeSchema1(t *testing.T, path string) {
	t.Helper()
	write, _, err := dataSources(path)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite3", write)
	if err != nil {
		t.Fatal(err)
	}
	p, err := migrations(db)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), team1); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// A file of schema 1 keeps all it has and gets empty policies, and is then
// like any other.
func TestMigrateFromSchema1(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rollcall.db")
	makeSchema1(t, path)
	s, ctx := openTest(t, path), t.Context()
	want := storetest.Team()
	p := policy.DefaultGroup() // what was not said is what it meant
	want.Source, want.Settings.Policy, want.Authorizations = "", p.String(), nil
	want.Settings.Delivery, want.Settings.Join, want.Settings.Aggregate, want.Settings.Avatar, want.Visitors = 0, roster.Invite, "", "", nil
	for i := range want.Members {
		want.Members[i].Agreed, want.Members[i].Elsewhere, want.Members[i].ByContact, want.Members[i].Precision = "", "", false, roster.Exact
		want.Members[i].Combination = roster.MostAvailable
		want.Members[i].Said, want.Members[i].Trusts = "", ""
	}
	for i := range want.Subscriptions {
		want.Subscriptions[i].Receiving = ""
	}
	check := func(s *sqlite) {
		t.Helper()
		for _, want := range []*roster.GroupRecord{want, {Name: "empty", Settings: roster.Settings{Policy: p.String()}}} {
			if got, err := s.GetGroup(ctx, want.Name); err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("got\n%+v, %v, want\n%+v", got, err, want)
			}
		}
	}
	check(s)

	all := storetest.Team()
	want.Settings, want.Subscriptions[1], want.Authorizations = all.Settings, all.Subscriptions[1], all.Authorizations[:1]
	if err := s.StoreSettings(ctx, "team", want.Settings); err != nil {
		t.Fatal(err)
	}
	if err := s.StoreSubscription(ctx, "team", want.Subscriptions[1]); err != nil {
		t.Fatal(err)
	}
	if err := s.StoreAuthorization(ctx, "team", "alice@example.org", want.Authorizations[0].Rules); err != nil {
		t.Fatal(err)
	}
	check(s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	check(openTest(t, path)) // nothing is migrated twice
}
