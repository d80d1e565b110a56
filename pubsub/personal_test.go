package pubsub

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

func vcard4(inside string) string { return "<vcard xmlns='" + nsVCard4 + "'>" + inside + "</vcard>" }

// A whole vCard, in which little is of interest.
var wholeCard = vcard4("<fn><text>SECRET name</text></fn><n><surname>SECRET</surname></n><photo><uri>data:image/png;base64," + strings.Repeat("QUJD", 10_000) + "</uri></photo>" +
	"<lang><parameters><pref><integer>2</integer></pref></parameters><language-tag>en-GB</language-tag></lang>" +
	"<tel><parameters><type><text>home</text></type></parameters><uri>tel:+SECRET</uri></tel>" +
	"<lang><parameters><pref><integer>1</integer></pref></parameters><language-tag>de</language-tag></lang>" +
	"<group name='SECRET'><lang><language-tag>fr</language-tag></lang></group><tz><text>Raleigh/SECRET</text></tz>" +
	"<expertise><parameters><level><text>expert</text></level><index><integer>1</integer></index></parameters><text>Go &amp; XML</text></expertise>" +
	"<hobby><parameters><level><text>SECRET</text></level></parameters><text>chess</text></hobby>" +
	"<interest><text> rock 'n' roll </text></interest><note><text>SECRET</text></note><bday><date>19700101</date></bday>")

func TestPersonal(t *testing.T) {
	lang := func(tag string) string { return "<lang><language-tag>" + tag + "</language-tag></lang>" }
	many := ""
	for i := range 50 {
		many += fmt.Sprintf("<hobby><text>hobby %d</text></hobby>", i) + lang(fmt.Sprint("x-", i))
	}
	for name, c := range map[string]struct{ payload, language, interests string }{
		"a whole one": {wholeCard, "<language>de en-GB fr</language>",
			"<interests><interest kind='expertise' level='expert'>Go &amp; XML</interest><interest kind='hobby'>chess</interest><interest kind='interest'>rock 'n' roll</interest></interests>"},
		"nothing":            {vcard4(""), "", ""},
		"twice":              {vcard4(lang("de") + lang("DE")), "<language>de</language>", ""},
		"no language":        {vcard4(lang("no language") + lang("") + lang("<b>de</b>") + lang("Deutsch und Englisch")), "", ""},
		"in another":         {vcard4("<lang xmlns='urn:x'><language-tag>de</language-tag></lang><x xmlns='urn:x'>" + lang("de") + "</x>"), "", ""},
		"partly in another":  {vcard4("<lang><language-tag xmlns='urn:x'>de</language-tag></lang>"), "", ""},
		"prefixes":           {"<v:vcard xmlns:v='" + nsVCard4 + "'><v:lang><v:language-tag>de</v:language-tag></v:lang></v:vcard>", "<language>de</language>", ""},
		"long":               {vcard4("<hobby><text>" + strings.Repeat("x", 81) + "</text></hobby>" + lang(strings.Repeat("x", 81))), "", ""},
		"marks":              {vcard4("<hobby><text>&lt;/interest&gt;&amp;</text></hobby>"), "", "<interests><interest kind='hobby'>&lt;/interest&gt;&amp;</interest></interests>"},
		"deep in what is no": {vcard4("<note>" + strings.Repeat("<a>", 50) + strings.Repeat("</a>", 50) + "</note>" + lang("de")), "<language>de</language>", ""},
		"another preference": {vcard4("<lang><parameters><pref><integer>-5</integer></pref></parameters><language-tag>fr</language-tag></lang>" + lang("de")), "<language>fr de</language>", ""},
	} {
		for kind, want := range map[policy.Mask]string{policy.Language: c.language, policy.Interests: c.interests} {
			if got, err := ReadPublished(kind, []byte(c.payload), roster.Exact); err != nil || string(got) != want {
				t.Errorf("%s: %s, %v", name, got, err)
			}
		}
	}
	got, err := ReadPublished(policy.Interests, []byte(vcard4(many)), roster.Exact)
	if n := strings.Count(string(got), "<interest "); err != nil || n != maxInterests || len(got) > roster.MaxPublished {
		t.Errorf("%d in %d bytes, %v", n, len(got), err)
	}
	full := vcard4(strings.Repeat("<hobby><text>"+strings.Repeat("&amp;", maxInterest)+"</text></hobby>", maxInterests))
	got, err = ReadPublished(policy.Interests, []byte(full), roster.Exact)
	if err != nil || len(got) > roster.MaxPublished || strings.Count(string(got), "</interest>") < 2 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	got, err = ReadPublished(policy.Language, []byte(vcard4(many)), roster.Exact)
	if n := len(strings.Fields(string(got))); err != nil || n != maxLanguages {
		t.Errorf("%d languages, %v", n, err)
	}
}

