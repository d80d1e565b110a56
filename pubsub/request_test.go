package pubsub

import (
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// A question waits in memory for its turn: it holds no more than it needs.
func TestQuestionsAreSmall(t *testing.T) {
	long := strings.Repeat("x", 5000)
	for name, c := range map[string]struct {
		payload string
		ok      bool
	}{
		"many ids":    {"<items node='n'>" + strings.Repeat("<item id='a@b'/>", 1001) + "</items>", false},
		"ids":         {"<items node='n'>" + strings.Repeat("<item id='a@b'/>", 1000) + "</items>", true},
		"a long id":   {"<items node='n'><item id='" + long + "'/></items>", false},
		"long after":  {"<items node='n'/><set xmlns='http://jabber.org/protocol/rsm'><after>" + long + "</after></set>", false},
		"long before": {"<items node='n'/><set xmlns='http://jabber.org/protocol/rsm'><before>" + long + "</before></set>", false},
		"long since":  {"<items node='n'/><since xmlns='" + NS + "' state='" + long + "'/>", true}, // a token that is none
	} {
		var w wirePubSub
		if err := decode([]byte("<pubsub xmlns='"+NSPubSub+"'>"+c.payload+"</pubsub>"), &w); err != nil {
			t.Fatal(err)
		}
		q, err := w.question(&Request{From: "a@b/c"}, roster.NodeGroup)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && q.Since != nil && len(*q.Since) > 100 {
			t.Errorf("%s: %d bytes are kept", name, len(*q.Since))
		}
	}
}
