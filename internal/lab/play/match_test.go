package play

import (
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	const stanza = `<message from='team@g' to='bob@h/r' xml:lang='en' type='headline' id='7'>` +
		`<event xmlns='urn:e'><items node='NS#group'><item id='a'>one</item><item id='b'/><more/></items></event>` +
		`<body> Some text </body></message>`
	for _, c := range []struct {
		pattern string
		why     string // "" = it matches
	}{
		{`<message type='headline'/>`, ""},
		{`<message/>`, "has type='headline', the pattern none"},
		{`<message type='*'/>`, ""},
		{`<presence type='headline'/>`, "is <message"},
		{`<message xmlns='urn:other' type='headline'/>`, "is <message xmlns='jabber:client'>"},
		{`<message type='headline' from='team@g' id='7'/>`, ""},
		{`<message type='headline' from='team'/>`, "attribute from is 'team@g', not 'team'"},
		{`<message type='headline' from='*@g'/>`, ""},
		{`<message type='headline' stamp=''/>`, ""},
		{`<message type='headline' id=''/>`, "attribute id is '7', not ''"},
		{`<message type='headline' stamp='*'/>`, ""},
		{`<message type='headline'><body>Some text</body></message>`, ""},
		{`<message type='headline'><body>Some</body></message>`, `text is "Some text", not "Some"`},
		{`<message type='headline'><body>S* t*t</body></message>`, ""},
		{`<message type='headline'><body>S\*</body></message>`, "text is"},
		{`<message type='headline'><body/><event xmlns='urn:e'/></message>`, ""}, // any order right below the stanza
		{`<message type='headline'><event/></message>`, "has no <event xmlns='jabber:client'>"},
		{`<message type='headline'><event xmlns='urn:e'><items node='NS#info'/></event></message>`,
			"message/event/items: attribute node is 'NS#group', not 'NS#info'"},
		{items(``, `<item id='a'/><item id='b'/>`), ""},
		{items(``, `<item id='a'/><more/>`), ""},
		{items(``, `<item id='b'/><item id='a'/>`), "has no <item xmlns='urn:e'> behind those that match"},
		{items(``, `<more/><item id='a'/>`), "has no <item xmlns='urn:e'> behind those that match"},
		{items(`play:children='any-order'`, `<more/><item id='b'/><item id='a'/>`), ""},
		{items(`play:children='any-order'`, `<item id='a'/><item id='a'/>`), "attribute id is"}, // one each
		{items(`play:children='exact'`, `<item id='a'/><item id='b'/><more/>`), ""},
		{items(`play:children='exact'`, `<item id='a'/><more/>`), "has a <item> beside what is exact"},
		{items(`play:children='exact any-order'`, `<more/><item/><item/>`), ""},
		{items(``, `<item id='a' play:children='exact'/>`), `text is "one", not ""`},
		{items(``, `<item id='c' play:absent='1'/><item id='a'/>`), ""},
		{items(``, `<item id='a'/><item id='b' play:absent='1'/>`), "has a <item> that must be absent"},
		{items(``, `<item id='{x}'/><item id='{y}'/>`), ""},
		{items(``, `<item id='{x}'/><item id='{x}'/>`), "attribute id is 'b', not 'a'"},
		{items(`node='NS#{x}'`, `<item id='{y}'/>`), ""},
		{items(``, `<item id='{known}'/>`), "not '7'"},
	} {
		bound := bindings{"known": "7"}
		miss := match(tree(t, c.pattern), tree(t, stanza), bound)
		switch {
		case miss == nil && c.why != "":
			t.Errorf("%s\nmatches, should not: %s", c.pattern, c.why)
		case miss != nil && (c.why == "" || !strings.Contains(miss.String(), c.why)):
			t.Errorf("%s\ndoes not match: %s; want %q", c.pattern, miss, c.why)
		case miss != nil && len(bound) != 1:
			t.Errorf("%s\ncaptured %v although it does not match", c.pattern, bound)
		}
	}
}

// items is a pattern of the event in TestMatch.
func items(attrs, children string) string {
	return `<message type='headline'><event xmlns='urn:e'><items ` + attrs + `>` + children + `</items></event></message>`
}

func tree(t *testing.T, xml string) *element {
	t.Helper()
	trees, err := parseTrees(xml)
	if err != nil || len(trees) != 1 {
		t.Fatalf("%s: %v", xml, err)
	}
	return trees[0]
}

func TestCaptures(t *testing.T) {
	b := bindings{}
	if !b.match("{token}/{n} of *", "x.y/3 of 5") || b["token"] != "x.y" || b["n"] != "3" {
		t.Errorf("captured %v", b)
	}
	if b.match("{n}", "4") || !b.match("{n}+", "3+") {
		t.Error("a capture is not what it was")
	}
	if got, err := b.expand("<a id='{n}'>{token} {Not} \\* *</a>", strings.ToUpper); err != nil || got != "<a id='3'>X.Y {Not} \\* *</a>" {
		t.Errorf("expanded to %q, %v", got, err)
	}
}

func TestDisguise(t *testing.T) {
	g := newDisguise("example.org", "groups.example.org")
	g.suffix = ".sfx"
	g.toWords([]string{"group", "create", "team"})
	const plain = `<iq to='team@groups.example.org/x' from="a.b@example.org"><jid>a@example.org</jid><v>team</v>` +
		`<a href='xmpp:team@groups.example.org?join;x=y@example.com'>team up</a></iq>`
	const wire = `<iq to='team.sfx@groups.example.org/x' from="a.b.sfx@example.org"><jid>a.sfx@example.org</jid><v>team.sfx</v>` +
		`<a href='xmpp:team.sfx@groups.example.org?join;x=y@example.com'>team up</a></iq>`
	if got := g.toWire(plain); got != wire {
		t.Errorf("on the wire:\n%s", got)
	}
	if got := g.fromWire(wire); got != plain {
		t.Errorf("back:\n%s", got)
	}
	words := g.toWords([]string{"member", "add", "team", "a@example.org", "--nick", "team", "--attr", "x=team"})
	if got := strings.Join(words, " "); got != "member add team.sfx a.sfx@example.org --nick team --attr x=team" {
		t.Errorf("on the command line: %s", got)
	}
}

func TestRender(t *testing.T) {
	const text = `<message type='a&apos;b' xml:lang='en'>
  <x xmlns='urn:x'>one &amp; two
    <y/>
    <z xmlns='jabber:client'/>
  </x>
</message>`
	if got := tree(t, text).render(); got != text {
		t.Errorf("rendered as\n%s", got)
	}
}
