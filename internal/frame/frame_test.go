package frame

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

// 411 bytes, as a client's presence with caps, avatar and idle looks.
const presence = `<presence from='alice@example.org/phone' to='team@groups.example.org' xml:lang='en' id='a1b2c3'>` +
	`<show>away</show><status>On the train</status><priority>5</priority>` +
	`<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='http://gajim.org' ver='XSDEfAIO2tjdsdfjsdkfj='/>` +
	`<x xmlns='vcard-temp:x:update'><photo>aaaabbbbccccdddd</photo></x>` +
	`<idle xmlns='urn:xmpp:idle:1' since='2026-01-01T12:00:00Z'/></presence>`

func TestParse(t *testing.T) {
	show := func(s Stanza, ok bool) string {
		if !ok {
			return "malformed"
		}
		var b strings.Builder
		for _, f := range [][]byte{s.Name, s.To, s.From, s.ID, s.Type, s.Lang, s.Inner} {
			if f == nil {
				b.WriteString("-|")
			} else {
				b.WriteString(string(f) + "|")
			}
		}
		return b.String()
	}
	for in, want := range map[string]string{
		"<a/>":                              "a|-|-|-|-|-|-|",
		"<a></a>":                           "a|-|-|-|-|-|-|",
		"<a>x</a>":                          "a|-|-|-|-|-|x|",
		"<a>":                               "a|-|-|-|-|-|-|",
		"<iq to='x' >":                      "iq|x|-|-|-|-|-|",
		"<iq\n\tto = \"a'b\"\r id=''\n/>":   "iq|a'b|-||-|-|-|",
		"<iq from='a>b' type='get'>y</iq>":  "iq|-|a>b|-|get|-|y|",
		"<m xmlns:f='u' f:to='no' to='y'/>": "m|y|-|-|-|-|-|",
		"<m xml:lang='de'><b/></m>":         "m|-|-|-|-|de|<b/>|",
		"<stream:error><x/></stream:error>": "stream:error|-|-|-|-|-|<x/>|",
		"<m to='&amp;'/>":                   "m|&amp;|-|-|-|-|-|",
		"<m><![CDATA[</m>]]></m>":           "m|-|-|-|-|-|<![CDATA[</m>]]>|",
		"":                                  "malformed",
		"<a":                                "malformed",
		"<a to=x/>":                         "malformed",
		"<a to='x>":                         "malformed",
		"<a to>":                            "malformed",
		"<a ='x'/>":                         "malformed",
		"<a/":                               "malformed",
		"< >":                               "malformed",
		"<>x</>":                            "malformed",
		"a b":                               "malformed",
	} {
		var s Stanza
		ok := Parse([]byte(in), &s)
		if got := show(s, ok); got != want {
			t.Errorf("Parse(%q) = %s, want %s", in, got, want)
		}
	}
}

// walk runs everything there is over a frame; it must not panic.
func walk(t *testing.T, fr []byte) {
	var st Stanza
	Parse(fr, &st)
	for _, b := range [][]byte{fr, st.Inner} {
		var s Scanner
		for s.Reset(b); s.Next(); {
			s.Attr("id")
			s.NS()
			s.Is("a", "b")
			c := s
			c.Element()
			if c = s; s.Kind == Start {
				c.Cut(nil)
				c = s
				c.AppendValue(nil)
			}
		}
	}
	plain := Unescape(nil, fr)
	if len(plain) > len(fr) {
		t.Errorf("Unescape(%q) grew to %q", fr, plain)
	}
}

func TestBudgets(t *testing.T) {
	in := []byte(strings.Repeat(presence, 100))
	r := bytes.NewReader(in)
	f := NewReader(r, 1<<20, 100)
	var st Stanza
	var s Scanner
	one := []byte(presence)
	buf := make([]byte, 0, 1024)
	for name, run := range map[string]func(){
		"read and parse": func() {
			r.Seek(0, io.SeekStart)
			f.err, f.start, f.pos, f.end = nil, 0, 0, 0
			for range 100 {
				b, err := f.Next()
				if err != nil || !Parse(b, &st) {
					t.Fatal(err)
				}
			}
		},
		"scan": func() {
			for s.Reset(one); s.Next(); {
				if s.Is("http://jabber.org/protocol/caps", "c") {
					buf = Unescape(buf[:0], s.Attr("ver"))
				}
			}
		},
		"cut": func() {
			for s.Reset(one); s.Next(); {
				if s.Kind == Start && s.Depth == 2 {
					buf, _ = s.Cut(buf[:0])
				}
			}
		},
		"escape": func() {
			buf = AppendText(AppendAttr(buf[:0], "it's <b>"), "grün & blau")
		},
	} {
		if n := testing.AllocsPerRun(100, run); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

type loop struct {
	b []byte
	i int
}

func (l *loop) Read(p []byte) (int, error) {
	n := copy(p, l.b[l.i:])
	if l.i += n; l.i == len(l.b) {
		l.i = 0
	}
	return n, nil
}

func BenchmarkPresence(b *testing.B) {
	f := NewReader(&loop{b: []byte(strings.Repeat(presence, 50))}, 1<<20, 100)
	var st Stanza
	b.SetBytes(int64(len(presence)))
	b.ReportAllocs()
	for b.Loop() {
		fr, err := f.Next()
		if err != nil || !Parse(fr, &st) {
			b.Fatal(err)
		}
	}
}

func BenchmarkScan(b *testing.B) {
	var s Scanner
	one := []byte(presence)
	b.SetBytes(int64(len(presence)))
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for s.Reset(one); s.Next(); {
			if s.Is("http://jabber.org/protocol/caps", "c") && s.Attr("ver") != nil {
				n++
			}
		}
		if n != 1 {
			b.Fatal(n)
		}
	}
}

func BenchmarkAppendText(b *testing.B) {
	buf := make([]byte, 0, 256)
	for b.Loop() {
		buf = AppendText(buf[:0], "Out for lunch, back at two; ask Bo for the keys")
	}
}
