package component

import (
	"bytes"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// Whatever a member's server says that he keeps there: it is understood, or it
// shares nothing; it never loosens anything by not being understood.
func FuzzElsewhere(f *testing.F) {
	const head = "<iq type='result' from='a@example.org' to='team@groups.example.org' id='1'><pubsub xmlns='http://jabber.org/protocol/pubsub'>" +
		"<items node='urn:xmpp:tmp:group-presence:0#authorization'>"
	f.Add([]byte(head + "<item id='current'><authorization xmlns='urn:xmpp:tmp:group-presence:0'><rule who='members' attributes='all'/></authorization></item></items></pubsub></iq>"))
	f.Add([]byte(head + "<item/><item><authorization xmlns='urn:xmpp:tmp:group-presence:0' share='false'/></item></items></pubsub></iq>"))
	f.Add([]byte(head + "<item><x/></item></items></pubsub></iq>"))
	f.Add([]byte("<iq type='error' from='a@example.org' to='team@groups.example.org' id='1'><error type='cancel'><item-not-found xmlns='" + nsStanzas + "'/></error></iq>"))
	f.Add([]byte("<message from='a@example.org' to='team@groups.example.org'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='urn:xmpp:tmp:group-presence:0#authorization'><retract id='x'/></items></event></message>"))
	f.Add([]byte("<message from='a@example.org' to='team@groups.example.org'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='http://jabber.org/protocol/mood'><item><mood xmlns='http://jabber.org/protocol/mood'><happy/></mood></item></items></event></message>"))
	f.Add([]byte("<message from='a@example.org' to='team@groups.example.org'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='urn:xmpp:vcard4'><item><vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><lang><language-tag>de</language-tag></lang></vcard></item></items></event></message>"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var st frame.Stanza
		b, err := frame.NewReader(bytes.NewReader(raw), 1<<18, 100).Next()
		if err != nil || !passes(b) || !frame.Parse(bytes.Clone(b), &st) {
			return
		}
		for _, space := range []string{"http://jabber.org/protocol/pubsub", "http://jabber.org/protocol/pubsub#event"} {
			item(st.Raw, space, pubsub.NSAuthorization)
			for r := nodes(st.Raw); r != 0; r &= r - 1 {
				payload, _ := item(st.Raw, space, pubsub.PublishedNode(r&-r))
				got, err := pubsub.ReadPublished(r&-r, payload, roster.Exact)
				if made := r & -r & (policy.Interests | policy.Language); err == nil && got != nil && made == 0 && !bytes.Contains(st.Raw, payload[bytes.IndexByte(payload, '>'):]) {
					t.Fatalf("%s is nowhere in %s", payload, st.Raw)
				}
				if len(got) > roster.MaxPublished {
					t.Fatalf("%d bytes of %s", len(got), st.Raw)
				}
			}
		}
		found := found(&st, nil)
		a, err := found.policy()
		switch {
		case !found.known && found.payload != nil:
			t.Fatal("it is known, and is not")
		case err != nil && (a == nil || len(a.Rules) > 0 || a.Share):
			t.Fatalf("what makes no sense shares %+v", a)
		case err == nil && a != nil && a.Check() != nil:
			t.Fatalf("takes what cannot be: %v", a.Check())
		}
	})
}
