package pubsub_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/lab/labtest"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// A subscription may have members as PIDF documents, under the same policies;
// nobody else's are then, and another format is told in full.
func TestFormat(t *testing.T) {
	o := open(t, roster.Settings{})
	const pidf = "<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" entity=\"pres:alice@example.org\">"
	format := func(value string) string {
		return "<options node='NS#presence' jid='bob@example.org'>" + submit("{}format", value) + "</options>"
	}
	o.is("alice", "desk", roster.DND)
	o.ask("bob", "set", "team", pubsubXML("<subscribe node='NS#presence' jid='bob@example.org'/><options>"+submit("{}format", "pidf")+"</options>"))
	event := o.hears(1)[0]
	o.has(event, pidf, "<tuple id=\"ID-desk\">", "<basic>open</basic>", "<show xmlns=\"jabber:client\">dnd</show>", "<item id='bob@example.org'><presence", "full='true'")
	_, doc, _ := strings.Cut(event, "<item id='alice@example.org'>")
	doc, _, _ = strings.Cut(doc, "</item>")
	if wrong := labtest.Invalid(t, "../internal/interchange/testdata/pidf.xsd", []string{doc}); len(wrong) > 0 {
		t.Errorf("not valid: %v\n%s", wrong, doc)
	}
	o.ask("carol", "set", "team", pubsubXML("<subscribe node='NS#presence' jid='carol@example.org'/>"))
	o.has(o.hears(1)[0], "<member", "<show>dnd</show>")
	o.has(o.ask("bob", "get", "team", pubsubXML("<items node='NS#presence'/>")), pidf) // he asks as he is told

	o.has(o.ask("alice", "set", "team", "<authorization xmlns='"+ns+"'><rule who='members' attributes='availability'/></authorization>"), "<iq type='result'")
	for _, event := range o.hears(2) {
		if strings.Contains(event, "dnd") || strings.Contains(event, "desk") || !strings.Contains(event, "alice") {
			t.Errorf("told %s", event)
		}
	}
	at := "<options node='NS#presence' jid='bob@example.org'"
	o.has(o.ask("bob", "get", "team", pubsubXML(at+"/>")), "<value>pidf</value>")
	o.refuses(o.ask("bob", "set", "team", pubsubXML(format("html"))), "modify", "bad-request", "invalid-options")
	o.has(o.ask("bob", "set", "team", pubsubXML(format("xml"))), "<iq type='result'")
	o.has(o.hears(1)[0], "to='bob@example.org'", "<member", "full='true'")
}

// Who asks for it has one item in an event: the state in parts, a change of
// several members in several events, and the last of them says where he is.
func TestOneItem(t *testing.T) {
	o := open(t, roster.Settings{})
	o.is("alice", "desk", roster.DND)
	o.ask("bob", "set", "team", pubsubXML("<subscribe node='NS#group' jid='bob@example.org'/><options>"+submit("{}one-item", "1")+"</options>"))
	state := o.hears(5) // info, summary, and the members
	for i, event := range state {
		if strings.Count(event, "<item ") != 1 {
			t.Errorf("event %d: %s", i+1, event)
		}
		o.has(event, "full='true'", fmt.Sprintf("part='%d/%d'", i+1, len(state)))
	}
	o.has(o.ask("bob", "get", "team", pubsubXML("<options node='NS#group' jid='bob@example.org'/>")), "label=\"One item in an event\"><value>true</value>")
	o.is("alice", "desk", roster.Away)
	change := o.hears(2)
	for _, event := range change {
		if n := strings.Count(event, "<item "); n != 1 || strings.Contains(event, "full='true'") {
			t.Errorf("%d items: %s", n, event)
		}
	}
	o.has(change[0], "<summary")
	o.has(change[1], "<show>away</show>")
	if answer := o.ask("bob", "get", "team", pubsubXML("<items node='NS#group'/>")); strings.Count(answer, "<item ") < 4 {
		t.Errorf("an answer has all: %s", answer)
	}
}

// A subscription may be told in JSON: one item, under the same policies, in
// events and answers; and another format is told in full.
func TestFormatJSON(t *testing.T) {
	o := open(t, roster.Settings{})
	at := "<options node='NS#group' jid='bob@example.org'>"
	o.is("alice", "desk", roster.DND)
	o.ask("bob", "set", "team", pubsubXML("<subscribe node='NS#group' jid='bob@example.org'/><options>"+submit("{}format", "json", "{}one-item", "1")+"</options>"))
	const alice = `{"jid":"alice@example.org","show":"dnd","devices":[{"name":"desk","show":"dnd","connection":"on"}]}`
	full := o.hears(1)[0]
	o.has(full, "<item id='json'><json xmlns='urn:xmpp:json:0'>{\"info\":{", `"summary":{"members":3,"available":1,`, alice, `"full":true}</json></item></items></event></message>`)
	o.has(o.ask("bob", "get", "team", pubsubXML("<items node='NS#group'><item id='alice@example.org'/></items>")), `{"members":[`+alice+`]}</json></item></items></pubsub>`)
	o.has(o.ask("bob", "get", "team", pubsubXML("<items node='NS#group'/><set xmlns='"+pubsub.NSRSM+"'><max>2</max></set>")), `"members":[],"to":"`, "<last>summary/", "<count>5</count>")
	o.ask("carol", "set", "team", pubsubXML("<subscribe node='NS#group' jid='carol@example.org'/>"))
	o.has(o.hears(1)[0], "<member", "<show>dnd</show>", "<state")

	o.has(o.ask("alice", "set", "team", "<authorization xmlns='"+ns+"'><rule who='members' attributes='availability'/></authorization>"), "<iq type='result'")
	for _, event := range o.hears(2) {
		if strings.Contains(event, "<show>") || strings.Contains(event, `"show":"dnd"`) || strings.Contains(event, "desk") || !strings.Contains(event, "alice") {
			t.Errorf("told %s", event)
		}
	}
	o.has(o.ask("bob", "get", "team", pubsubXML(strings.TrimSuffix(at, ">")+"/>")), "<value>json</value>", "JSON (XEP-0335)")
	if err := o.r.RemoveMember(t.Context(), "team", "carol@example.org"); err != nil {
		t.Fatal(err)
	}
	gone := strings.Join(o.hears(2), "")
	o.has(gone, `{"jid":"carol@example.org","gone":true}]`, "subscription='none'")
	o.has(o.ask("bob", "set", "team", pubsubXML(at+submit("{}format", "xml", "{}one-item", "0")+"</options>")), "<iq type='result'")
	o.has(o.hears(1)[0], "<member", "full='true'")
}
