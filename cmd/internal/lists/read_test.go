package lists_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/lists"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

func line(all []*roster.Basic) string {
	var b strings.Builder
	for _, g := range all {
		fmt.Fprintf(&b, "[%s %q %q %s %v]", g.Name, g.Title, g.Description, g.Language, g.Attributes)
		for _, m := range g.Members {
			fmt.Fprintf(&b, " %s=%s/%s%v%v", m.JID, m.Nick, m.Affiliation, m.Roles, m.Attributes)
		}
	}
	return b.String()
}

// The same groups in every way of writing them.
func TestRead(t *testing.T) {
	full := `[ops "" ""  []] eve@example.org=/none[][][team "The Team" "On shift" en [{phone 1}]] alice@example.org=Alice/admin[lead ops][{title Dr}] bob@example.org=/none[][]`
	for name, test := range map[string]struct{ text, want string }{
		"a.toml": {`
[groups.ops.members]
"eve@example.org" = {}
[groups.team]
title = "The Team"
description = "On shift"
language = "en"
attributes = { phone = "1" }
[groups.team.members]
"bob@Example.org" = {}
"alice@example.org" = { nick = "Alice", affiliation = "admin", roles = ["lead", "ops"], attributes = { title = "Dr" } }
`, full},
		"a.JSON": {`{"groups": {"team": {"title": "The Team", "description": "On shift", "language": "en", "attributes": {"phone": "1"}, "members":
			{"alice@example.org": {"nick": "Alice", "affiliation": "admin", "roles": ["lead", "ops"], "attributes": {"title": "Dr"}}, "bob@example.org": {}}},
			"ops": {"members": {"eve@example.org": {}}}}}`, full},
		"a.csv": {"\ufeffgroup,jid,nick,affiliation,roles,title\r\nteam, alice@example.org,Alice,admin,lead ops,Dr\r\nteam,bob@example.org\nops,eve@example.org,,,,\nempty,\n",
			`[empty "" ""  []][ops "" ""  []] eve@example.org=/none[][][team "" ""  []] alice@example.org=Alice/admin[lead ops][{title Dr}] bob@example.org=/none[][]`},
		"a.groups": {"# ours\n[+The Team]\nalice@example.org=Alice\nbob@example.org\n",
			`[the-team "The Team" ""  []] alice@example.org=Alice/none[][] bob@example.org=/none[][]`},
		"a.txt":   {"[a]\nx@y\n", `[a "a" ""  []] x@y=/none[][]`},
		"b.toml":  {"[groups]\n", ""},
		"b.json":  {`{"groups": {}}`, ""},
		"b.csv":   {"group,jid\n", ""},
		"b.xlsx":  {"x", `".xlsx": it is not known`},
		"c.toml":  {"", "there is no [groups.NAME]"},
		"d.toml":  {"[groups.team]\ntitel = 5\n", "groups.team.titel is not known"},
		"e.toml":  {"[groups.team.members]\n\"alice@example.org\" = {", "toml: "},
		"f.toml":  {"[groups.team.members]\n\"alice\" = {}", `group team: "alice" is no user's address`},
		"g.toml":  {"[groups.team.members]\n\"a@b/c\" = {}", "no user's address"},
		"h.toml":  {"[groups.team.members]\n\"a@b\" = {affiliation = \"king\"}", `a@b: affiliation: "king" is none of`},
		"c.json":  {`{"groups": {}} {`, "behind the end"},
		"d.json":  {`{"groups": {"team": {"members": {"a@b"`, "unexpected EOF"},
		"e.json":  {`{"group": {}}`, "unknown field"},
		"f.json":  {`{}`, `there is no "groups"`},
		"c.csv":   {"group,jid\nteam,alice@exam", "its last line does not end"},
		"d.csv":   {"team,alice@example.org\n", "names no column group"},
		"e.csv":   {"group,jid\nteam,a@b,c\n", "line 2: it has 3 columns"},
		"f.csv":   {"group,jid\nteam,a@b\nteam,a@b\n", "line 3: a@b is named twice"},
		"g.csv":   {"group,jid\n,a@b\n", "line 2: a group or an address is missing"},
		"h.csv":   {"group,jid\nteam,\"a@b\n", "parse error on line 2"},
		"i.csv":   {"", "does not end"},
		"b.txt":   {"[team]\nalice@example.org\nnobody\n", "line 3: nobody: that is no address"},
		"c.txt":   {"[team]\nalice@ex", "does not end"},
		"big.csv": {strings.Repeat("x", lists.MaxFile+1), "more than"},
	} {
		all, err := lists.Read(name, []byte(test.text))
		got := line(all)
		if err != nil {
			if got = err.Error(); test.want == "" || !strings.Contains(got, test.want) {
				t.Errorf("%s: %s, want %s", name, got, test.want)
			}
			continue
		}
		if got != test.want {
			t.Errorf("%s:\n%s, want\n%s", name, got, test.want)
		}
	}
	many := "group,jid\n"
	for i := range 1001 {
		many += fmt.Sprintf("g%d,a@b\n", i)
	}
	if _, err := lists.Read("a.csv", []byte(many)); err == nil {
		t.Error("more groups than a source may have")
	}
}

// Whatever stands in a file, it is refused with a reason, or the roster takes
// it in or says why not; what it took in is not changed by reading it again.
func FuzzRead(f *testing.F) {
	f.Add(0, "[groups.team.members]\n\"alice@example.org\" = { nick = \"A\", roles = [\"x\"] }\n")
	f.Add(1, `{"groups": {"team": {"title": "T", "members": {"alice@example.org": {"affiliation": "owner"}}}}}`)
	f.Add(2, "group,jid,nick,title\nteam,alice@example.org,\"A\"\"\",Dr\n")
	f.Add(3, "[+Everybody & more]\nalice@example.org=Alice\n")
	f.Add(2, "group,jid,group,jid\na,b@c,d,e@f\n")
	f.Fuzz(func(t *testing.T, kind int, text string) {
		name := "a" + []string{".toml", ".json", ".csv", ".txt"}[uint(kind)%4]
		all, err := lists.Read(name, []byte(text))
		if err != nil {
			return
		}
		r := roster.New(roster.Options{Store: store.Memory(), Outbox: nobody{}})
		for _, b := range all {
			if _, err := r.Mirror(t.Context(), "sheet", b); err != nil {
				continue
			}
			if changed, err := r.Mirror(t.Context(), "sheet", b); changed || err != nil {
				t.Errorf("%+v: changed again: %v, %v", b, changed, err)
			}
		}
	})
}

// nobody is an outbox that leads nowhere.
type nobody struct{}

func (nobody) Ready(*roster.Group)                             {}
func (nobody) Presence(string, string, roster.PresenceType)    {}
func (nobody) Wanted(*roster.Group)                            {}
func (nobody) Began(string, roster.SubscriptionRecord)         {}
func (nobody) Gone(string, string, []string)                   {}
func (nobody) Ended(group string, s roster.SubscriptionRecord) {}
