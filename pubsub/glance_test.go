package pubsub

import (
	"math/bits"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

func TestGlance(t *testing.T) {
	long := strings.Repeat("ä", 300)
	for _, c := range []struct {
		kind    policy.Mask
		payload string
		want    string
	}{
		{policy.Mood, "<mood xmlns='" + moodNS + "'><in_love/></mood>", "in love"},
		{policy.Mood, "<mood xmlns='" + moodNS + "'><happy/><text>Friday &amp;\n\tfree</text></mood>", "Friday & free"},
		{policy.Mood, "<mood xmlns='" + moodNS + "'><text/><happy></happy></mood>", "happy"},
		{policy.Mood, "<mood xmlns='" + moodNS + "'><text>" + long + "</text></mood>", strings.Repeat("ä", 99) + "…"},
		{policy.Activity, "<activity xmlns='x'><relaxing><partying/></relaxing></activity>", "partying"},
		{policy.Activity, "<activity xmlns='x'><doing_chores/></activity>", "doing chores"},
		{policy.Activity, "<activity xmlns='x'><relaxing><other/></relaxing></activity>", "relaxing"},
		{policy.Activity, "<activity xmlns='x'><relaxing><partying/></relaxing><text>in the garden</text></activity>", "in the garden"},
		{policy.Activity, "<activity xmlns='x'><a><b><c>x</c></b></a></activity>", "b"},
		{policy.Tune, "<tune xmlns='x'><artist>Yes</artist><title>Heart of the Sunrise</title><title>2</title></tune>", "♪ Yes – Heart of the Sunrise"},
		{policy.Tune, "<tune xmlns='x'><title>Elegy</title></tune>", "♪ Elegy"},
		{policy.Tune, "<tune xmlns='x'><rating>5</rating></tune>", ""},
		{policy.Location, "<geoloc xmlns='x'><country>Italy</country><locality>Venice</locality><region>Veneto</region><lat>1</lat><lon>2</lon></geoloc>", "Venice, Italy"},
		{policy.Location, "<geoloc xmlns='x'><country>Italy</country><region>Veneto</region></geoloc>", "Veneto, Italy"},
		{policy.Location, "<geoloc xmlns='x'><countrycode>IT</countrycode></geoloc>", "IT"},
		{policy.Location, "<geoloc xmlns='x'><lat>45.4</lat><lon>12.3</lon></geoloc>", "45.4, 12.3"},
		{policy.Location, "<geoloc xmlns='x'><lat>45.4</lat></geoloc>", ""},
		{policy.Timezone, "<timezone>+05:45</timezone>", "UTC+05:45"},
		{policy.Timezone, "<timezone>Z</timezone>", "UTC"},
		{policy.Nickname, "<nick xmlns='x'>Ally</nick>", ""},
	} {
		x := &roster.Item{}
		x.Published[bits.TrailingZeros32(uint32(c.kind/policy.Mood))] = c.payload
		if got := strings.Join(Glance(x), "|"); got != c.want {
			t.Errorf("%s: %q", c.payload, got)
		}
	}
}
