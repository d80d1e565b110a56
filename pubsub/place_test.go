package pubsub

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// Everything that XEP-0080 knows, some of it told twice.
const everywhere = "<geoloc xmlns='" + nsGeo + "' xml:lang='en'><accuracy>20</accuracy><alt>1609</alt><area>Old town</area><bearing>1</bearing><building>The Folger</building>" +
	"<country>Italy</country><country>SECRET</country><countrycode>IT</countrycode><datum>x</datum><description>Bill's house</description><floor>102</floor><lat>45.44</lat><lat>45.4399</lat>" +
	"<locality>Venice</locality><lon>-12.3361</lon><postalcode>30100</postalcode><region>Veneto</region><room>Observatory</room><speed>52</speed><street>34th</street>" +
	"<text>SECRET</text><timestamp>2004-02-19T21:12Z</timestamp><tzo>+01:00</tzo><uri>http://example.org/</uri></geoloc>"

func TestPlaces(t *testing.T) {
	place := func(inside string) string { return "<geoloc xmlns='" + nsGeo + "'>" + inside + "</geoloc>" }
	names := "<country>Italy</country><countrycode>IT</countrycode><region>Veneto</region><locality>Venice</locality>"
	for name, c := range map[string]struct {
		payload string
		p       roster.Precision
		want    string
	}{
		"exact":              {everywhere, roster.Exact, everywhere},
		"1km":                {everywhere, roster.Near, place(names + "<lat>45.44</lat><lon>-12.34</lon>")},
		"10km":               {everywhere, roster.Rough, place(names + "<lat>45.4</lat><lon>-12.3</lon>")},
		"locality":           {everywhere, roster.Locality, place(names)},
		"region":             {everywhere, roster.Region, place("<country>Italy</country><countrycode>IT</countrycode><region>Veneto</region>")},
		"country":            {everywhere, roster.Country, place("<country>Italy</country><countrycode>IT</countrycode>")},
		"nothing left":       {place("<street>34th</street><lat>1</lat><lon>2</lon>"), roster.Locality, ""},
		"half a point":       {place("<lat>1.5</lat>"), roster.Near, ""},
		"near zero":          {place("<lat>-0.004</lat><lon>0.004</lon>"), roster.Near, place("<lat>0.00</lat><lon>0.00</lon>")},
		"south and west":     {place("<lat> -89.999 </lat><lon>-179.96</lon>"), roster.Rough, place("<lat>-90.0</lat><lon>-180.0</lon>")},
		"no such place":      {place("<lat>91</lat><lon>0</lon>"), roster.Rough, ""},
		"no number":          {place("<lat>NaN</lat><lon>Inf</lon>"), roster.Rough, ""},
		"hidden digits":      {place("<lat>4.5e1</lat><lon>0x1p3</lon>"), roster.Rough, place("<lat>45.0</lat><lon>8.0</lon>")},
		"within":             {place("<country>It<b>SECRET</b>aly</country>"), roster.Country, place("<country>Italy</country>")},
		"deeper":             {place("<x><country>SECRET</country></x>"), roster.Country, ""},
		"escaped":            {place("<country>A &amp; B &lt;c&gt;</country>"), roster.Country, place("<country>A &amp; B &lt;c&gt;</country>")},
		"of several lines":   {place("<country>Italy\n34th street</country>"), roster.Country, ""},
		"long":               {place("<country>" + strings.Repeat("x", 201) + "</country>"), roster.Country, ""},
		"attributes":         {place("<country x='SECRET'>Italy</country>"), roster.Country, place("<country>Italy</country>")},
		"nothing published":  {place(""), roster.Country, ""},
		"nothing, elsewhere": {place(""), roster.Exact, ""},
	} {
		got, err := ReadPublished(policy.Location, []byte(c.payload), c.p)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

var geoName = regexp.MustCompile(`^<geoloc xmlns='http://jabber.org/protocol/geoloc'>(<(country|countrycode|region|locality)>[^<>\x00-\x08\x0b-\x1f]+</(country|countrycode|region|locality)>)*` +
	`(<lat>-?\d+\.(\d{1,2})</lat><lon>-?\d+\.(\d{1,2})</lon>)?</geoloc>$`)

// Whatever is published: what is shown of it has no more than is allowed, stands
// on its own, and is no finer the coarser it is to be.
func FuzzPlaces(f *testing.F) {
	f.Add([]byte(everywhere), uint8(roster.Rough))
	f.Add([]byte("<geoloc xmlns='"+nsGeo+"'><lat>1e300</lat><lon>-0</lon><country>&amp;lt;&#x20;</country></geoloc>"), uint8(roster.Near))
	f.Add([]byte("<geoloc xmlns=\""+nsGeo+"\"><country> \n</country><locality a=\"b\">c<d/></locality></geoloc>"), uint8(roster.Locality))
	f.Fuzz(func(t *testing.T, payload []byte, precision uint8) {
		p := roster.Precision(precision % uint8(len(roster.Precisions())))
		got, err := ReadPublished(policy.Location, payload, p)
		if err != nil || got == nil || p == roster.Exact {
			return
		}
		m := geoName.FindSubmatch(got)
		if m == nil {
			t.Fatalf("%s of %q", got, payload)
		}
		decimals := map[roster.Precision]int{roster.Near: 2, roster.Rough: 1}[p]
		if len(m[4]) > 0 && len(m[5]) != decimals || len(m[6]) > decimals && m[6] != nil {
			t.Fatalf("%s shows %s of %q", p, got, payload)
		}
		names := elementsOf(t, got)
		for _, no := range []struct {
			name string
			from roster.Precision
		}{{"region", roster.Country}, {"locality", roster.Region}, {"lat", roster.Locality}} {
			if p >= no.from && slices.Contains(names, no.name) {
				t.Fatalf("%s shows %s", p, got)
			}
		}
		if again, err := ReadPublished(policy.Location, got, p); err != nil || string(again) != string(got) {
			t.Fatalf("%s again is %s, %v", got, again, err)
		}
	})
}

// elementsOf are the names of what stands in an element.
func elementsOf(t *testing.T, b []byte) (names []string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(string(b)))
	for depth := 0; ; {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return names
		} else if err != nil {
			t.Fatalf("%v: %q", err, b)
		}
		switch e := tok.(type) {
		case xml.StartElement:
			if depth++; depth == 2 {
				names = append(names, e.Name.Local)
			}
		case xml.EndElement:
			depth--
		}
	}
}

