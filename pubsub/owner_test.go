package pubsub_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// Who has no power is told so; what is not there is not found; the group's
// nodes are not theirs to delete.
func TestOwnersOnly(t *testing.T) {
	o := open(t, roster.Settings{})
	for _, payload := range []string{"<configure node='NS#group'/>", "<subscriptions node='NS#group'/>", "<affiliations node='NS#group'/>"} {
		o.refuses(o.ask("bob", "get", "team", ownerXML(payload)), "auth", "forbidden", "") // §8.2.3.2, §8.8.1.3, §8.9.1.3
		o.refuses(o.ask("mallory", "get", "team", ownerXML(payload)), "cancel", "item-not-found", "")
		o.refuses(o.ask("alice", "get", "team", ownerXML(strings.Replace(payload, "#group", "#x", 1))), "cancel", "item-not-found", "")
		o.refuses(o.ask("alice", "get", "team", ownerXML(strings.Replace(payload, "NS#group", "", 1))), "modify", "bad-request", "nodeid-required")
		o.has(o.ask("alice", "get", "team", ownerXML(payload)), "<iq type='result'")
	}
	for element, feature := range map[string]string{"delete": "delete-nodes", "purge": "purge-nodes"} {
		answer := o.ask("alice", "set", "team", ownerXML("<"+element+" node='NS#group'/>"))
		o.refuses(answer, "cancel", "feature-not-implemented", "unsupported")
		o.has(answer, "feature='"+feature+"'")
		o.refuses(o.ask("bob", "set", "team", ownerXML("<"+element+" node='NS#group'/>")), "auth", "forbidden", "")
	}
	o.refuses(o.ask("alice", "get", "team", ownerXML("<x/>")), "modify", "bad-request", "")
}

// §8.2, §8.3: what can be changed is changed for the group; what cannot says so.
func TestConfigure(t *testing.T) {
	o := open(t, roster.Settings{Title: "The Team", Policy: "watch members\nbasic members"})
	get := func() string { return o.ask("alice", "get", "team", ownerXML("<configure node='NS#group'/>")) }
	set := func(fields ...string) string {
		return o.ask("alice", "set", "team", ownerXML("<configure node='NS#group'>"+submit(fields...)+"</configure>"))
	}
	settings := func() roster.Settings {
		rec, err := o.r.ShowGroup(t.Context(), "team")
		if err != nil {
			t.Fatal(err)
		}
		return rec.Settings
	}
	o.has(get(), "The Team", "<value>whitelist</value>", "pubsub#publish_model", "pubsub#send_last_published_item")
	o.has(o.ask("bob", "get", "team", ownerXML("<default/>")), "<default><x", "pubsub#access_model")
	o.has(set("pubsub#title", "Us", "pubsub#description", "Who", "pubsub#language", "de", "{}delivery", "2000", "pubsub#publish_model", "publishers",
		"pubsub#access_model", "whitelist", "pubsub#persist_items", "1"), "<iq type='result'")
	if s := settings(); s.Title != "Us" || s.Description != "Who" || s.Language != "de" || s.Delivery != 2000 || !strings.HasPrefix(s.Policy, "watch members\n") {
		t.Errorf("set are %+v", s)
	}
	for model, want := range map[string]string{"open": "watch anyone", "authorize": "watch members", "whitelist": "watch members"} {
		o.has(set("pubsub#access_model", model), "<iq type='result'")
		o.has(get(), "<value>"+model+"</value>")
		if s := settings(); !strings.HasPrefix(s.Policy, want+"\n") || (s.Join == roster.Approve) != (model == "authorize") {
			t.Errorf("%s is %q, %s", model, s.Policy, s.Join)
		}
	}
	o.has(set("pubsub#access_model", "roster", "pubsub#roster_groups_allowed", "lead"), "<iq type='result'")
	o.has(get(), "<value>roster</value>", "<value>lead</value>")
	was := settings()
	for _, no := range [][]string{{"pubsub#publish_model", "open"}, {"pubsub#max_items", "1"}, {"pubsub#x", "1"}, {"pubsub#access_model", "presence"},
		{"pubsub#access_model", "roster"}, {"{}delivery", "soon"}, {"pubsub#language", "?"}} {
		o.refuses(set(append(no, "pubsub#title", "Changed")...), "modify", "not-acceptable", "")
	}
	if s := settings(); s.Title != was.Title {
		t.Error("what is refused is done in part")
	}
	o.refuses(o.ask("alice", "set", "team", ownerXML("<configure node='NS#group'/>")), "modify", "bad-request", "")
	o.has(o.ask("alice", "set", "team", ownerXML("<configure node='NS#group'><x xmlns='jabber:x:data' type='cancel'/></configure>")), "<iq type='result'")
	o.refuses(o.ask("bob", "set", "team", ownerXML("<configure node='NS#group'>"+submit("pubsub#title", "Mine")+"</configure>")), "auth", "forbidden", "")
}

