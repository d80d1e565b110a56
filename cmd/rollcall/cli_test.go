package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin/admintest"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// bench is a directory with a configuration file, in which commands are run.
type bench struct {
	t     *testing.T
	dir   string
	store roster.Store
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, dir: t.TempDir(), store: store.Memory()}
	b.write("rollcall.toml", "domain = \"groups.example.org\"\n[server]\nsecret_file = \"secret\"\n")
	return b
}

func (b *bench) write(name, text string) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// serve answers on the admin socket until the test ends, over b.store.
func (b *bench) serve() *bench {
	b.t.Helper()
	l, err := admin.Listen(filepath.Join(b.dir, "rollcall.sock"))
	if err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	log := newLog(b.t.Output(), config.Log{})
	ended := make(chan error, 1)
	go func() { ended <- admin.Serve(ctx, l, admin.New(admintest.New(b.store), log, admin.WithImport()), log) }()
	b.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			b.t.Error(err)
		}
	})
	return b
}

// run runs one command, with the directory's name replaced by DIR in what it
// says.
func (b *bench) run(args ...string) (code int, stdout, stderr string) {
	b.t.Helper()
	var out, errs bytes.Buffer
	m := Main{Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" }}
	args = append([]string{"-config", filepath.Join(b.dir, "rollcall.toml")}, args...)
	code = m.Run(b.t.Context(), args)
	clean := strings.NewReplacer(b.dir, "DIR")
	return code, clean.Replace(out.String()), clean.Replace(errs.String())
}

// done runs a command that has to succeed without complaint.
func (b *bench) done(args ...string) (stdout string) {
	b.t.Helper()
	code, stdout, stderr := b.run(args...)
	if code != exitDone || stderr != "" {
		b.t.Fatalf("%q: exit %d: %s", args, code, stderr)
	}
	return stdout
}

func same(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// The two commands of the contract, to the letter, and what comes of them.
func TestExamples(t *testing.T) {
	b := newBench(t).serve()
	same(t, b.done("group", "create", "team", "--name", "Team", "--attr", "phone=123"), "created team@groups.example.org\n")
	same(t, b.done("member", "add", "team", "alice@example.org", "--nick", "Alice", "--role", "lead", "--attr", "title=Shift lead"),
		"added alice@example.org to team@groups.example.org\n")
	same(t, b.done("group", "show", "team"), `Address     team@groups.example.org
Name        Team
Listed      no
Payload     both
Attributes  phone=123
Watched by  nobody
Members     1

ADDRESS            NICK   AFFILIATION  ROLES  PRESENCE   ATTRIBUTES
alice@example.org  Alice  member       lead   not asked  title='Shift lead'
`)
	same(t, b.done("group", "show", "team", "--json"), `{
  "name": "team",
  "title": "Team",
  "description": "",
  "language": "",
  "attributes": {
    "phone": "123"
  },
  "listed": false,
  "payload": "both",
  "delivery": "immediate",
  "join": "invite",
  "aggregate": "any",
  "avatar": "",
  "policy": "",
  "members": [
    {
      "jid": "alice@example.org",
      "nick": "Alice",
      "affiliation": "member",
      "roles": [
        "lead"
      ],
      "attributes": {
        "title": "Shift lead"
      },
      "presence": "none"
    }
  ],
  "subscriptions": [],
  "contacts": []
}
`)
}

// Everything in a group that a person may have to read, and nothing that
// moves his terminal.
func TestShow(t *testing.T) {
	b := newBench(t).serve()
	err := b.store.CreateGroup(t.Context(), &roster.GroupRecord{
		Name: "team",
		Settings: roster.Settings{Title: "Team", Description: "one\ntwo \x1b[31mred", Language: "en", Listed: true, Payload: roster.Combined, Delivery: 5000, Join: roster.Open, Aggregate: "quorum:2",
			Attributes: []roster.Attribute{{Name: "desk", Value: "it's"}, {Name: "phone", Value: "123"}}},
		Members: []roster.MemberRecord{
			{JID: "bob@example.org", Affiliation: roster.Plain, Ask: roster.Refused, Attributes: []roster.Attribute{{Name: "a", Value: "1"}, {Name: "b", Value: "2 3"}}},
			{JID: "carol@example.org", Nick: "日本", Affiliation: roster.Owner, Ask: roster.Granted, Roles: []string{"lead", "ops"}},
			{JID: "dave@example.org", Nick: "D\u202eve", Affiliation: roster.Admin, Ask: roster.Asked},
		},
		Subscriptions: []roster.SubscriptionRecord{
			{ID: "topsecret1", Node: "group", JID: "bob@example.org/a", Owner: "bob@example.org"},
			{ID: "topsecret2", Node: "group", JID: "bob@example.org/b", Owner: "bob@example.org"},
		},
		Contacts: []string{"bob@example.org"},
	})
	if err != nil {
		t.Fatal(err)
	}
	view := b.done("group", "show", "team")
	same(t, view, `Address      team@groups.example.org
Name         Team
Description  one\ntwo \x1b[31mred
Language     en
Listed       yes
Payload      combined
Join         open
Aggregate    quorum:2
Delivery     every 5000 ms
Attributes   desk='it'\''s'
             phone=123
Watched by   1 by subscription, 1 as a contact
Members      3

ADDRESS            NICK       AFFILIATION  ROLES     PRESENCE  ATTRIBUTES
bob@example.org               member                 refused   a=1 b='2 3'
carol@example.org  日本       owner        lead ops  granted
dave@example.org   D\u202eve  admin                  asked
`)
	_, members, _ := strings.Cut(view, "\n\n")
	same(t, b.done("member", "list", "team"), members)
	if all := b.done("group", "show", "team", "--json"); strings.Contains(all+view, "topsecret") {
		t.Errorf("a SubID shows: %s", all)
	}
}

func TestGroupCommands(t *testing.T) {
	b := newBench(t).serve()
	same(t, b.done("group", "list"), "")
	same(t, b.done("group", "list", "--json"), "{\n  \"groups\": []\n}\n")
	b.done("group", "create", "team", "--description", "d", "--language", "de", "--listed", "--payload", "presence", "--attr", "a=1", "--attr", "b=x=y, z")
	b.done("group", "create", "ops")
	same(t, b.done("group", "list"), "ops\nteam\n")
	same(t, b.done("group", "list", "--json"), `{
  "groups": [
    {
      "name": "ops"
    },
    {
      "name": "team"
    }
  ]
}
`)
	b.settings(roster.Settings{Description: "d", Language: "de", Listed: true, Payload: roster.PresenceOnly,
		Attributes: []roster.Attribute{{Name: "a", Value: "1"}, {Name: "b", Value: "x=y, z"}}})
	same(t, b.done("group", "set", "team", "--name", "Team", "--attr", "a=", "--attr", "c=3"), "changed team@groups.example.org\n")
	b.settings(roster.Settings{Title: "Team", Description: "d", Language: "de", Listed: true, Payload: roster.PresenceOnly,
		Attributes: []roster.Attribute{{Name: "b", Value: "x=y, z"}, {Name: "c", Value: "3"}}})
	b.done("group", "set", "team", "--no-listed", "--description", "", "--payload=both", "--attr=b=", "--attr=c=")
	b.settings(roster.Settings{Title: "Team", Language: "de"})
	same(t, b.done("group", "delete", "team"), "deleted team@groups.example.org\n")
	same(t, b.done("group", "list"), "ops\n")
}

func (b *bench) settings(want roster.Settings) {
	b.t.Helper()
	g, err := b.store.GetGroup(b.t.Context(), "team")
	if err != nil {
		b.t.Fatal(err)
	}
	equal(b.t, g.Settings, want)
}

func TestMemberCommands(t *testing.T) {
	b := newBench(t).serve()
	b.done("group", "create", "team")
	same(t, b.done("member", "list", "team"), "team@groups.example.org has no members\n")
	same(t, b.done("member", "list", "team", "--json"), "{\n  \"members\": []\n}\n")
	b.done("member", "add", "team", "Alice@Example.ORG/phone", "--role", "ops", "--role", "lead", "--affiliation", "owner", "--attr", "a=1")
	b.member(roster.MemberRecord{JID: "alice@example.org", Affiliation: roster.Owner, Roles: []string{"lead", "ops"},
		Attributes: []roster.Attribute{{Name: "a", Value: "1"}}})
	b.done("member", "set", "team", "alice@example.org", "--nick", "Alice")
	b.done("member", "set", "team", "alice@example.org", "--role", "night", "--attr", "b=2")
	b.member(roster.MemberRecord{JID: "alice@example.org", Nick: "Alice", Affiliation: roster.Owner, Roles: []string{"night"},
		Attributes: []roster.Attribute{{Name: "a", Value: "1"}, {Name: "b", Value: "2"}}})
	b.done("member", "set", "team", "alice@example.org", "--no-roles", "--nick", "", "--attr", "a=", "--attr", "b=", "--affiliation", "member")
	b.member(roster.MemberRecord{JID: "alice@example.org", Affiliation: roster.Plain})
	same(t, b.done("member", "remove", "team", "alice@example.org"), "removed alice@example.org from team@groups.example.org\n")
	same(t, b.done("member", "list", "team"), "team@groups.example.org has no members\n")
}

func (b *bench) member(want roster.MemberRecord) {
	b.t.Helper()
	g, err := b.store.GetGroup(b.t.Context(), "team")
	if err != nil {
		b.t.Fatal(err)
	}
	equal(b.t, g.Members, []roster.MemberRecord{want})
}

func equal[T any](t *testing.T, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

// Every refusal is one line on stderr that says what to do, and changes
// nothing.
func TestRefusals(t *testing.T) {
	b := newBench(t).serve()
	b.done("group", "create", "team")
	b.done("member", "add", "team", "bob@example.org")
	for _, test := range []struct {
		code   int
		stderr string
		args   string
	}{
		{1, "create group team: group exists already (change it with: rollcall group set)", "group create team"},
		{1, "name: \"a@b\" cannot be part of an address", "group create a@b"},
		{1, "get group no: no such group (see: rollcall group list)", "group show no"},
		{1, "get group no: no such group (see: rollcall group list)", "group set no --name x"},
		{1, "delete group no: no such group (see: rollcall group list)", "group delete no"},
		{1, "get group no: no such group (see: rollcall group list)", "member list no"},
		{1, "get group no: no such group (see: rollcall group list)", "member add no a@x"},
		{1, "add bob@example.org to team: member exists already (change it with: rollcall member set)", "member add team bob@example.org"},
		{1, "change a@x in team: no such member (see: rollcall member list)", "member set team a@x --nick A"},
		{1, "delete member a@x of team: no such member (see: rollcall member list)", "member remove team a@x"},
		{1, "member[0].jid: \"example.org\" is no user's address", "member add team example.org"},

		{2, `expected one of "run", "group", "member", "policy", "webhook", ... (rollcall --help tells more)`, ""},
		{2, `unexpected argument groups, did you mean "group"? (rollcall --help tells more)`, "groups"},
		{2, `expected one of "create", "list", "show", "set", "delete", ... (rollcall group --help tells more)`, "group"},
		{2, `expected "<group>" (rollcall group create --help tells more)`, "group create"},
		{2, `expected "<jid>" (rollcall member add --help tells more)`, "member add team"},
		{2, `<jid>: "@" is not an address, such as alice@example.org: the localpart must be larger than 0 bytes (rollcall member add --help tells more)`, "member add team @"},
		{2, `unknown flag --colour (rollcall group list --help tells more)`, "group list --colour"},
		{2, `--attr: "phone" is not NAME=VALUE, such as phone=123 or title="Shift lead" (rollcall group set --help tells more)`, "group set team --attr phone"},
		{2, `--attr: "=1" is not NAME=VALUE, such as phone=123 or title="Shift lead" (rollcall group set --help tells more)`, "group set team --attr =1"},
		{2, `attribute a is given twice: keep one`, "group set team --attr a=1 --attr a=2"},
		{2, `attribute a has no value: write a=VALUE`, "group create new --attr a="},
		{2, `attribute a has no value: write a=VALUE`, "member add team new@x --attr a="},
		{2, `nothing to change: give what to set, such as --name "Team" (rollcall group set --help tells more)`, "group set team"},
		{2, `nothing to change: give what to set, such as --nick Alice (rollcall member set --help tells more)`, "member set team bob@example.org"},
		{2, `--payload must be one of "both","presence","separate","combined" but got "all" (rollcall group set --help tells more)`, "group set team --payload all"},
		{2, `--affiliation must be one of "owner","admin","member","outcast" but got "boss" (rollcall member set --help tells more)`, "member set team bob@example.org --affiliation boss"},
		{2, `--role and --no-roles can't be used together (rollcall member set --help tells more)`, "member set team bob@example.org --role x --no-roles"},
		{2, `<server> must be one of "prosody","ejabberd" but got "openfire" (rollcall snippet --help tells more)`, "snippet openfire"},
	} {
		code, stdout, stderr := b.run(strings.Fields(test.args)...)
		if code != test.code || stdout != "" || stderr != "rollcall: "+test.stderr+"\n" {
			t.Errorf("%s: exit %d\nstdout %s\nstderr %swant   rollcall: %s", test.args, code, stdout, stderr, test.stderr)
		}
	}
	same(t, b.done("group", "list"), "team\n")
	b.member(roster.MemberRecord{JID: "bob@example.org", Affiliation: roster.Plain})
	b.settings(roster.Settings{})
}

func TestNotRunning(t *testing.T) {
	b := newBench(t)
	code, _, stderr := b.run("group", "list")
	if code != exitFailed {
		t.Errorf("exit %d", code)
	}
	same(t, stderr, "rollcall: no rollcall is running at DIR/rollcall.sock (start it with: rollcall run -config DIR/rollcall.toml)\n")
}

func TestBadConfig(t *testing.T) {
	b := newBench(t)
	b.write("rollcall.toml", "domain = \"groups.example.org\"\n[server]\nsecrets = \"x\"\n")
	for _, command := range []string{"run", "group list", "snippet prosody"} {
		code, _, stderr := b.run(strings.Fields(command)...)
		if code != exitFailed {
			t.Errorf("exit %d", code)
		}
		same(t, stderr, "rollcall: DIR/rollcall.toml:3: server.secrets: there is no such key: did you mean secret, below [server]?\n")
	}
}

func TestConfigFlag(t *testing.T) {
	for _, args := range [][]string{
		{"-config", "x.toml", "group", "list"}, {"group", "list", "-config", "x.toml"},
		{"-config=x.toml", "group", "list"}, {"group", "--config", "x.toml", "list"},
	} {
		var errs bytes.Buffer
		m := Main{Stdout: &errs, Stderr: &errs, Getenv: os.Getenv}
		if code := m.Run(t.Context(), args); code != exitFailed || !strings.HasPrefix(errs.String(), "rollcall: x.toml: there is no such file") {
			t.Errorf("%q: exit %d, %s", args, code, errs.String())
		}
	}
}

// Help goes to stdout, is no failure, and every command and flag has some.
func TestHelp(t *testing.T) {
	b := newBench(t)
	for _, command := range []string{"", "run", "group", "group create", "group list", "group show", "group set", "group delete",
		"member", "member add", "member set", "member remove", "member list", "snippet", "watch", "export", "demo", "version"} {
		help := b.done(append(strings.Fields(command), "--help")...)
		if !strings.HasPrefix(help, strings.TrimSpace("Usage: rollcall "+command)) {
			t.Errorf("%s --help begins with %.60q", command, help)
		}
		for line := range strings.Lines(help) {
			words := strings.Fields(line)
			if len(words) == 1 && strings.HasPrefix(words[0], "--") && !strings.Contains(words[0], "|") {
				t.Errorf("%s: %s has no help", command, words[0])
			}
		}
	}
}
