package main

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/avatar"
)

// What is exported and imported into another service is exported again as it
// was.
func TestExportImport(t *testing.T) {
	b := newBench(t)
	b.write("secret", "hunter2\n")
	stop := b.start()
	b.done("group", "create", "team", "--name", "Team", "--attr", "phone=123", "--listed")
	b.done("member", "add", "team", "alice@example.org", "--nick", "Alice", "--role", "lead")
	b.done("policy", "set", "team", "alice@example.org", "members: availability", "hide eve@example.org")
	b.done("group", "create", "ops")
	text := b.done("export")
	stop()

	other := newBench(t)
	other.write("secret", "hunter2\n")
	other.write("all.json", text)
	other.write("groups.txt", "[Field Ops]\ncarol@example.org=Carol\nrubbish\n")
	stop = other.start()
	defer stop()
	file := filepath.Join(other.dir, "all.json")
	same(t, other.done("import", file), "imported 2 groups, 1 member\n")
	same(t, other.done("export"), text)
	if one := other.done("export", "ops"); strings.Contains(one, "team") {
		t.Errorf("one group is %s", one)
	}
	if code, _, stderr := other.run("import", file); code != exitFailed || !strings.Contains(stderr, "exists already (nothing was imported") {
		t.Errorf("twice: exit %d, %s", code, stderr)
	}
	same(t, other.done("import", file, "--skip-existing"), "imported 0 groups, 0 members\nleft out 2 groups that exist already\n")
	same(t, other.done("import", "--from", "prosody", filepath.Join(other.dir, "groups.txt")), "imported 1 group, 1 member\nignored  line 3: rubbish\n")
	same(t, other.done("group", "list"), "field-ops\nops\nteam\n")
}

// A file is applied step by step, and again without a step.
func TestApply(t *testing.T) {
	b := newBench(t).serve()
	b.done("group", "create", "team", "--name", "Old", "--attr", "a=1", "--attr", "b=2")
	b.done("member", "add", "team", "bob@example.org", "--role", "x")
	b.done("member", "add", "team", "carol@example.org")
	b.done("group", "create", "stray")
	b.write("groups.yaml", `groups:
  team:
    title: Team
    attributes: {a: "1", c: "3"}
    members:
      Alice@example.org: {nick: Alice, roles: [lead], affiliation: owner}
      bob@example.org: {roles: []}
  ops:
`)
	file := filepath.Join(b.dir, "groups.yaml")
	plan := `+ group ops
~ group team  title "Old" → "Team", c "3", b "2" → ""
  - carol@example.org
  + alice@example.org  nick "Alice", affiliation "member" → "owner", roles "lead"
  ~ bob@example.org  roles "x" → ""
`
	before := b.done("export")
	same(t, b.done("apply", "--dry-run", file), plan+"5 steps to do\n")
	same(t, b.done("export"), before)
	same(t, b.done("apply", file), plan+"5 steps done\n")
	same(t, b.done("apply", file), "nothing to do\n")
	b.write("said.json", `{"format": "rollcall", "version": 1, "groups": [{"name": "peer+", "members": [{"jid": "bob@example.org"}], "authorizations": [{"jid": "bob@example.org", "rules": "share no\n"}]}]}`)
	b.done("import", filepath.Join(b.dir, "said.json")) // what a user lets peers see is not the file's to end
	same(t, b.done("group", "list"), "ops\npeer+\nstray\nteam\n")
	same(t, b.done("apply", "--prune", "--dry-run", "--json", file), `{
  "steps": [
    {
      "sign": "-",
      "group": "stray"
    }
  ],
  "done": false
}
`)
	same(t, b.done("apply", "--prune", file), "- group stray\n1 step done\n")
	same(t, b.done("subscriptions", "team"), "nobody watches team@groups.example.org\n")
	for text, want := range map[string]string{
		"":                                 "the file is empty",
		"groups: {team: {name: x}}":        "field name not found",
		"groups: {team: {members: {x: }}}": `"x" is no user's address`,
		"groups: {team: {members: {a@x: , A@x: }}}":  "is named twice",
		"groups: {}\n---\ngroups: {}":                "second document",
		"groups: {team: {payload: most}}":            "payload",
		"groups: {team: {join: maybe}}":              "join",
		"groups: {team: {policy: \"watch nobody\"}}": "policy",
		"groups: {team: {avatar: none.png}}":         "none.png",
		"groups: {team: {avatar: bad.yaml}}":         "bad.yaml is no PNG",
	} {
		b.write("bad.yaml", text)
		if code, _, stderr := b.run("apply", filepath.Join(b.dir, "bad.yaml")); code != exitFailed || !strings.Contains(stderr, want) {
			t.Errorf("%q: exit %d, %s", text, code, stderr)
		}
	}
}

