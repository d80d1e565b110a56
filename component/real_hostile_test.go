package component_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/component"
	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// attack is a stanza that any user can send. TO stands for an address of
// ours, MEMBER for another member's bare JID.
type attack struct{ name, resource, stanza string }

// Whatever users send, members or strangers, to a group, to an unused name or
// to the service: the same connection goes on, requests are answered once, and
// everybody else is served.
func TestHostileUsers(t *testing.T) {
	house.Each(t, func(t *testing.T, server lab.Server) {
		s := stage(t, server, func(c *component.ServiceConfig) { c.Limits.ChangeRate = -1 }) // alice changes after each attack
		for _, u := range []string{"alice", "bob", "carol", "mallory"} {
			s.account(u)
		}
		alice, bob := s.login("alice", "phone"), s.login("bob", "desk")
		team := s.group("team", roster.Settings{Title: "Team"}, "alice", "bob", "carol")
		s.settle()
		s.subscribe(bob, team, "presence", bob.Bare())
		h := &hostility{scene: s, alice: alice, bob: bob, clients: map[string]*lab.Client{}}
		list := append(readAttacks(t), moreAttacks()...)
		for _, user := range []string{"carol", "mallory"} {
			for _, to := range []string{team, s.address("unused"), server.ComponentDomain()} {
				for _, a := range list {
					if !h.survives(user, to, a) {
						t.Errorf("%s sends to %s: %s", user, to, a.name)
					}
				}
			}
		}
		if n := s.wire.count(); n != 1 {
			t.Errorf("%d connections", n)
		}
		t.Logf("%d stanzas", h.sent)
	})
}

type hostility struct {
	*scene
	alice, bob *lab.Client
	clients    map[string]*lab.Client
	sent       int
}

// client is the user's device of that name, logged in anew if the server has
// thrown it out; nil if it does not let him in.
func (h *hostility) client(user, resource string) *lab.Client {
	key := user + "/" + resource
	if c := h.clients[key]; c != nil && c.Err() == nil {
		return c
	}
	c, err := lab.Login(h.ctx, h.server, user+h.suffix, password, resource, lab.ClientOptions{Requests: lab.Approve})
	if err != nil && resource != "r" {
		return nil // not a resource for this server
	}
	h.check(err)
	h.t.Cleanup(func() { _ = c.Close() })
	h.check(c.Online(h.ctx))
	h.clients[key] = c
	return c
}

// survives lets the user send the stanza and looks whether all is well.
func (h *hostility) survives(user, to string, a attack) bool {
	h.t.Helper()
	h.sent++
	id := "h" + strconv.Itoa(h.sent) + "h"
	stanza := strings.NewReplacer("TO", to, "MEMBER", h.bob.Bare(), "SELF", user+h.suffix+"@"+h.server.Host(), "ID", id).Replace(a.stanza)
	c := h.client(user, a.resource)
	if c == nil {
		return true
	}
	h.wire.record()
	_ = c.Send(stanza)
	if err := c.Fence(h.ctx); err != nil && !ended(c) {
		h.t.Error(err)
		return false
	}
	h.settle()
	if c.Err() == nil { // else the server has ended the stream of who sent it
		if err := c.FenceVia(h.ctx, h.server.ComponentDomain()); err != nil {
			h.t.Error(err)
			return false
		}
		if !h.answered(c, id) {
			return false
		}
	}
	return h.served()
}

// ended says whether c, on which something has failed, is at its end: its
// reader may notice a little later than its writer.
func ended(c *lab.Client) bool {
	select {
	case <-c.Done():
		return true
	case <-time.After(10 * time.Second):
		return false
	}
}

// answered says whether the request id got the one answer that is its due.
func (h *hostility) answered(c *lab.Client, id string) bool {
	h.t.Helper()
	answers, last := 0, ""
	for _, st := range c.Received() {
		if st.ID == id && st.Name == "iq" && (st.Type == "result" || st.Type == "error") {
			answers++
			last = st.Raw
		}
	}
	asked := h.delivered(id)
	switch {
	case answers > 1, asked != "" && answers == 0:
		h.t.Errorf("%d answers, the last is %.300s, to %.300s", answers, last, asked)
		return false
	}
	return true
}

// delivered is the request id as the server passed it on, "" if it did not.
func (h *hostility) delivered(id string) string {
	r := frame.NewReader(strings.NewReader(h.wire.recorded()), 1<<24, 1<<20)
	var st frame.Stanza
	for {
		raw, err := r.Next()
		if err != nil {
			return ""
		}
		if frame.Parse(raw, &st) && string(st.Name) == "iq" && string(st.ID) == id && (string(st.Type) == "get" || string(st.Type) == "set") {
			return string(raw)
		}
	}
}

