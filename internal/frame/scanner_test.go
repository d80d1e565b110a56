package frame

import (
	"fmt"
	"strings"
	"testing"
)

func TestScannerWalk(t *testing.T) {
	var got []string
	var s Scanner
	for s.Reset([]byte(`t<a x='>'>u<b/><p:c xmlns:p='urn:p'><![CDATA[<&]]></p:c ></a><d />`)); s.Next(); {
		switch s.Kind {
		case Start:
			got = append(got, fmt.Sprintf("<%s %d", s.Name, s.Depth))
		case End:
			got = append(got, fmt.Sprintf("/%s %d", s.Name, s.Depth))
		case Text, CDATA:
			got = append(got, fmt.Sprintf("%d:%s %d", s.Kind, s.Text, s.Depth))
		}
	}
	want := "[3:t 0 <a 1 3:u 1 <b 2 /b 2 <p:c 2 4:<& 2 /p:c 2 /a 1 <d 1 /d 1]"
	if fmt.Sprint(got) != want || s.Bad() {
		t.Errorf("got  %v (bad %v)\nwant %s", got, s.Bad(), want)
	}
}

func TestScannerBad(t *testing.T) {
	for in, bad := range map[string]bool{
		"": false, "x": false, "<a/>": false, "<a><b></b></a>": false,
		"<a>": true, "<a": true, "<": true, "</a>": true, "<a x='>": true, "<a/><": true,
		"<!-- -->": true, "<a><![CDATA[x</a>": true, "<a/": true, "<a></a": true,
	} {
		var s Scanner
		for s.Reset([]byte(in)); s.Next(); {
		}
		if s.Bad() != bad || s.Next() {
			t.Errorf("%q: bad = %v, want %v", in, s.Bad(), bad)
		}
	}
}

func TestScannerNamespaces(t *testing.T) {
	const in = `<m xmlns:f='urn:f'><a/><b xmlns='urn:b'><c/><f:d xmlns:f="urn:g"/><f:e/><e xmlns=''/></b><g/><u:v/></m>`
	want := map[string]string{"m": "-", "a": "-", "b": "urn:b", "c": "urn:b", "d": "urn:g", "e": "urn:f|", "g": "-", "v": "-"}
	got := map[string]string{}
	var s Scanner
	for s.Reset([]byte(in)); s.Next(); {
		if s.Kind != Start {
			continue
		}
		ns := "-"
		if b := s.NS(); b != nil {
			ns = string(b)
		}
		if local := string(s.Local()); got[local] == "" {
			got[local] = ns
		} else {
			got[local] += "|" + ns
		}
		if s.Is("urn:b", "c") != (string(s.Name) == "c") || s.Is("", "a") != (string(s.Name) == "a") || s.Is("", "v") {
			t.Errorf("Is wrong on <%s>", s.Name)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// Any number of declarations costs no memory; what is too much stays unknown.
func TestScannerManyNamespaces(t *testing.T) {
	in := strings.Repeat("<a xmlns='urn:x'>", 50) + "<b xmlns='urn:y'/>" + strings.Repeat("</a>", 50) + "<c xmlns='urn:z'/>"
	var s Scanner
	for s.Reset([]byte(in)); s.Next(); {
		if s.Is("urn:y", "b") {
			t.Error("followed more declarations than there is room for")
		}
		if s.Kind == Start && string(s.Name) == "c" && !s.Is("urn:z", "c") {
			t.Error("did not recover")
		}
	}
	s.Reset([]byte(in))
	s.Next()
	if b, ok := s.Cut(nil); ok || b != nil {
		t.Error("cut among more declarations than there is room for")
	}
}

func TestScannerAttr(t *testing.T) {
	var s Scanner
	s.Reset([]byte(`<a x = "1" f:x='2' y='' z='a"b' xy='3'/>`))
	s.Next()
	for name, want := range map[string]string{"x": "1", "f:x": "2", "y": "", "z": `a"b`, "xy": "3"} {
		if got := s.Attr(name); got == nil || string(got) != want {
			t.Errorf("Attr(%q) = %q, want %q", name, got, want)
		}
	}
	if s.Attr("q") != nil || s.Next() && s.Attr("x") != nil {
		t.Error("attributes from nowhere")
	}
}

func TestElementSkipAndValue(t *testing.T) {
	in := []byte(`<a><b>x<c>no</c>&amp;<![CDATA[&amp;]]></b></a><d/>`)
	var s Scanner
	s.Reset(in)
	s.Next()
	s.Next()
	if got := string(s.AppendValue([]byte("="))); got != "=x&&amp;" || string(s.Name) != "b" || s.Kind != End {
		t.Errorf("value = %q at %s", got, s.Name)
	}
	s.Reset(in)
	s.Next()
	s.Next()
	if got := string(s.Element()); got != "<b>x<c>no</c>&amp;<![CDATA[&amp;]]></b>" {
		t.Errorf("element = %q", got)
	}
	s.Reset(in)
	if s.Skip() {
		t.Error("skipped from nowhere")
	}
	s.Next()
	if !s.Skip() || !s.Next() || string(s.Name) != "d" || string(s.Element()) != "<d/>" {
		t.Errorf("after the skip: %s", s.Name)
	}
	s.Reset(in[:10])
	s.Next()
	if e := s.Element(); e != nil || !s.Bad() {
		t.Errorf("half an element = %q", e)
	}
}

func TestCut(t *testing.T) {
	for in, want := range map[string]string{
		`<m><x a='1'>t</x></m>`:                                       `<x a='1'>t</x>`,
		`<m xmlns='urn:m'><x/></m>`:                                   `<x xmlns='urn:m'/>`,
		`<m xmlns='urn:m'><x xmlns='urn:x'><y/></x></m>`:              `<x xmlns='urn:x'><y/></x>`,
		`<m xmlns:p='urn:p'><x/></m>`:                                 `<x/>`,
		`<m xmlns:p='urn:p' xmlns:q='urn:q'><x><p:y q:a=''/></x></m>`: `<x xmlns:p='urn:p' xmlns:q='urn:q'><p:y q:a=''/></x>`,
		`<m xmlns:p='urn:p'><p:x/></m>`:                               `<p:x xmlns:p='urn:p'/>`,
		`<m xmlns:p='urn:p'><x xmlns:p='urn:q'><p:y/></x></m>`:        `<x xmlns:p='urn:q'><p:y/></x>`,
		`<m xmlns:p='urn:p'><x><y xmlns:p='urn:q'/><p:z/></x></m>`:    `<x xmlns:p='urn:p'><y xmlns:p='urn:q'/><p:z/></x>`,
		`<m xmlns:p="it's"><p:x/></m>`:                                `<p:x xmlns:p='it&apos;s'/>`,
		`<m><x xml:lang='de' xmlns:u='urn:u' u:v='w'/></m>`:           `<x xml:lang='de' xmlns:u='urn:u' u:v='w'/>`,
		`<m><stream:error/></m>`:                                      "refused",
		`<m><x u:v='w'/></m>`:                                         "refused",
		`<m><x><y></x></m>`:                                           "refused",
		`<m><x`:                                                       "refused",
		`<m><x><![CDATA[</x>]]></x></m>`:                              `<x><![CDATA[</x>]]></x>`,
	} {
		var s Scanner
		s.Reset([]byte(in))
		s.Next()
		s.Next()
		got, ok := s.Cut([]byte("="))
		if !ok {
			got = append(got, "refused"...)
		}
		if string(got) != "="+want {
			t.Errorf("Cut of %s\n got %s\nwant =%s", in, got, want)
		}
	}
}