// §5.4: what a node is, for everybody who may know of the group.
func TestMetaData(t *testing.T) {
	o := open(t, roster.Settings{Title: "The Team", Description: "Who & what", Policy: "watch anyone", Delivery: 5000})
	info := o.ask("mallory", "get", "team", "<query xmlns='"+pubsub.NSInfo+"' node='NS#presence'/>")
	o.has(info, "type=\"result\"", "http://jabber.org/protocol/pubsub#meta-data", "<value>open</value>", "Who &amp; what", "<value>5000</value>", "<feature var='http://jabber.org/protocol/pubsub'/>")
	if strings.Contains(info, "num_subscribers") {
		t.Error("it says how many watch")
	}
}

// §8.8: admins see who subscribes, and decide. Where somebody's devices are
// they do not see, nor when he is there.
func TestManageSubscriptions(t *testing.T) {
	o := open(t, roster.Settings{})
	o.is("bob", "home", roster.Online)
	o.ask("bob", "set", "team", pubsubXML("<subscribe node='NS#presence' jid='bob@example.org/home'/>"))
	o.ask("carol", "set", "team", pubsubXML("<subscribe node='NS#presence' jid='carol@example.org'/>"))
	o.ask("bob", "set", "team", pubsubXML("<subscribe node='NS#presence' jid='bob@example.org'/><options>"+submit("pubsub#expire", "presence")+"</options>"))
	o.hears(3)
	list := func() string { return o.ask("alice", "get", "team", ownerXML("<subscriptions node='NS#presence'/>")) }
	o.has(list(), "<subscription jid='bob@example.org' subid='", "<subscription jid='carol@example.org' subid='")
	if n := strings.Count(list(), "<subscription "); n != 2 {
		t.Errorf("%d subscriptions: %s", n, list())
	}
	set := func(who, entries string) string {
		return o.ask(who, "set", "team", ownerXML("<subscriptions node='NS#presence'>"+entries+"</subscriptions>"))
	}
	o.has(set("alice", "<subscription jid='carol@example.org' subscription='none'/>"), "<iq type='result'")
	o.has(o.hears(1)[0], "to='carol@example.org'", " subscription='none'/>")
	o.has(set("alice", "<subscription jid='carol@example.org' subscription='none'/><subscription jid='bob@example.org'/>"), "<iq type='result'")
	o.has(set("alice", "<subscription jid='carol@example.org' subscription='subscribed'/>"), "<iq type='result'")
	o.has(o.hears(1)[0], "to='carol@example.org'", "full='true'")
	o.refuses(set("alice", "<subscription jid='mallory@example.org' subscription='subscribed'/>"), "cancel", "item-not-found", "")
	o.refuses(set("alice", "<subscription jid='bob@example.org' subscription='unconfigured'/>"), "modify", "not-acceptable", "")
	o.refuses(set("alice", "<subscription jid='@' subscription='none'/>"), "modify", "bad-request", "invalid-jid")
	twice := "<subscription jid='carol@example.org' subscription='none'/>"
	o.refuses(set("alice", twice+twice), "modify", "bad-request", "")
	some := set("alice", "<subscription jid='carol@example.org' subscription='none'/><subscription jid='bob@example.org' subscription='x'/>") // §8.8.2.4
	o.refuses(some, "modify", "not-acceptable", "")
	o.has(some, "<subscriptions node='NS#presence'><subscription jid='bob@example.org' subscription='subscribed'/></subscriptions>")
	o.hears(1)
	o.refuses(set("bob", "<subscription jid='carol@example.org' subscription='none'/>"), "auth", "forbidden", "")
}