// served says whether the same connection answers, and a member's change
// reaches another.
func (h *hostility) served() bool {
	h.t.Helper()
	pong, err := h.bob.Query(h.ctx, h.server.ComponentDomain(), "get", "<ping xmlns='urn:xmpp:ping'/>")
	h.check(err)
	if pong.Type != "result" || h.wire.count() != 1 {
		h.t.Errorf("%d connections, a ping is answered by %s", h.wire.count(), pong.Raw)
		return false
	}
	word := "status " + strconv.Itoa(h.sent)
	h.check(h.alice.Send("<presence><status>" + word + "</status></presence>"))
	h.hears(h.bob, "<status>"+word+"</status>")
	return true
}

// readAttacks reads testdata/hostile.tsv.
func readAttacks(t testing.TB) (list []attack) {
	t.Helper()
	text, err := os.ReadFile("testdata/hostile.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if strings.HasPrefix(line, "#") || len(f) != 3 {
			continue
		}
		for i := range f {
			unquoted, err := strconv.Unquote(`"` + strings.ReplaceAll(strings.ReplaceAll(f[i], `"`, `\"`), `\20`, `\\20`) + `"`)
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			f[i] = unquoted
		}
		stanza := strings.NewReplacer("'GROUP'", "'TO'", "'GROUP/", "'TO/", "id='x'", "id='ID'").Replace(f[2])
		list = append(list, attack{f[0], f[1], stanza})
	}
	if len(list) < 30 {
		t.Fatalf("only %d hostile stanzas", len(list))
	}
	return list
}

