package frame

import (
	"encoding/xml"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAppendTextAndAttr(t *testing.T) {
	for in, want := range map[string][2]string{
		"":                      {"", ""},
		"plain":                 {"plain", "plain"},
		"a<b>&\"'":              {"a&lt;b&gt;&amp;\"'", "a&lt;b&gt;&amp;&quot;&apos;"},
		"\t\n\r":                {"\t\n&#xD;", "&#x9;&#xA;&#xD;"},
		"\x00a\x01\x1f":         {"\uFFFDa\uFFFD\uFFFD", "\uFFFDa\uFFFD\uFFFD"},
		"\xff\xfe\xc3":          {"\uFFFD\uFFFD\uFFFD", "\uFFFD\uFFFD\uFFFD"},
		"\uFFFE\uFFFF\uFFFD":    {"\uFFFD\uFFFD\uFFFD", "\uFFFD\uFFFD\uFFFD"},
		"\xed\xa0\x80":          {"\uFFFD\uFFFD\uFFFD", "\uFFFD\uFFFD\uFFFD"}, // half a surrogate pair
		"grün ♥ \U0001F469\x7f": {"grün ♥ \U0001F469\x7f", "grün ♥ \U0001F469\x7f"},
	} {
		if got := string(AppendText([]byte("="), in)); got != "="+want[0] {
			t.Errorf("AppendText(%q) = %q, want %q", in, got, want[0])
		}
		if got := string(AppendAttr([]byte("="), in)); got != "="+want[1] {
			t.Errorf("AppendAttr(%q) = %q, want %q", in, got, want[1])
		}
	}
}

func TestUnescape(t *testing.T) {
	for in, want := range map[string]string{
		"":                             "",
		"a&lt;&gt;&amp;&quot;&apos;b":  "a<>&\"'b",
		"&#65;&#x42;&#X43;&#x1F469;":   "AB&#X43;\U0001F469",
		"&#0;&#1;&#xFFFF;&#x110000;":   "\uFFFD\uFFFD\uFFFD\uFFFD",
		"&#99999999999;":               "\uFFFD",
		"&#x100000041;":                "\uFFFD", // 'A', if 32 bits overflowed
		"&#9999999999999999999999999;": "&#9999999999999999999999999;",
		"&amp;lt;":                     "&lt;",
		"&":                            "&",
		"&;&#;&#x;&#xg;&#a;&nbsp;&amp": "&;&#;&#x;&#xg;&#a;&nbsp;&amp",
		"&#x9;&#10;":                   "\t\n",
	} {
		if got := string(Unescape([]byte("="), []byte(in))); got != "="+want {
			t.Errorf("Unescape(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestAppendRaw(t *testing.T) {
	if got := string(AppendRaw([]byte("="), []byte(`a'b"c&amp;d`))); got != "=a&apos;b&quot;c&amp;d" {
		t.Errorf("got %q", got)
	}
}

// Whatever the text, encoding/xml takes what is written, and Unescape and
// encoding/xml read the same, which is the text if it was fit for XML.
func FuzzEscape(f *testing.F) {
	for _, s := range []string{"", "a<b>&\"'\t\r\n", "\x00\xff\uFFFE", "♥&#65;]]>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text, attr := AppendText(nil, s), AppendAttr(nil, s)
		var v struct {
			A string `xml:"a,attr"`
			B string `xml:"b,attr"`
			T string `xml:",chardata"`
		}
		doc := "<x a='" + string(attr) + `' b="` + string(attr) + `">` + string(text) + "</x>"
		if err := xml.Unmarshal([]byte(doc), &v); err != nil {
			t.Fatalf("%q: %v", doc, err)
		}
		want := strings.Map(func(r rune) rune {
			if !char(r) {
				return utf8.RuneError
			}
			return r
		}, s)
		for name, got := range map[string]string{
			"'": v.A, `"`: v.B, "text": v.T,
			"unescaped attr": string(Unescape(nil, attr)), "unescaped text": string(Unescape(nil, text)),
		} {
			if got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	})
}