// §8.9: what people are in the group, in the words of PubSub.
func TestManageAffiliations(t *testing.T) {
	o := open(t, roster.Settings{})
	list := func() string { return o.ask("alice", "get", "team", ownerXML("<affiliations node='NS#group'/>")) }
	set := func(who, entries string) string {
		return o.ask(who, "set", "team", ownerXML("<affiliations node='NS#group'>"+entries+"</affiliations>"))
	}
	be := func(jid, a string) string {
		return "<affiliation jid='" + jid + "@example.org' affiliation='" + a + "'/>"
	}
	o.has(list(), be("alice", "owner"), be("bob", "member"), be("carol", "member"))
	o.has(set("alice", be("bob", "owner")+be("carol", "outcast")+be("dave", "member")), "<iq type='result'")
	o.has(list(), be("bob", "owner"), be("carol", "outcast"))
	if p := o.team().Power("bob@example.org"); p != roster.Admin {
		t.Errorf("bob is %s", p)
	}
	if len(o.told) == 0 || o.told[len(o.told)-1].Kind != roster.Invitation || o.told[len(o.told)-1].To != "dave@example.org" {
		t.Errorf("dave is not asked: %+v", o.told)
	}
	o.has(o.ask("bob", "get", "team", pubsubXML("<affiliations/>")), "<affiliation node='NS#group' affiliation='owner'/>")
	o.refuses(set("bob", be("alice", "member")), "modify", "not-acceptable", "")
	o.refuses(set("alice", be("alice", "none")), "modify", "not-acceptable", "") // the only owner
	for _, a := range []string{"publisher", "publish-only"} {
		answer := set("alice", be("bob", a))
		o.refuses(answer, "cancel", "feature-not-implemented", "unsupported")
		o.has(answer, "feature='"+a+"-affiliation'")
	}
	o.refuses(set("alice", be("bob", "king")), "modify", "not-acceptable", "")
	o.has(set("alice", be("carol", "none")+be("bob", "member")), "<iq type='result'")
	if l := list(); strings.Contains(l, "carol") || !strings.Contains(l, be("bob", "member")) {
		t.Error(l)
	}
	some := set("alice", be("zoe", "owner")+be("bob", "none"))
	o.refuses(some, "modify", "not-acceptable", "")
	o.has(some, be("zoe", "none"))
	o.refuses(set("mallory", be("bob", "none")), "cancel", "item-not-found", "")
}

