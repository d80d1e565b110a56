package component_test

import (
	"fmt"
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// attacks is a list that is being made.
type attacks []attack

// moreAttacks are those that no line of a file can hold, and what a user of
// PubSub, discovery and subscriptions can do wrong on purpose.
func moreAttacks() []attack {
	var l attacks
	l.large()
	l.strangeValues()
	l.strangeRequests()
	l.strangeStanzas()
	return l
}

func (l *attacks) add(name, stanza string, args ...any) {
	*l = append(*l, attack{name, "r", fmt.Sprintf(stanza, args...)})
}

func (l *attacks) get(name, payload string) {
	l.add(name, "%s", "<iq type='get' id='ID' to='TO'>"+payload+"</iq>")
}

func (l *attacks) set(name, payload string) {
	l.add(name, "%s", "<iq type='set' id='ID' to='TO'>"+payload+"</iq>")
}

func inPubSub(inner string) string { return "<pubsub xmlns='" + nsPubSub + "'>" + inner + "</pubsub>" }

func anItems(attrs, inner, beside string) string {
	return inPubSub("<items node='" + ns + "#group'" + attrs + ">" + inner + "</items>" + beside)
}

func aPage(inner string) string {
	return "<set xmlns='http://jabber.org/protocol/rsm'>" + inner + "</set>"
}

func nested(n int) string {
	return strings.Repeat("<a xmlns='urn:a'>", n) + strings.Repeat("</a>", n)
}

func (l *attacks) large() {
	l.add("deep message", "<message to='TO'>%s</message>", nested(500))
	l.add("deeper message", "<message to='TO'>%s</message>", nested(1000)) // 5000 end ejabberd 23.01 as a whole
	l.set("deep request", nested(200))
	l.set("deep pubsub", inPubSub(nested(99)))
	l.set("deeper pubsub", inPubSub(nested(1000)))
	l.add("big attribute", "<message to='TO'><x xmlns='urn:x' a='%s'/></message>", strings.Repeat("x", 200_000))
	l.set("big attribute in a request", "<x xmlns='urn:x' a='"+strings.Repeat("x", 200_000)+"'/>")
	l.set("big jid", inPubSub("<subscribe node='"+ns+"#group' jid='"+strings.Repeat("x", 200_000)+"'/>"))
	l.get("big node", inPubSub("<items node='"+strings.Repeat("&amp;", 30_000)+"'/>"))
	l.get("big item id", anItems("", "<item id='"+strings.Repeat("x", 200_000)+"'/>", ""))
	l.get("many item ids", anItems("", strings.Repeat("<item id='a'/>", 10_000), ""))
	l.add("big id", "<iq type='get' to='TO' id='%s'><ping xmlns='urn:xmpp:ping'/></iq>", strings.Repeat("&quot;", 20_000))
	l.add("big status", "<presence to='TO'><status>%s</status></presence>", strings.Repeat("&lt;", 50_000))
	l.add("big show", "<presence to='TO'><show>%s</show><priority>%s</priority></presence>", strings.Repeat("x", 50_000), strings.Repeat("9", 50_000))
	l.add("many children", "<presence to='TO'>%s</presence>", strings.Repeat("<c xmlns='http://jabber.org/protocol/caps' hash='x'/>", 4000))
	l.set("many children in a request", inPubSub(strings.Repeat("<subscribe/>", 4000)))
	l.add("many namespaces", "<message to='TO'>%s</message>", namespaces(2000))
	l.set("nested namespaces", inPubSub(namespaces(500)))
	l.set("many requests in one", strings.Repeat(inPubSub("<subscriptions/>"), 100))
}

func (l *attacks) strangeValues() {
	for _, node := range []string{"", "group", ns, ns + "#", ns + "#nothing", ns + "#contact", ns + "#group ", ns + "#group/", "../../etc/passwd", "'; DROP TABLE members; --", "\u2665"} {
		l.set("subscribe to "+node, inPubSub("<subscribe node="+lab.Attr(node)+" jid='SELF'/>"))
		l.get("items of "+node, inPubSub("<items node="+lab.Attr(node)+"/>"))
		l.get("info of "+node, "<query xmlns='http://jabber.org/protocol/disco#info' node="+lab.Attr(node)+"/>")
		l.get("disco items of "+node, "<query xmlns='http://jabber.org/protocol/disco#items' node="+lab.Attr(node)+"/>")
	}
	for _, jid := range []string{"", "MEMBER", "MEMBER/desk", "SELF/other", "TO", "\u2665\u2665@@/", "@", "/", "a@b@c", "SELF/ ", "SELF/&lt;&quot;", "example.org", strings.Repeat("a", 1100) + "@example.org"} {
		l.set("subscribe "+jid, inPubSub("<subscribe node='"+ns+"#group' jid='"+jid+"'/>"))
		l.set("unsubscribe "+jid, inPubSub("<unsubscribe node='"+ns+"#presence' jid='"+jid+"'/>"))
		l.set("unsubscribe by id "+jid, inPubSub("<unsubscribe node='"+ns+"#presence' jid='"+jid+"' subid='&apos;&quot;'/>"))
	}
	for _, n := range []string{"-1", "0", "1", "99999999999999999999", "0x10", "1e3", " 1 ", "NaN", "\u0661"} {
		l.get("max_items "+n, anItems(" max_items='"+n+"'", "", ""))
		l.get("page of "+n, anItems("", "", aPage("<max>"+n+"</max>")))
		l.get("page from "+n, anItems("", "", aPage("<index>"+n+"</index>")))
		l.get("groups, page of "+n, "<query xmlns='http://jabber.org/protocol/disco#items'>"+aPage("<max>"+n+"</max><after>zzz</after>")+"</query>")
	}
	for _, set := range []string{"<before>zzz</before>", "<index>-1</index>", "<index>7</index>", "<after>\u2665'&quot;</after><before/>"} {
		l.get("groups, "+set, "<query xmlns='http://jabber.org/protocol/disco#items'>"+aPage(set)+"</query>")
	}
	for _, set := range []string{"", "<max/>", "<after/>", "<before/>", "<after>no such</after><before>neither</before>", "<before>a/b/c</before>", "<index/>",
		"<max>1</max><max>2</max>", "<after><x/></after>", "<after>info/" + strings.Repeat("x", 22) + "</after>", "<max xmlns='urn:x'>1</max>", "<first index='1'>x</first><last>y</last><count>-4</count>"} {
		l.get("page "+set, anItems("", "", aPage(set)))
		l.get("page beside items "+set, inPubSub(aPage(set)+"<items node='"+ns+"#group'/>"))
	}
	for _, token := range []string{"", "x", strings.Repeat("A", 22), strings.Repeat("A", 22) + "==", strings.Repeat("-_", 11), "\u2665\u2665\u2665\u2665\u2665\u2665\u2665", "&lt;state/&gt;", strings.Repeat("z", 5000)} {
		l.get("since "+token, anItems("", "", "<since xmlns='"+ns+"' state='"+token+"'/>"))
		l.get("since "+token+", twice", anItems("", "", "<since xmlns='"+ns+"' state='"+token+"'/><since xmlns='"+ns+"'/>"))
	}
	for _, id := range []string{"", "a/b", "'&quot;&lt;&amp;", "summary", "info", "SELF", "MEMBER", "\u2665", "SELF/x", "\u0378"} {
		l.get("item "+id, anItems("", `<item id="`+id+`"/>`, ""))
	}
}

func (l *attacks) strangeRequests() {
	for _, verb := range []string{"publish", "retract", "create", "configure", "delete", "purge", "options", "default", "subscription", "affiliation", "x"} {
		l.set(verb, inPubSub("<"+verb+" node='"+ns+"#group'><item id='x'><x xmlns='urn:x'/></item></"+verb+">"))
		l.get("get "+verb, inPubSub("<"+verb+" node='"+ns+"#group'/>"))
		l.set("owner "+verb, "<pubsub xmlns='"+nsPubSub+"#owner'><"+verb+" node='"+ns+"#group'/></pubsub>")
	}
	for _, in := range []string{"<remove/>", "<remove/><nick/>", "<nick>'&lt;\u2665</nick>", "<nick><nick/></nick>", "<username>root</username><password>x</password>",
		"<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>x</value></field></x>", "<nick>" + strings.Repeat("x", 5000) + "</nick>"} {
		l.set("registers "+in, "<query xmlns='jabber:iq:register'>"+in+"</query>")
	}
	l.get("registration", "<query xmlns='jabber:iq:register'><x/></query>")
	l.get("pubsub empty", inPubSub(""))
	l.set("pubsub empty", inPubSub(""))
	l.set("pubsub with text", inPubSub("text<subscribe node='"+ns+"#group' jid='SELF'/>text"))
	l.set("pubsub in cdata", "<![CDATA["+inPubSub("")+"]]>"+inPubSub("<![CDATA[<subscribe/>]]>"))
	l.set("two verbs", inPubSub("<unsubscribe node='"+ns+"#group' jid='SELF'/><subscribe node='"+ns+"#group' jid='SELF'/><items node='x'/>"))
	l.set("two of one verb", inPubSub("<subscribe node='"+ns+"#info' jid='SELF'/><subscribe node='"+ns+"#group' jid='MEMBER'/>"))
	l.set("get verb in a set", inPubSub("<items node='"+ns+"#group'/>"))
	l.get("set verb in a get", inPubSub("<subscribe node='"+ns+"#group' jid='SELF'/>"))
	l.set("prefixed", "<p:pubsub xmlns:p='"+nsPubSub+"'><p:subscribe node='"+ns+"#group' jid='SELF'/></p:pubsub>")
	l.set("prefixed otherwise", "<p:pubsub xmlns:p='"+nsPubSub+"' xmlns:q='"+nsPubSub+"'><q:unsubscribe q:node='x' node='"+ns+"#group' jid='SELF'/></p:pubsub>")
	l.set("wrong namespace inside", inPubSub("<subscribe xmlns='urn:x' node='"+ns+"#group' jid='SELF'/>"))
	l.set("wrong namespace outside", "<pubsub xmlns='jabber:client'><subscribe node='"+ns+"#group' jid='SELF'/></pubsub>")
	l.get("namespace undeclared", "<query xmlns=''/>")
	l.get("two payloads", "<ping xmlns='urn:xmpp:ping'/><ping xmlns='urn:xmpp:ping'/>")
	l.set("ping set", "<ping xmlns='urn:xmpp:ping'/>")
	l.get("error beside payload", "<ping xmlns='urn:xmpp:ping'/><error type='cancel'/>")
}

func (l *attacks) strangeStanzas() {
	l.add("no id", "<iq type='get' to='TO'><ping xmlns='urn:xmpp:ping'/></iq>")
	l.add("no type", "<iq id='ID' to='TO'><ping xmlns='urn:xmpp:ping'/></iq>")
	l.add("unknown type", "<iq type='foo' id='ID' to='TO'><ping xmlns='urn:xmpp:ping'/></iq>")
	l.add("to a resource", "<iq type='get' id='ID' to='TO/group'><ping xmlns='urn:xmpp:ping'/></iq>")
	l.add("pubsub to a resource", "<iq type='set' id='ID' to='TO/group'>%s</iq>", inPubSub("<subscribe node='"+ns+"#group' jid='SELF'/>"))
	l.add("event", "<message to='TO' type='headline'><event xmlns='%s#event'><items node='%s#group'/></event></message>", nsPubSub, ns)
	l.add("bounce", "<message to='TO' type='error'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>")
	l.add("bounce to the resource", "<presence to='TO/group' type='error'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>")
	l.add("lang", "<message to='TO' xml:lang='\u2665'><body xml:lang=''>x</body></message>")
	for _, typ := range []string{"", "chat", "normal", "groupchat", "headline", "error", "\u2665"} {
		l.add("message "+typ, "<message type='%s' id='ID' to='TO'><body>x</body></message>", typ)
	}
	for _, suffix := range []string{"", "/group", "/x"} {
		for _, typ := range []string{"subscribe", "subscribed", "unsubscribe", "unsubscribed", "probe", "unavailable", "error", "invisible", "subscribe", "unsubscribed", "subscribed", "unsubscribe"} {
			l.add("presence "+typ+suffix, "<presence type='%s' to='TO%s'><show>chat</show><show>xa</show><priority>999</priority></presence>", typ, suffix)
		}
		l.add("presence"+suffix, "<presence to='TO%s'><show> away </show><status/><status>x</status><idle xmlns='urn:xmpp:idle:1' since='&lt;'/></presence>", suffix)
	}
}
