package pubsub

import (
	"encoding/xml"
	"io"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

var renderer = &Renderer{Domain: "groups.example.org"}

func check(t *testing.T, name string, got []byte, want string) {
	t.Helper()
	if string(got) != want {
		t.Errorf("%s:\ngot  %s\nwant %s", name, got, want)
	}
}

const (
	open = "<item id='alice@example.org'><member xmlns='urn:xmpp:tmp:group-presence:0' jid='alice@example.org'"
	away = "<presence xmlns='jabber:client' type='unavailable'/>"
)

func TestMember(t *testing.T) {
	full := roster.Item{JID: "alice@example.org", Nick: "Alice", Roles: []string{"lead", "ops"},
		Attributes: []roster.Attribute{{Name: "title", Value: "R&D's \"lead\""}},
		Show:       roster.DND, Status: "On a <call>", Idle: "2026-01-01T12:00:00Z",
		Devices: []roster.Device{{Name: "phone", Show: roster.Away, Connection: "on"}, {Name: "desk"}}}
	check(t, "all", renderer.Member(nil, roster.NodeGroup, &full), open+
		" nick='Alice' roles='lead ops'><attribute name='title'>R&amp;D's \"lead\"</attribute>"+
		"<presence xmlns='jabber:client'><show>dnd</show><status>On a &lt;call&gt;</status></presence>"+
		"<device name='phone' show='away' connection='on'/><device name='desk'/>"+
		"<idle xmlns='urn:xmpp:idle:1' since='2026-01-01T12:00:00Z'/></member></item>")
	check(t, "no presence in #members", renderer.Member(nil, roster.NodeMembers, &roster.Item{JID: "alice@example.org"}),
		open+"></member></item>")
	check(t, "plainly available", renderer.Member(nil, roster.NodePresence, &roster.Item{JID: "alice@example.org", Show: roster.Online}),
		open+"><presence xmlns='jabber:client'></presence></member></item>")
	check(t, "offline", renderer.Member(nil, roster.NodeGroup, &roster.Item{JID: "alice@example.org"}),
		open+">"+away+"</member></item>")
	// What an offline item carries by mistake is not shown.
	full.Show = roster.Offline
	if got := string(renderer.Member(nil, roster.NodePresence, &full)); strings.Contains(got, "call") || strings.Contains(got, "phone") {
		t.Errorf("offline, and yet: %s", got)
	}
}

func TestGroupItems(t *testing.T) {
	s := roster.Settings{Title: "The Team", Description: "We & you", Language: "en", Attributes: []roster.Attribute{{Name: "phone", Value: "123"}}}
	check(t, "info", renderer.Info(nil, &s, "team", true), "<item id='info'><info xmlns='urn:xmpp:tmp:group-presence:0' xml:lang='en'>"+
		"<name>The Team</name><description>We &amp; you</description><attribute name='phone'>123</attribute></info></item>")
	check(t, "info for outsiders", renderer.Info(nil, &roster.Settings{Attributes: s.Attributes}, "team", false),
		"<item id='info'><info xmlns='urn:xmpp:tmp:group-presence:0'><name>team</name></info></item>")
	check(t, "summary", renderer.Summary(nil, roster.Summary{Members: 5, Available: 3, Chat: 1, Away: 2, XA: 3, DND: 4}),
		"<item id='summary'><summary xmlns='urn:xmpp:tmp:group-presence:0' members='5' available='3' chat='1' away='2' xa='3' dnd='4'/></item>")
	check(t, "gone", renderer.Gone(nil, "alice@example.org"), "<retract id='alice@example.org'/>")
}

func TestEvent(t *testing.T) {
	event := func(s *roster.Stamp) []byte {
		b := renderer.EventStart(nil, "team", "ID")
		b = renderer.Address(b, "bob@example.org/Bob's")
		return renderer.EventClose(renderer.EventEnd(renderer.EventItems(b, roster.NodeInfo), s))
	}
	const head = "<message type='headline' from='team@groups.example.org' id='ID' to='bob@example.org/Bob&#39;s'>" +
		"<event xmlns='http://jabber.org/protocol/pubsub#event'><items node='urn:xmpp:tmp:group-presence:0#info'></items></event>"
	const ns = "<state xmlns='urn:xmpp:tmp:group-presence:0'"
	got := strings.ReplaceAll(string(event(&roster.Stamp{From: "a", To: "b", Part: 1, Parts: 1})), "&apos;", "&#39;")
	check(t, "delta", []byte(got), head+ns+" from='a' to='b'/></message>")
	got = strings.ReplaceAll(string(event(&roster.Stamp{To: "b", Full: true, Part: 2, Parts: 9})), "&apos;", "&#39;")
	check(t, "part of a full state", []byte(got), head+ns+" to='b' full='true' part='2/9'/></message>")
}

func TestStatusLine(t *testing.T) {
	many := slices.Repeat([]string{"Wolfeschlegelstein"}, 16)
	for _, c := range []struct {
		line roster.Line
		want string
	}{
		{roster.Line{Summary: roster.Summary{Members: 5, Available: 3}, Names: []string{"Anna", "Bo", "Cy"}}, "3 of 5 available: Anna, Bo, Cy"},
		{roster.Line{Summary: roster.Summary{Members: 5}}, "0 of 5 available"},
		{roster.Line{Summary: roster.Summary{Members: 5, Available: 2}}, "2 of 5 available"}, // counted, not named
		{roster.Line{Summary: roster.Summary{Members: 5, Available: 2}, Names: []string{"Anna"}}, "2 of 5 available: Anna +1 more"},
		{roster.Line{Summary: roster.Summary{Members: 99, Available: 40}, Names: many},
			"40 of 99 available: Wolfeschlegelstein, Wolfeschlegelstein, Wolfeschlegelstein, Wolfeschlegelstein +36 more"},
	} {
		if got := statusLine(&c.line); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestContact(t *testing.T) {
	line := func(l *roster.Line) []byte {
		b := renderer.Contact(renderer.Address(renderer.ContactStart(nil, "team"), "bob@example.org"), l)
		return renderer.ContactEnd(b, policy.Enrolled|policy.Mood)
	}
	const head = "<presence from='team@groups.example.org/group' to='bob@example.org'>"
	tail := capabilities()[policy.Enrolled|policy.Mood].element + "</presence>"
	check(t, "available", line(&roster.Line{Show: roster.Online, Summary: roster.Summary{Members: 1, Available: 1}, Names: []string{"A&B"}}),
		head+"<status>1 of 1 available: A&amp;B</status>"+tail)
	check(t, "nobody there", line(&roster.Line{Summary: roster.Summary{Members: 1}}),
		head+"<show>xa</show><status>0 of 1 available</status>"+tail)
}

// Whatever stands in a record or a status text, what leaves is well-formed
// and says the same when read.
func TestRenderedIsWellFormed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"<x/>", "]]>", "&amp;", "'\"", "\x00\x0b", "\xff\xfe", "￾", "a\nb"}))
		it := roster.Item{JID: text.Draw(t, "jid"), Nick: text.Draw(t, "nick"), Roles: []string{text.Draw(t, "role")},
			Attributes: []roster.Attribute{{Name: text.Draw(t, "name"), Value: text.Draw(t, "value")}},
			Show:       roster.DND, Status: text.Draw(t, "status"), Idle: text.Draw(t, "idle"),
			Devices: []roster.Device{{Name: text.Draw(t, "device"), Connection: "on"}}}
		b := renderer.EventItems(renderer.Address(renderer.EventStart(nil, "team", "id"), text.Draw(t, "to")), roster.NodeGroup)
		b = renderer.Info(b, &roster.Settings{Title: text.Draw(t, "title"), Description: text.Draw(t, "description")}, "team", true)
		b = renderer.Gone(renderer.Member(b, roster.NodeGroup, &it), it.JID)
		b = renderer.EventClose(renderer.EventEnd(b, &roster.Stamp{From: "a", To: "b"}))
		b = renderer.Contact(renderer.Address(renderer.ContactStart(b, "team"), it.JID),
			&roster.Line{Summary: roster.Summary{Available: 1}, Names: []string{it.Nick}})
		b = renderer.ContactEnd(b, 0)
		d := xml.NewDecoder(strings.NewReader("<stream>" + string(b) + "</stream>"))
		for {
			if _, err := d.Token(); err == io.EOF {
				return
			} else if err != nil {
				t.Fatalf("%v in %q", err, b)
			}
		}
	})
}