// §6.1.4, §8.6, §8.7: a subscription that waits for an admin.
func TestPending(t *testing.T) {
	o := open(t, roster.Settings{Join: roster.Approve, Listed: true})
	sub := func(who, node string) string {
		return o.ask(who, "set", "team", pubsubXML("<subscribe node='NS#"+node+"' jid='"+who+"@example.org'/>"))
	}
	o.has(sub("dave", "presence"), "subscription='pending'")
	o.has(sub("dave", "presence"), "subscription='pending'") // §8.6: one at a time
	o.has(sub("dave", "group"), "subscription='pending'")
	o.has(sub("erin", "group"), "subscription='pending'")
	o.has(o.ask("dave", "get", "team", pubsubXML("<subscriptions/>")), "<subscription node='NS#presence' jid='dave@example.org' subid='", "subscription='pending'/>")
	if s := o.ask("alice", "get", "team", ownerXML("<subscriptions node='NS#presence'/>")); strings.Contains(s, "dave") {
		t.Errorf("who waits is no subscriber: %s", s)
	}
	o.hears(0)
	if len(o.told) != 2 || o.told[0].Kind != roster.Application || o.told[0].To != "alice@example.org" {
		t.Errorf("told was %+v", o.told)
	}

	const command = "<command xmlns='http://jabber.org/protocol/commands' node='http://jabber.org/protocol/pubsub#get-pending'"
	o.refuses(o.ask("bob", "set", "team", command+"/>"), "auth", "forbidden", "")
	first := o.ask("alice", "set", "team", command+" action='execute'/>")
	o.has(first, "status='executing'", "<value>NS#presence</value>", "<value>NS#group</value>")
	if strings.Contains(first, "NS#members") {
		t.Error("nobody waits there")
	}
	o.has(o.ask("alice", "set", "team", command+" sessionid='get-pending'>"+submit("pubsub#node", ns+"#group")+"</command>"), "status='completed'")
	forms := o.hears(2)
	o.has(forms[0], "<message ", "pubsub#subscribe_authorization", "<value>dave@example.org</value>", "to='alice@example.org/home'", "pubsub#allow")

	answer := func(from, who, allow, typ string) error {
		form := strings.Replace(submit("FORM_TYPE", "http://jabber.org/protocol/pubsub#subscribe_authorization", "pubsub#node", ns+"#group",
			"pubsub#subscriber_jid", who+"@example.org", "pubsub#allow", allow), "'submit'", "'"+typ+"'", 1)
		handled, err := o.s.Approve(t.Context(), "team", from+"@example.org/home", []byte(form))
		if !handled {
			t.Error("it is not understood")
		}
		return err
	}
	if err := answer("bob", "dave", "1", "submit"); err != roster.ErrForbidden {
		t.Errorf("who has no power: %v", err)
	}
	if err := answer("alice", "dave", "1", "cancel"); err != nil {
		t.Error(err)
	}
	o.hears(0)
	if err := answer("alice", "dave", "true", "submit"); err != nil {
		t.Error(err)
	}
	all := strings.Join(o.hears(4), "")
	o.has(all, "node='"+ns+"#presence' jid='dave@example.org'", " subscription='subscribed'/>", "full='true'")
	if err := answer("alice", "erin", "0", "submit"); err != nil {
		t.Error(err)
	}
	o.has(o.hears(1)[0], "jid='erin@example.org'", " subscription='none'/>")
	o.refuses(sub("erin", "group"), "cancel", "not-allowed", "closed-node") // nobody is asked twice

	// Who takes it back, and who goes on waiting over a restart.
	o.has(sub("frank", "group"), "pending")
	o.has(o.ask("frank", "set", "team", pubsubXML("<unsubscribe node='NS#group' jid='frank@example.org'/>")), "<iq type='result'")
	o.refuses(o.ask("frank", "set", "team", pubsubXML("<unsubscribe node='NS#group' jid='frank@example.org'/>")), "cancel", "unexpected-request", "not-subscribed")
	o.has(sub("frank", "group"), "pending")
	rec, err := o.r.ShowGroup(t.Context(), "team")
	if err != nil || len(rec.Subscriptions) != 3 {
		t.Errorf("stored are %+v, %v", rec.Subscriptions, err)
	}
	o.has(o.ask("alice", "set", "team", ownerXML("<subscriptions node='NS#group'><subscription jid='frank@example.org' subscription='subscribed'/></subscriptions>")), "<iq type='result'")
	o.hears(4) // dave is told of frank
}

var featureOf = regexp.MustCompile(`<feature var='([^']*)'/>`)
