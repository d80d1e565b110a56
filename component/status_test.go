package component

import (
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// What a device says comes in one status, whatever it says.
func TestStatusesOfAPresence(t *testing.T) {
	s := NewService(ServiceConfig{Store: store.Memory(), Link: Config{Domain: testDomain}})
	long := strings.Repeat("ä", roster.MaxStatus)
	for _, c := range []struct{ inner, want string }{
		{"", ""},
		{"<status>Lunch</status>", "Lunch"},
		{"<status>Lunch</status><status>Dinner</status>", "Lunch"},
		{"<status xml:lang='de'>Mittag</status>", "|de:Mittag"},
		{"<status xml:lang='de'>Mittag</status><status>Lunch</status>", "|:Lunch|de:Mittag"},
		{"<status>Lunch</status><status xml:lang='fr'>Midi</status><status xml:lang='de'>Mittag</status><status xml:lang='DE'>Abend</status>", "|:Lunch|de:Mittag|fr:Midi"},
		{"<status>Lunch</status><status xml:lang='de'/>", "|:Lunch"},
		{"<status xml:lang='a'>1</status><status xml:lang='b'>2</status><status xml:lang='c'>3</status><status xml:lang='d'>4</status><status xml:lang='e'>5</status>", "|a:1|b:2|c:3|d:4"},
		{"<status>Lunch</status><status xml:lang='d&apos;e'>x</status><status xml:lang='" + strings.Repeat("x", 36) + "'>x</status>", "Lunch"},
		{"<status>a&#0;b</status>", "a\ufffdb"}, // no text has it
		{"<status>Lunch</status><status xml:lang='de'>" + long + "</status><status xml:lang='fr'>" + long + "</status>", "|:Lunch|de:" + long[:roster.MaxStatus]},
	} {
		raw := []byte("<presence from='a@x/r' to='team@" + testDomain + "'>" + c.inner + "</presence>")
		var st frame.Stanza
		if !frame.Parse(raw, &st) {
			t.Fatalf("no stanza: %s", raw)
		}
		s.decodePresence(&st)
		if got := strings.NewReplacer("\x00", "|", "\x01", ":").Replace(string(s.presence.Status)); got != c.want {
			t.Errorf("%.80s: %.80q, want %.80q", c.inner, got, c.want)
		}
	}
}
