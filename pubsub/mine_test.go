package pubsub_test

import (
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// XEP-0248: one subscription for all groups of a user, which he can find.
func TestMine(t *testing.T) {
	o := open(t, roster.Settings{})
	o.group("crew", roster.Settings{Title: "The Crew", Payload: roster.PresenceOnly}, "dave", "bob")
	o.group("club", roster.Settings{}, "dave")
	info := o.ask("bob", "get", "", "<query xmlns='"+pubsub.NSInfo+"' node='NS#my-groups'/>")
	o.has(info, "<identity category='pubsub' type='collection'")
	items := o.ask("bob", "get", "", "<query xmlns='"+pubsub.NSItems+"' node='NS#my-groups'/>")
	o.has(items, "<item jid='crew@groups.example.org' node='NS#presence' name='The Crew'/>", "<item jid='team@groups.example.org' node='NS#group' ")
	if strings.Contains(items, "club") {
		t.Error(items)
	}
	sub := "<subscribe node='NS#my-groups' jid='bob@example.org'/>"
	answer := o.ask("bob", "set", "", pubsubXML(sub+"<options>"+submit("pubsub#subscription_type", "items", "pubsub#subscription_depth", "all", "pubsub#digest", "0")+"</options>"))
	o.has(answer, "<subscription node='NS#my-groups' jid='bob@example.org' subid='", " subscription='subscribed'/>")
	all := strings.Join(o.hears(2), "")
	o.has(all, "from='crew@groups.example.org'", "from='team@groups.example.org'", "<headers xmlns='http://jabber.org/protocol/shim'><header name='Collection'>"+ns+"#my-groups</header></headers></message>")
	o.has(o.ask("bob", "get", "", pubsubXML("<subscriptions/>")), subID(answer))
	o.has(o.ask("carol", "get", "", pubsubXML("<subscriptions node='NS#my-groups'/>")), "<subscriptions node='NS#my-groups'></subscriptions>")
	o.has(o.ask("bob", "get", "", pubsubXML("<affiliations/>")), "<affiliations/>")
	o.has(o.ask("bob", "get", "", pubsubXML("<default node='NS#my-groups'/>")), "pubsub#digest")
	at := " node='NS#my-groups' jid='bob@example.org'"
	o.has(o.ask("bob", "set", "", pubsubXML("<options"+at+">"+submit("pubsub#deliver", "0")+"</options>")), "<iq type='result'")
	o.has(o.ask("bob", "get", "", pubsubXML("<options"+at+"/>")), " subid='"+subID(answer)+"'", "<value>false</value>")

	o.refuses(o.ask("mallory", "set", "", pubsubXML(strings.Replace(sub, "bob", "mallory", 1))), "cancel", "not-allowed", "closed-node")
	o.refuses(o.ask("bob", "set", "", pubsubXML(strings.Replace(sub, "bob", "carol", 1))), "modify", "bad-request", "invalid-jid")
	o.refuses(o.ask("bob", "set", "", pubsubXML(strings.Replace(sub, "#my-groups", "#group", 1))), "cancel", "item-not-found", "")
	o.refuses(o.ask("bob", "set", "", pubsubXML(strings.Replace(sub, "node='NS#my-groups' ", "", 1))), "modify", "bad-request", "nodeid-required")
	o.refuses(o.ask("bob", "set", "", pubsubXML(sub+"<options>"+submit("pubsub#expire", "2030-01-01T00:00:00Z")+"</options>")), "modify", "bad-request", "invalid-options")
	o.refuses(o.ask("bob", "set", "", pubsubXML(sub+"<options>"+submit("pubsub#subscription_type", "nodes")+"</options>")), "modify", "bad-request", "invalid-options")
	o.refuses(o.ask("bob", "get", "", pubsubXML("<subscriptions node='x'/>")), "cancel", "item-not-found", "")
	o.refuses(o.ask("bob", "get", "", ownerXML("<configure node='NS#my-groups'/>")), "auth", "forbidden", "")
	no := o.ask("bob", "get", "", pubsubXML("<items node='NS#my-groups'/>"))
	o.refuses(no, "cancel", "feature-not-implemented", "unsupported")
	o.has(no, "feature='retrieve-items'")
	for _, attrs := range []string{" node='NS#my-groups'", " jid='bob@example.org'"} {
		o.refuses(o.ask("bob", "set", "", pubsubXML("<unsubscribe"+attrs+"/>")), "modify", "bad-request", "")
	}
	o.refuses(o.ask("bob", "set", "", pubsubXML("<unsubscribe"+at+" subid='x'/>")), "modify", "not-acceptable", "invalid-subid")
	o.has(o.ask("bob", "set", "", pubsubXML("<unsubscribe"+at+"/>")), "<iq type='result'")
	o.refuses(o.ask("bob", "set", "", pubsubXML("<unsubscribe"+at+"/>")), "cancel", "unexpected-request", "not-subscribed")
	o.is("alice", "phone", roster.Online)
	o.hears(0)
	o.has(o.ask("bob", "get", "", "<query xmlns='"+pubsub.NSInfo+"' node='"+pubsub.NSHeaders+"'/>"), "shim#Collection", "shim#SubID")
	o.has(o.ask("bob", "get", "team", "<query xmlns='"+pubsub.NSInfo+"' node='"+pubsub.NSHeaders+"'/>"), "shim#Collection", "shim#SubID")
}