// Everything that is set of a group can stand in the file; what is wrong there
// is found before anything is done.
func TestApplySettings(t *testing.T) {
	b := newBench(t)
	b.write("secret", "hunter2\n")
	defer b.start()()
	picture := avatar.Default("team@groups.example.org", "Team")
	b.write("team.png", string(picture))
	b.write("groups.yaml", `groups:
  ops: {policy: "watch anyone"}
  team:
    join: approve
    aggregate: quorum:2
    delivery: "60000"
    avatar: team.png
    policy: |
      # who may see us
      watch anyone
      default members: availability show
`)
	b.done("group", "create", "team")
	file := filepath.Join(b.dir, "groups.yaml")
	got := b.done("apply", "--dry-run", file)
	want := `+ group ops  policy - "watch members", policy + "watch anyone"
~ group team  delivery "immediate" → "60000", join "invite" → "approve", aggregate "any" → "quorum:2", policy - "watch members", POLICY avatar "team.png"
2 steps to do
`
	before, after, _ := strings.Cut(want, "POLICY")
	if !strings.HasPrefix(got, before) || !strings.HasSuffix(got, after) || !strings.Contains(got, `policy + "default members: availability show"`) {
		t.Errorf("got\n%s", got)
	}
	b.done("apply", file)
	same(t, b.done("apply", file), "nothing to do\n")
	show := b.done("group", "show", "team", "--json")
	for _, part := range []string{`"join": "approve"`, `"aggregate": "quorum:2"`, `"delivery": "60000"`, `"avatar": "` + avatar.Hash(picture) + `"`, "watch anyone"} {
		if !strings.Contains(show, part) {
			t.Errorf("%s is not in\n%s", part, show)
		}
	}
	b.write("groups.yaml", "groups: {team: {avatar: \"\"}}")
	same(t, b.done("apply", file), "~ group team  avatar \"\"\n1 step done\n")
}

// What was done is on record, and who is forgotten is nowhere.
func TestAuditAndForget(t *testing.T) {
	b := newBench(t)
	b.write("secret", "hunter2\n")
	stop := b.start()
	defer stop()
	b.done("group", "create", "team")
	b.done("member", "add", "team", "eve.adams@example.org", "--affiliation", "owner")
	b.done("member", "add", "team", "bob@example.org")
	b.done("policy", "set", "team", "bob@example.org", "members: availability", "jid:eve.adams@example.org: all", "hide eve.adams@example.org")
	log := b.done("audit", "--member", "eve.adams@example.org")
	if lines := strings.Split(log, "\n"); len(lines) != 4 || !strings.Contains(lines[2], "socket:") || !strings.Contains(lines[2], "member-add") {
		t.Errorf("about eve:\n%s", log)
	}
	got := strings.Split(b.done("forget", "eve.adams@example.org"), "\n")
	want := []string{"forgot eve.adams@example.org: 1 membership, 0 subscriptions, 0 contacts, 1 places in policies, ", "kept  team: bob@example.org hides from him", ""}
	got[0], _, _ = strings.Cut(got[0], want[0][len(want[0])-1:]+"4 in")
	if len(got) != 3 || !strings.HasPrefix(want[0], got[0]) || !reflect.DeepEqual(got[1:], want[1:]) {
		t.Errorf("got %q", got)
	}
	b.done("forget", "eve.adams@example.org", "--hides")
	if all := b.done("export") + b.done("audit", "--json"); strings.Contains(all, "eve.adams") || !strings.Contains(all, "bob@example.org: availability") && !strings.Contains(all, "members: ") {
		t.Errorf("after forgetting: %s", all)
	}
	if status := b.done("status"); !strings.Contains(status, "not attached to 127.0.0.1:5347") || !strings.Contains(status, "groups.example.org, version") {
		t.Errorf("status: %s", status)
	}
}