// moreAttacks are those that no line of a file can hold, and what a user of
// PubSub, discovery and subscriptions can do wrong on purpose.
func moreAttacks() (list []attack) {
	add := func(name, stanza string, args ...any) {
		list = append(list, attack{name, "r", fmt.Sprintf(stanza, args...)})
	}
	get := func(name, payload string) { add(name, "%s", "<iq type='get' id='ID' to='TO'>"+payload+"</iq>") }
	set := func(name, payload string) { add(name, "%s", "<iq type='set' id='ID' to='TO'>"+payload+"</iq>") }
	pubsub := func(inner string) string { return "<pubsub xmlns='" + nsPubSub + "'>" + inner + "</pubsub>" }
	items := func(attrs, inner, beside string) string {
		return pubsub("<items node='" + ns + "#group'" + attrs + ">" + inner + "</items>" + beside)
	}
	rsm := func(inner string) string { return "<set xmlns='http://jabber.org/protocol/rsm'>" + inner + "</set>" }
	deep := func(n int) string {
		return strings.Repeat("<a xmlns='urn:a'>", n) + strings.Repeat("</a>", n)
	}

	add("deep message", "<message to='TO'>%s</message>", deep(500))
	add("deeper message", "<message to='TO'>%s</message>", deep(1000)) // 5000 end ejabberd 23.01 as a whole
	set("deep request", deep(200))
	set("deep pubsub", pubsub(deep(99)))
	set("deeper pubsub", pubsub(deep(1000)))
	add("big attribute", "<message to='TO'><x xmlns='urn:x' a='%s'/></message>", strings.Repeat("x", 200_000))
	set("big attribute in a request", "<x xmlns='urn:x' a='"+strings.Repeat("x", 200_000)+"'/>")
	set("big jid", pubsub("<subscribe node='"+ns+"#group' jid='"+strings.Repeat("x", 200_000)+"'/>"))
	get("big node", pubsub("<items node='"+strings.Repeat("&amp;", 30_000)+"'/>"))
	get("big item id", items("", "<item id='"+strings.Repeat("x", 200_000)+"'/>", ""))
	get("many item ids", items("", strings.Repeat("<item id='a'/>", 10_000), ""))
	add("big id", "<iq type='get' to='TO' id='%s'><ping xmlns='urn:xmpp:ping'/></iq>", strings.Repeat("&quot;", 20_000))
	add("big status", "<presence to='TO'><status>%s</status></presence>", strings.Repeat("&lt;", 50_000))
	add("big show", "<presence to='TO'><show>%s</show><priority>%s</priority></presence>", strings.Repeat("x", 50_000), strings.Repeat("9", 50_000))
	add("many children", "<presence to='TO'>%s</presence>", strings.Repeat("<c xmlns='http://jabber.org/protocol/caps' hash='x'/>", 4000))
	set("many children in a request", pubsub(strings.Repeat("<subscribe/>", 4000)))
	add("many namespaces", "<message to='TO'>%s</message>", namespaces(2000))
	set("nested namespaces", pubsub(namespaces(500)))
	set("many requests in one", strings.Repeat(pubsub("<subscriptions/>"), 100))

	for _, node := range []string{"", "group", ns, ns + "#", ns + "#nothing", ns + "#contact", ns + "#group ", ns + "#group/", "../../etc/passwd", "'; DROP TABLE members; --", "\u2665"} {
		set("subscribe to "+node, pubsub("<subscribe node="+lab.Attr(node)+" jid='SELF'/>"))
		get("items of "+node, pubsub("<items node="+lab.Attr(node)+"/>"))
		get("info of "+node, "<query xmlns='http://jabber.org/protocol/disco#info' node="+lab.Attr(node)+"/>")
		get("disco items of "+node, "<query xmlns='http://jabber.org/protocol/disco#items' node="+lab.Attr(node)+"/>")
	}
	for _, jid := range []string{"", "MEMBER", "MEMBER/desk", "SELF/other", "TO", "\u2665\u2665@@/", "@", "/", "a@b@c", "SELF/ ", "SELF/&lt;&quot;", "example.org", strings.Repeat("a", 1100) + "@example.org"} {
		set("subscribe "+jid, pubsub("<subscribe node='"+ns+"#group' jid='"+jid+"'/>"))
		set("unsubscribe "+jid, pubsub("<unsubscribe node='"+ns+"#presence' jid='"+jid+"'/>"))
		set("unsubscribe by id "+jid, pubsub("<unsubscribe node='"+ns+"#presence' jid='"+jid+"' subid='&apos;&quot;'/>"))
	}
	for _, n := range []string{"-1", "0", "1", "99999999999999999999", "0x10", "1e3", " 1 ", "NaN", "\u0661"} {
		get("max_items "+n, items(" max_items='"+n+"'", "", ""))
		get("page of "+n, items("", "", rsm("<max>"+n+"</max>")))
		get("page from "+n, items("", "", rsm("<index>"+n+"</index>")))
		get("groups, page of "+n, "<query xmlns='http://jabber.org/protocol/disco#items'>"+rsm("<max>"+n+"</max><after>zzz</after>")+"</query>")
	}
	for _, set := range []string{"", "<max/>", "<after/>", "<before/>", "<after>no such</after><before>neither</before>", "<before>a/b/c</before>", "<index/>",
		"<max>1</max><max>2</max>", "<after><x/></after>", "<after>info/" + strings.Repeat("x", 22) + "</after>", "<max xmlns='urn:x'>1</max>", "<first index='1'>x</first><last>y</last><count>-4</count>"} {
		get("page "+set, items("", "", rsm(set)))
		get("page beside items "+set, pubsub(rsm(set)+"<items node='"+ns+"#group'/>"))
	}
	for _, token := range []string{"", "x", strings.Repeat("A", 22), strings.Repeat("A", 22) + "==", strings.Repeat("-_", 11), "\u2665\u2665\u2665\u2665\u2665\u2665\u2665", "&lt;state/&gt;", strings.Repeat("z", 5000)} {
		get("since "+token, items("", "", "<since xmlns='"+ns+"' state='"+token+"'/>"))
		get("since "+token+", twice", items("", "", "<since xmlns='"+ns+"' state='"+token+"'/><since xmlns='"+ns+"'/>"))
	}
	for _, id := range []string{"", "a/b", "'&quot;&lt;&amp;", "summary", "info", "SELF", "MEMBER", "\u2665", "SELF/x", "\u0378"} {
		get("item "+id, items("", `<item id="`+id+`"/>`, ""))
	}
	for _, verb := range []string{"publish", "retract", "create", "configure", "delete", "purge", "options", "default", "subscription", "affiliation", "x"} {
		set(verb, pubsub("<"+verb+" node='"+ns+"#group'><item id='x'><x xmlns='urn:x'/></item></"+verb+">"))
		get("get "+verb, pubsub("<"+verb+" node='"+ns+"#group'/>"))
		set("owner "+verb, "<pubsub xmlns='"+nsPubSub+"#owner'><"+verb+" node='"+ns+"#group'/></pubsub>")
	}
	get("pubsub empty", pubsub(""))
	set("pubsub empty", pubsub(""))
	set("pubsub with text", pubsub("text<subscribe node='"+ns+"#group' jid='SELF'/>text"))
	set("pubsub in cdata", "<![CDATA["+pubsub("")+"]]>"+pubsub("<![CDATA[<subscribe/>]]>"))
	set("two verbs", pubsub("<unsubscribe node='"+ns+"#group' jid='SELF'/><subscribe node='"+ns+"#group' jid='SELF'/><items node='x'/>"))
	set("two of one verb", pubsub("<subscribe node='"+ns+"#info' jid='SELF'/><subscribe node='"+ns+"#group' jid='MEMBER'/>"))
	set("get verb in a set", pubsub("<items node='"+ns+"#group'/>"))
	get("set verb in a get", pubsub("<subscribe node='"+ns+"#group' jid='SELF'/>"))
	set("prefixed", "<p:pubsub xmlns:p='"+nsPubSub+"'><p:subscribe node='"+ns+"#group' jid='SELF'/></p:pubsub>")
	set("prefixed otherwise", "<p:pubsub xmlns:p='"+nsPubSub+"' xmlns:q='"+nsPubSub+"'><q:unsubscribe q:node='x' node='"+ns+"#group' jid='SELF'/></p:pubsub>")
	set("wrong namespace inside", pubsub("<subscribe xmlns='urn:x' node='"+ns+"#group' jid='SELF'/>"))
	set("wrong namespace outside", "<pubsub xmlns='jabber:client'><subscribe node='"+ns+"#group' jid='SELF'/></pubsub>")
	get("namespace undeclared", "<query xmlns=''/>")
	get("two payloads", "<ping xmlns='urn:xmpp:ping'/><ping xmlns='urn:xmpp:ping'/>")
	set("ping set", "<ping xmlns='urn:xmpp:ping'/>")
	get("error beside payload", "<ping xmlns='urn:xmpp:ping'/><error type='cancel'/>")
	add("no id", "<iq type='get' to='TO'><ping xmlns='urn:xmpp:ping'/></iq>")
	add("no type", "<iq id='ID' to='TO'><ping xmlns='urn:xmpp:ping'/></iq>")
	add("unknown type", "<iq type='foo' id='ID' to='TO'><ping xmlns='urn:xmpp:ping'/></iq>")
	add("to a resource", "<iq type='get' id='ID' to='TO/group'><ping xmlns='urn:xmpp:ping'/></iq>")
	add("pubsub to a resource", "<iq type='set' id='ID' to='TO/group'>%s</iq>", pubsub("<subscribe node='"+ns+"#group' jid='SELF'/>"))
	add("event", "<message to='TO' type='headline'><event xmlns='%s#event'><items node='%s#group'/></event></message>", nsPubSub, ns)
	add("bounce", "<message to='TO' type='error'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>")
	add("bounce to the resource", "<presence to='TO/group' type='error'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>")
	add("lang", "<message to='TO' xml:lang='\u2665'><body xml:lang=''>x</body></message>")
	for _, typ := range []string{"", "chat", "normal", "groupchat", "headline", "error", "\u2665"} {
		add("message "+typ, "<message type='%s' id='ID' to='TO'><body>x</body></message>", typ)
	}
	for _, suffix := range []string{"", "/group", "/x"} {
		for _, typ := range []string{"subscribe", "subscribed", "unsubscribe", "unsubscribed", "probe", "unavailable", "error", "invisible", "subscribe", "unsubscribed", "subscribed", "unsubscribe"} {
			add("presence "+typ+suffix, "<presence type='%s' to='TO%s'><show>chat</show><show>xa</show><priority>999</priority></presence>", typ, suffix)
		}
		add("presence"+suffix, "<presence to='TO%s'><show> away </show><status/><status>x</status><idle xmlns='urn:xmpp:idle:1' since='&lt;'/></presence>", suffix)
	}
	return list
}

// namespaces is n elements in each other, each with namespaces of its own.
func namespaces(n int) string {
	var b strings.Builder
	for i := range min(n, 60) {
		fmt.Fprintf(&b, "<a xmlns='urn:n%d' xmlns:p%d='urn:m%d'>", i, i, i)
	}
	for i := range n {
		fmt.Fprintf(&b, "<q%d:b xmlns:q%d='urn:q%d' q%d:c='&#x9;'/>", i, i, i, i)
	}
	return b.String() + strings.Repeat("</a>", min(n, 60))
}