func TestZones(t *testing.T) {
	at := func(inside string) string { return "<time xmlns='" + nsTime + "'>" + inside + "</time>" }
	for payload, want := range map[string]string{
		at("<tzo>-06:00</tzo><utc>2006-12-19T17:58:35Z</utc>"):    "<timezone>-06:00</timezone>",
		at("<utc>2006-12-19T17:58:35Z</utc><tzo> +05:45\n</tzo>"): "<timezone>+05:45</timezone>",
		at("<tzo>Z</tzo>"):                       "<timezone>Z</timezone>",
		at("<tzo>-00:00</tzo>"):                  "<timezone>Z</timezone>",
		at("<tzo>+14:00</tzo><tzo>+01:00</tzo>"): "<timezone>+14:00</timezone>",
		at("<tzo>+15:00</tzo>"):                  "", at("<tzo>+1:00</tzo>"): "", at("<tzo>Europe/Berlin</tzo>"): "", at("<tzo>+01:00 SECRET</tzo>"): "",
		at("<tzo/>"): "", at(""): "", at("<tzo xmlns='urn:x'>+01:00</tzo>"): "", at("<x><tzo>+01:00</tzo></x>"): "",
		at("<utc>2006-12-19T17:58:35Z</utc>"): "", "<time xmlns='urn:x'><tzo>+01:00</tzo></time>": "", "": "", "<>": "", at("<tzo>+01:00"): "",
		at("<a><b><c><d><e><f/></e></d></c></b></a><tzo>Z</tzo>"): "", at("<tzo>" + strings.Repeat("+", 100<<10) + "</tzo>"): "",
	} {
		got, err := ReadPublished(policy.Timezone, []byte(payload), roster.Exact)
		if string(got) != want || (err == nil) != (want != "") || err != nil && !errors.Is(err, ErrPayload) {
			t.Errorf("%.60s: %s, %v", payload, got, err)
		}
	}
}

// What an answer is about is taken, and nothing else of it.
func TestAnswered(t *testing.T) {
	for _, c := range []struct {
		kind         policy.Mask
		inside, want string
	}{
		{policy.Timezone, "<time xmlns='" + nsTime + "'><tzo>Z</tzo></time>", "<time xmlns='" + nsTime + "'><tzo>Z</tzo></time>"},
		{policy.Timezone, AskCard, ""},
		{policy.Language | policy.Interests, AskCard, AskCard},
		{policy.Language, "<x/>", ""},
		{policy.Language, "<pubsub xmlns='" + NSPubSub + "'>" + AskCard + "</pubsub>", ""},
	} {
		if got := Answered(c.kind, []byte("<iq type='result' id='1'>"+c.inside+"</iq>")); string(got) != c.want {
			t.Errorf("%s: %s", c.inside, got)
		}
	}
}

// A time zone is one of a few words, whatever the device says.
func FuzzZones(f *testing.F) {
	f.Add([]byte("<time xmlns='" + nsTime + "'><tzo>-06:00</tzo><utc>2006-12-19T17:58:35Z</utc></time>"))
	f.Add([]byte("<t:time xmlns:t='" + nsTime + "'><t:tzo>&#43;01:00</t:tzo></t:time>"))
	one := regexp.MustCompile(`^<timezone>(Z|[+-]\d\d:\d\d)</timezone>$`)
	f.Fuzz(func(t *testing.T, payload []byte) {
		got, err := ReadPublished(policy.Timezone, payload, roster.Exact)
		if err == nil && !one.Match(got) {
			t.Fatalf("%q of %q", got, payload)
		}
		if err == nil && len(got) > len("<timezone>+00:00</timezone>") {
			t.Fatal(strconv.Quote(string(got)))
		}
	})
}