func TestHostileCards(t *testing.T) {
	lang := "<lang><language-tag>de</language-tag></lang>"
	for name, payload := range map[string]string{
		"very large":        vcard4(lang + "<note><text>" + strings.Repeat("x", 100<<10) + "</text></note>"),
		"deep":              vcard4("<lang>" + strings.Repeat("<parameters>", 10) + strings.Repeat("</parameters>", 10) + "</lang>"),
		"another namespace": "<vcard xmlns='urn:x'>" + lang + "</vcard>",
		"no namespace":      "<vcard>" + lang + "</vcard>",
		"of the old kind":   "<vCard xmlns='vcard-temp'><FN>x</FN></vCard>",
		"two":               vcard4(lang) + vcard4(lang),
		"text around":       vcard4(lang) + "x",
		"control character": vcard4("<hobby><text>a&#x9b;b</text></hobby>"),
		"turned round":      vcard4("<interest><text>a\u202eb</text></interest>"),
		"lines":             vcard4("<interest><text>a\nb</text></interest>"),
		"no UTF-8":          vcard4("<interest><text>a\xff</text></interest>"),
		"open":              "<vcard xmlns='" + nsVCard4 + "'>" + lang,
		"nothing at all":    "", "no element": "<>",
	} {
		for _, kind := range []policy.Mask{policy.Language, policy.Interests} {
			got, err := ReadPublished(kind, []byte(payload), roster.Exact)
			if got != nil || !errors.Is(err, ErrPayload) || errors.Is(err, ErrTooLarge) != strings.HasSuffix(name, "large") {
				t.Errorf("%s: %s, %v", name, got, err)
			}
		}
	}
}

// Whatever a vCard is: what is taken of it is well-formed, has only what it may,
// and is bounded.
func FuzzPersonal(f *testing.F) {
	f.Add([]byte(vcard4("<lang><parameters><pref><integer>2</integer></pref></parameters><language-tag>en-GB</language-tag></lang><hobby><text>a &amp; b</text></hobby>")))
	f.Add([]byte(vcard4("<group name='x'><expertise><parameters><level><text>expert</text></level></parameters><text>a</text></expertise></group>")))
	f.Add([]byte("<v:vcard xmlns:v='" + nsVCard4 + "'><v:interest><v:text><![CDATA[<x>]]>&#10;</v:text></v:interest></v:vcard>"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		for _, kind := range []policy.Mask{policy.Language, policy.Interests} {
			got, err := ReadPublished(kind, payload, roster.Exact)
			if err != nil && got != nil || len(got) > roster.MaxPublished {
				t.Fatalf("%q, %v of %q", got, err, payload)
			}
			d := xml.NewDecoder(strings.NewReader("<member xmlns='" + NS + "'>" + string(got) + "</member>"))
			for {
				tok, err := d.Token()
				if errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatalf("%v: %q of %q", err, got, payload)
				}
				e, ok := tok.(xml.StartElement)
				if !ok {
					continue
				}
				switch e.Name.Local {
				case "member", "language", "interests", "interest":
				default:
					t.Fatalf("%s is in %q of %q", e.Name.Local, got, payload)
				}
				if e.Name.Space != NS || len(e.Attr) > 2 {
					t.Fatalf("%q of %q", got, payload)
				}
			}
		}
	})
}
