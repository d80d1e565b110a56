package pubsub_test

import (
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// FuzzRequests: whatever anybody asks of a group or of the service is answered
// once, by a whole stanza, or later in the group's turn; it breaks nothing.
func FuzzRequests(f *testing.F) {
	for _, payload := range []string{
		pubsubXML("<subscribe node='NS#group' jid='bob@example.org'/><options>" + submit("pubsub#digest", "1", "pubsub#expire", "presence", "pubsub#show-values", "away") + "</options>"),
		pubsubXML("<options node='NS#group' jid='bob@example.org' subid='x'>" + submit("{}receipts", "1", "{}members", "alice@example.org") + "</options>"),
		pubsubXML("<unsubscribe node='NS#group' jid='bob@example.org'/>"), pubsubXML("<subscriptions/>"), pubsubXML("<affiliations node='NS#info'/>"),
		pubsubXML("<default/>"), pubsubXML("<items node='NS#group' max_items='1'><item id='info'/></items>"), pubsubXML("<publish node='NS#group'/>"),
		pubsubXML("<subscribe node='NS#my-groups' jid='bob@example.org'/>"), pubsubXML("<options node='NS#my-groups' jid='bob@example.org'>" + submit("pubsub#deliver", "0") + "</options>"),
		ownerXML("<configure node='NS#group'>" + submit("pubsub#title", "x", "pubsub#access_model", "open") + "</configure>"), ownerXML("<default/>"),
		ownerXML("<subscriptions node='NS#group'><subscription jid='bob@example.org' subscription='none'/></subscriptions>"),
		ownerXML("<affiliations node='NS#group'><affiliation jid='bob@example.org' affiliation='owner'/></affiliations>"), ownerXML("<purge node='NS#group'/>"),
		"<command xmlns='http://jabber.org/protocol/commands' node='http://jabber.org/protocol/pubsub#get-pending' action='execute'>" + submit("pubsub#node", "NS#group") + "</command>",
		"<query xmlns='" + pubsub.NSInfo + "' node='NS#group'/>", "<query xmlns='" + pubsub.NSItems + "' node='NS#my-groups'/>",
		submit("FORM_TYPE", "http://jabber.org/protocol/pubsub#subscribe_authorization", "pubsub#subscriber_jid", "dave@example.org", "pubsub#allow", "1"),
	} {
		for who := range 3 {
			f.Add([]byte(payload), uint8(who), true, who == 1)
		}
		f.Add([]byte(payload), uint8(0), false, true)
	}
	f.Fuzz(func(t *testing.T, payload []byte, who uint8, set, service bool) {
		payload = []byte(expand(string(payload)))
		var in frame.Scanner
		in.Reset(payload)
		if !in.Next() || in.Bad() {
			return
		}
		o := open(t, roster.Settings{Join: roster.Approve, Listed: true})
		q := &pubsub.Request{Set: set, From: []string{"alice", "bob", "dave"}[who%3] + "@example.org/home", To: team, Group: "team", ID: "q",
			Space: string(in.NS()), Local: string(in.Local()), Payload: payload}
		if service {
			q.Group, q.To = "", domain
		}
		if !o.s.Handles(q.Space) && !o.s.HandlesCommand(q) {
			_, _ = o.s.Approve(t.Context(), "team", q.From, payload)
			return
		}
		for range 2 { // the second meets what the first has left
			b := o.s.Handle(t.Context(), nil, q)
			o.turn(&b)
			all := o.split(b)
			if len(all) == 0 || all[0][:3] != "<iq" {
				t.Fatalf("answered by %q", b)
			}
		}
	})
}
