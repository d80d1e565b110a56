package pubsub_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// XEP-0060 §6.1.6, §6.2: several subscriptions of one address.
func TestMultiSubscribe(t *testing.T) {
	o := open(t, roster.Settings{})
	one := o.ask("bob", "set", "team", pubsubXML("<subscribe node='NS#presence' jid='bob@example.org'/>"))
	o.has(one, "<subscription node='NS#presence' jid='bob@example.org' subid='", " subscription='subscribed'/>")
	if e := o.hears(1)[0]; strings.Contains(e, "SubID") {
		t.Errorf("one subscription needs no name: %s", e)
	}
	two := o.ask("bob", "set", "team", pubsubXML("<subscribe node='NS#presence' jid='bob@example.org'/><options>"+submit("{}members", "alice@example.org")+"</options>"))
	o.has(two, "><x xmlns=\"jabber:x:data\" type=\"result\">", "alice@example.org") // §6.3.7
	o.has(o.hears(1)[0], "<headers xmlns='http://jabber.org/protocol/shim'><header name='SubID'>"+subID(two)+"</header></headers></message>")
	o.is("alice", "phone", roster.Online)
	all := strings.Join(o.hears(2), "")
	o.has(all, "<header name='SubID'>"+subID(one)+"<", "<header name='SubID'>"+subID(two)+"<")

	list := o.ask("bob", "get", "team", pubsubXML("<subscriptions/>"))
	o.has(list, subID(one), subID(two))
	o.has(o.ask("bob", "get", "team", pubsubXML("<subscriptions node='NS#group'/>")), "<subscriptions node='NS#group'></subscriptions>")
	o.refuses(o.ask("bob", "get", "team", pubsubXML("<subscriptions node='NS#x'/>")), "cancel", "item-not-found", "")
	o.refuses(o.ask("bob", "get", "team", pubsubXML("<affiliations node='x'/>")), "cancel", "item-not-found", "")

	ask := func(element, attrs string) string {
		typ := "get"
		if element == "unsubscribe" {
			typ = "set"
		}
		return o.ask("bob", typ, "team", pubsubXML("<"+element+" "+attrs+"/>"))
	}
	for _, element := range []string{"unsubscribe", "options"} {
		at := "node='NS#presence' jid='bob@example.org'"
		o.refuses(ask(element, at), "modify", "bad-request", "subid-required")                                                  // §6.2.3.1
		o.refuses(ask(element, at+" subid='x'"), "modify", "not-acceptable", "invalid-subid")                                   // §6.2.3.5
		o.refuses(ask(element, "node='NS#group' jid='bob@example.org'"), "cancel", "unexpected-request", "not-subscribed")      // §6.2.3.2
		o.refuses(ask(element, "node='NS#presence' jid='carol@example.org'"), "auth", "forbidden", "")                          // §6.2.3.3
		o.refuses(ask(element, "node='NS#x' jid='bob@example.org'"), "cancel", "item-not-found", "")                            // §6.2.3.4
		o.refuses(ask(element, "node='NS#presence'"), "modify", "bad-request", "jid-required")                                  // §6.3.4.3
		o.refuses(ask(element, "jid='bob@example.org' subid='"+subID(two)+"'"), "modify", "bad-request", "nodeid-required")     // §6.3.4.3
		o.refuses(ask(element, "node='NS#presence' jid='@@' subid='"+subID(two)+"'"), "modify", "bad-request", "invalid-jid")   // no address
		o.refuses(ask(element, "node='NS#presence' jid='bob@example.org/x'"), "cancel", "unexpected-request", "not-subscribed") // his, but not there
		o.refuses(ask(element, "node='NS#presence' jid='bob@example.org' subid='"+strings.ToUpper(subID(two))+"'"), "modify", "not-acceptable", "invalid-subid")
	}
	o.has(ask("options", "node='NS#presence' jid='bob@example.org' subid='"+subID(two)+"'"), " subid='"+subID(two)+"'", "alice@example.org")
	o.has(ask("unsubscribe", "node='NS#presence' jid='bob@example.org' subid='"+subID(two)+"'"), "<iq type='result'")
	o.is("alice", "phone", roster.Away)
	if e := o.hears(1)[0]; strings.Contains(e, "SubID") {
		t.Errorf("one again: %s", e)
	}
}

