package component

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/rollcall-xmpp/rollcall/pubsub"
)

// XEP-0163 §4.3: who has the group as a contact, and whose device says that it
// wants the events of a node, gets them without a subscription. What it says is
// asked for once, and believed when the hash proves it.
func TestNotify(t *testing.T) {
	const info = "<query xmlns='http://jabber.org/protocol/disco#info'NODE><identity category='client' type='pc'/>" +
		"<feature var='urn:xmpp:tmp:group-presence:0#presence+notify'/></query>"
	for name, caps := range map[string]string{
		"XEP-0115": "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:client' ver='zKXbt+rOPCurmm3JBNk5bwXo0fw='/>",
		"XEP-0390": "<c xmlns='urn:xmpp:caps'><hash xmlns='urn:xmpp:hashes:2' algo='sha-256'>uhDAGEy0b4fTOd1l55kSNSUvH2hb/GbcUndlyeHB1ho=</hash></c>",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				svc, p, stop := serve(t, "ann", "bob", "cid")
				hears := func(part string) string {
					t.Helper()
					for {
						if got := p.next(); strings.Contains(got, part) {
							return got
						}
					}
				}
				is := func(who, device string) {
					p.send("<presence from='" + who + "@example.org/" + device + "' to='team@" + testDomain + "'>" + caps + "</presence>")
				}
				for _, who := range []string{"ann", "bob"} {
					p.send("<presence type='subscribe' from='" + who + "@example.org' to='team@" + testDomain + "'/>")
					hears("to='" + who + "@example.org' type='subscribed'")
				}
				is("ann", "desk")
				q := hears("disco#info")
				node, id := value(q, " node='"), value(q, " id='")
				if want := map[string]string{"XEP-0115": "urn:client#zKXb", "XEP-0390": "urn:xmpp:caps#sha-256.uhDAGEy0b4fTOd1l55kSNSUvH2hb/GbcUndlyeHB1ho="}[name]; !strings.HasPrefix(node, want) {
					t.Errorf("asked for %s", node)
				}
				p.send("<iq type='result' id='" + id + "' from='ann@example.org/desk' to='" + value(q, " from='") + "'>" + strings.Replace(info, "NODE", " node='"+node+"'", 1) + "</iq>")
				hears("to='ann@example.org/desk'><event ")
				if err := svc.Settle(t.Context()); err != nil { // of herself, too
					t.Fatal(err)
				}
				p.send(pingFrom("calm"))
				hears("id='calm'")
				p.send("<presence type='unavailable' from='ann@example.org/desk' to='team@" + testDomain + "'/>")
				is("cid", "desk") // is no contact, and knows the same software
				if err := svc.Settle(t.Context()); err != nil {
					t.Fatal(err)
				}
				p.send(pingFrom("over"))
				for got := p.next(); !strings.Contains(got, "id='over'"); got = p.next() {
					if strings.Contains(got, "<event ") {
						t.Errorf("told is %s", got)
					}
				}
				p.leave(stop)
			})
		})
	}
	if c, err := pubsub.ReadCapabilities([]byte(strings.Replace(info, "NODE", "", 1))); err != nil || !c.Proves("sha-1", "zKXbt+rOPCurmm3JBNk5bwXo0fw=", false) {
		t.Error("the test's hash proves nothing")
	}
}
