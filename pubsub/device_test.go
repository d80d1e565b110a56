package pubsub

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// What is told of a device is what programs are, not what they are called, and
// what cannot be passed on is left out.
func TestCan(t *testing.T) {
	id := func(category, kind string) string {
		return "<identity category='" + category + "' type='" + kind + "' name='Marker'/>"
	}
	long := strings.Repeat("x", maxToken)
	for _, c := range []struct{ info, want string }{
		{"", ""},
		{id("client", "phone"), "<capabilities><identity category='client' type='phone'/></capabilities>"},
		{id("client", "phone") + id("client", "phone") + id("a", "b"), "<capabilities><identity category='a' type='b'/><identity category='client' type='phone'/></capabilities>"},
		{"<feature var='urn:xmpp:jingle:apps:rtp:audio'/><feature var='urn:xmpp:omemo:2:devices+notify'/>", "<capabilities can='audio omemo'/>"},
		{"<feature var='urn:xmpp:omemo:2:devices'/><feature var='urn:xmpp:jingle:apps:rtp:1'/>", ""},
		{id("client", "") + id("", "pc") + id("cli&lt;ent", "pc") + id("client", "p c") + id("client", "ü") + id(long+"x", "pc"), ""},
		{id(long, long), "<capabilities><identity category='" + long + "' type='" + long + "'/></capabilities>"},
		{id("e", "e") + id("d", "d") + id("c", "c") + id("b", "b") + id("a", "a"), "<capabilities><identity category='a' type='a'/><identity category='b' type='b'/>" +
			"<identity category='c' type='c'/><identity category='d' type='d'/></capabilities>"},
	} {
		info, err := ReadCapabilities([]byte("<query xmlns='" + NSInfo + "'>" + c.info + "</query>"))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(capabilitiesOf(nil, info.Can())); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.info, got, c.want)
		}
	}
}

// A member with as many devices as can be, that can all that they can say,
// leaves an item room for the rest.
func TestCapabilitiesAreBounded(t *testing.T) {
	long := strings.Repeat("x", maxToken-1)
	it := roster.Item{JID: "alice@example.org", Show: roster.Online}
	for i := range roster.MaxCapable {
		var ids []roster.Identity
		for j := range roster.MaxIdentities {
			ids = append(ids, roster.Identity{Category: long + fmt.Sprint(j), Type: long + fmt.Sprint(i)})
		}
		it.Devices = append(it.Devices, roster.Device{Name: fmt.Sprint(i), Can: roster.NewCapabilities(ids, 15)})
	}
	if n := len(renderer.Member(nil, roster.NodePresence, &it)); n > roster.MaxItem/3 {
		t.Errorf("%d bytes", n)
	}
}

// Whatever an answer says, what is passed on of it is read as it was written.
func TestCanIsPlain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.StringMatching("[a-z]{1,5}"), rapid.String(), rapid.SampledFrom([]string{"'/><x", "&#0;", "a'b", "\u202e"}))
		var c Capabilities
		c.info.Identities = slices.Repeat(c.info.Identities, 0)
		for range rapid.IntRange(0, 6).Draw(t, "identities") {
			c.info.Identities = append(c.info.Identities, struct {
				Category string `xml:"category,attr"`
				Type     string `xml:"type,attr"`
				Lang     string `xml:"http://www.w3.org/XML/1998/namespace lang,attr"`
				Name     string `xml:"name,attr"`
			}{Category: text.Draw(t, "category"), Type: text.Draw(t, "type")})
		}
		can := c.Can()
		if can == nil {
			return
		}
		if len(can.Identities) > roster.MaxIdentities || !slices.IsSortedFunc(can.Identities, func(a, b roster.Identity) int { return strings.Compare(a.Category+"/"+a.Type, b.Category+"/"+b.Type) }) {
			t.Errorf("%v", can.Identities)
		}
		for _, i := range can.Identities {
			if !isToken(i.Category) || !isToken(i.Type) {
				t.Errorf("%v", i)
			}
		}
	})
}