// XEP-0060 §6.3: options are shown, changed one by one, and refused as a whole.
func TestOptions(t *testing.T) {
	o := open(t, roster.Settings{})
	o.is("bob", "home", roster.Online)
	o.ask("bob", "set", "team", pubsubXML("<subscribe node='NS#presence' jid='bob@example.org/home'/>"))
	o.hears(1)
	at := "<options node='NS#presence' jid='bob@example.org/home'"
	set := func(fields ...string) string {
		return o.ask("bob", "set", "team", pubsubXML(at+">"+submit(fields...)+"</options>"))
	}
	show := func() string { return o.ask("bob", "get", "team", pubsubXML(at+"/>")) }
	field := func(name, value string) string { return "var=\"" + name + "\"" + value }
	o.has(show(), "type=\"form\"", field("pubsub#deliver", ""), field("pubsub#digest", ""), field("pubsub#digest_frequency", ""), field("pubsub#expire", ""), field("pubsub#show-values", ""))
	for _, ok := range [][]string{
		{"pubsub#digest", "1", "pubsub#digest_frequency", "5000"}, {"pubsub#digest_frequency", "6000"}, {"pubsub#expire", "2026-01-02T00:00:00Z"},
		{"pubsub#expire", "presence"}, {"pubsub#show-values", "online,chat"}, {"{}receipts", "true"}, {"pubsub#include_body", "0"},
	} {
		o.has(set(ok...), "<iq type='result'")
	}
	o.has(show(), "<value>6000</value>", "<value>presence</value>", "<value>online</value><value>chat</value>"[:0], field("{"+ns+"}receipts", ""))
	for _, no := range [][]string{
		{"pubsub#digest", "maybe"}, {"pubsub#digest_frequency", "often"}, {"pubsub#digest_frequency", "1"}, {"pubsub#expire", "tomorrow"}, {"pubsub#expire", "2025-01-01T00:00:00Z"},
		{"pubsub#show-values", "busy"}, {"pubsub#include_body", "1"}, {"pubsub#unknown", "1"}, {"{}receipts", "?"},
	} {
		o.refuses(set(no...), "modify", "bad-request", "invalid-options") // §6.3.5.2
	}
	o.has(set("pubsub#digest", "0", "pubsub#expire", "", "pubsub#show-values", "", "{}receipts", "0"), "<iq type='result'")
	if wish, _, err := o.team().Wish("bob@example.org", "bob@example.org/home", roster.NodePresence, ""); err != nil || wish.Manner.String() != "" {
		t.Errorf("left is %q, %v", wish.Manner.String(), err)
	}
	o.has(o.ask("bob", "set", "team", pubsubXML(at+"><x xmlns='jabber:x:data' type='cancel'/></options>")), "<iq type='result'")
	o.has(o.ask("bob", "get", "team", pubsubXML("<default node='NS#presence'/>")), "<default node='NS#presence'>", "pubsub#expire") // §6.4
	o.refuses(o.ask("bob", "get", "team", pubsubXML("<default node='NS#x'/>")), "cancel", "item-not-found", "")
	o.refuses(o.ask("bob", "set", "team", pubsubXML("<subscribe node='NS#group' jid='bob@example.org'/><options node='NS#info'>"+submit()+"</options>")), "modify", "bad-request", "")
}

// §12.18: a lease is told when it ends, and needs to know presence if it is
// one on presence (§6.1.3.2).
func TestLeases(t *testing.T) {
	o := open(t, roster.Settings{Policy: "watch anyone"})
	sub := func(who, expire string) string {
		return o.ask(who, "set", "team", pubsubXML("<subscribe node='NS#info' jid='"+who+"@example.org'/><options>"+submit("pubsub#expire", expire)+"</options>"))
	}
	o.refuses(sub("mallory", "presence"), "auth", "not-authorized", "presence-subscription-required")
	o.refuses(sub("bob", "presence"), "auth", "not-authorized", "presence-subscription-required")
	o.has(sub("bob", "2026-01-01T13:00:00Z"), "2026-01-01T13:00:00Z")
	o.hears(1)
	o.now = o.now.Add(time.Hour)
	o.team().Expire(t.Context())
	o.has(o.hears(1)[0], "<subscription node='"+ns+"#info' jid='bob@example.org' subid='", " subscription='none'/>")
	o.has(o.ask("bob", "get", "team", pubsubXML("<subscriptions/>")), "<subscriptions></subscriptions>")
}

// Receipts are asked for in the event (XEP-0184 §5.1).
func TestAsksForReceipts(t *testing.T) {
	o := open(t, roster.Settings{})
	o.ask("bob", "set", "team", pubsubXML("<subscribe node='NS#info' jid='bob@example.org'/><options>"+submit("{}receipts", "1")+"</options>"))
	o.has(o.hears(1)[0], "<request xmlns='urn:xmpp:receipts'/></message>")
}

// Who was away for a day gets one small answer.
func TestAwayForADay(t *testing.T) {
	o := open(t, roster.Settings{})
	token := stateOf.FindStringSubmatch(strings.ReplaceAll(o.ask("bob", "get", "team", pubsubXML("<items node='NS#group'/>")), "NS#", ns+"#"))[2]
	for i := range 10_000 {
		o.is([]string{"alice", "carol"}[i%2], "desk", []roster.Show{roster.Away, roster.Online, roster.DND}[i%3])
	}
	o.now = o.now.Add(24 * time.Hour)
	answer := o.ask("bob", "get", "team", pubsubXML("<items node='NS#group'/><since xmlns='"+ns+"' state='"+token+"'/>"))
	o.has(answer, "<item id='alice@example.org'>", "<item id='carol@example.org'>", "<item id='summary'>", " from='"+token+"'")
	if strings.Contains(answer, "bob@example.org'>") || len(answer) > 1500 {
		t.Errorf("%d bytes: %s", len(answer), answer)
	}
}
