package component

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
)

// hostile returns name and stanza of every line of testdata/hostile.tsv, as
// the server passes it on.
func hostile(t testing.TB) (cases [][2]string) {
	t.Helper()
	b, err := os.ReadFile("testdata/hostile.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if strings.HasPrefix(line, "#") || len(f) != 3 {
			continue
		}
		name, rest, _ := strings.Cut(expand(t, f[2]), " ")
		cases = append(cases, [2]string{f[0], name + " from='alice@example.org/" + expand(t, f[1]) + "' xml:lang='en' " + rest})
	}
	if len(cases) < 30 {
		t.Fatalf("only %d hostile stanzas", len(cases))
	}
	return cases
}

// expand resolves \uXXXX, \UXXXXXXXX and the two names.
func expand(t testing.TB, s string) string {
	t.Helper()
	var b strings.Builder
	for len(s) > 0 {
		n := 0
		if strings.HasPrefix(s, `\u`) {
			n = 4
		} else if strings.HasPrefix(s, `\U`) {
			n = 8
		}
		if n == 0 {
			b.WriteByte(s[0])
			s = s[1:]
			continue
		}
		r, err := strconv.ParseUint(s[2:2+n], 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteRune(rune(r))
		s = s[2+n:]
	}
	return strings.NewReplacer("GROUP", "team@"+testDomain, "DOMAIN", testDomain).Replace(b.String())
}

// worse returns more of them, which a test server can send and a user cannot
// always.
func worse() [][2]string {
	const from = " from='alice@example.org/r' to='team@" + testDomain + "'"
	nested := strings.Repeat("<a>", 99) + strings.Repeat("</a>", 99)
	return [][2]string{
		{"bounce for a malformed JID", "<message type='error' from='a@b@c/' to='team@" + testDomain + "'><body/></message>"},
		{"forged end of stream as text", "<message" + from + "><body>&lt;/stream:stream></body></message>"},
		{"cdata end of stream", "<message" + from + "><![CDATA[</stream:stream>]]></message>"},
		{"quoted end of stream", "<message" + from + " x='</stream:stream>'/>"},
		{"forged marker answer", "<iq type='result'" + from + " id='1'/>"},
		{"many children", "<presence" + from + ">" + strings.Repeat("<c xmlns='http://jabber.org/protocol/caps' hash='x'/>", 4000) + "</presence>"},
		{"many attributes", "<presence" + from + attrs(4000) + "/>"},
		{"many namespaces", "<presence" + from + strings.Repeat(" xmlns:a='b'", 400) + "/>"},
		{"as deep as allowed", "<message" + from + ">" + nested + "</message>"},
		{"no addresses", "<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>"},
		{"iq without a type", "<iq id='1'" + from + "/>"},
		{"handshake again", "<handshake/>"},
		{"features", "<stream:features/>"},
		{"a stanza of no kind", "<foo" + from + "/>"},
		{"error in another namespace", "<error" + from + " xmlns='http://etherx.jabber.org/streams'/>"},
		{"panicking handler", "<message" + from + "><panic xmlns='urn:test'/></message>"},
	}
}

func attrs(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " a%d=''", i)
	}
	return b.String()
}

// No stanza ends the stream: after each, the same connection answers a ping.
func TestHostileStanzas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		_, h, stop := start(t, s.config())
		p := s.accept(t, "")
		for i, c := range append(hostile(t), worse()...) {
			p.send(c[1])
			id := "fence" + strconv.Itoa(i)
			p.send(pingFrom(id))
			for got := p.next(); got != pongTo(id); got = p.next() {
				if got == "" {
					t.Fatalf("%s ended the stream: %v", c[0], h.ends)
				}
				if !strings.Contains(got, " id='") || strings.Contains(got, "fence") {
					t.Errorf("%s was answered by %s", c[0], got)
				}
			}
		}
		p.conn.Close()
		p = s.accept(t, "")
		if s.dialed.Load() != 2 {
			t.Errorf("dialled %d times", s.dialed.Load())
		}
		p.leave(stop)
	})
}

// What is over the limits costs that stanza; who asked is answered.
func TestRefusedStanzas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		cfg := s.config()
		cfg.MaxStanza, cfg.MaxDepth = 10_000, 10
		_, h, stop := start(t, cfg)
		p := s.accept(t, "")
		const from = " from='alice@example.org/r' to='team@" + testDomain + "'"
		big := "<x>" + strings.Repeat("y", 100_000) + "</x>"
		deep := strings.Repeat("<x>", 200) + strings.Repeat("</x>", 200)
		refusal := "<iq type='error' from='team@" + testDomain + "' to='alice@example.org/r' id='q&quot;'><error type='modify'>" +
			"<policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
		for i, c := range []struct{ stanza, answer string }{
			{"<message id='m'" + from + ">" + big + "</message>", ""},
			{"<iq type='set' id='q\"'" + from + ">" + big + "</iq>", refusal},
			{"<iq type='get' id='q\"'" + from + ">" + deep + "</iq>", refusal},
			{"<iq type='result' id='r'" + from + ">" + deep + "</iq>", ""},
			{"<iq type='get' id='e' from='alice@example.org/r' to='team@elsewhere.example.org'>" + deep + "</iq>", ""},
			{"<iq type='get' id='f' to='team@" + testDomain + "'>" + deep + "</iq>", ""},
			{"<presence" + attrs(100_000) + "/>", ""},
		} {
			p.send(c.stanza)
			if c.answer != "" {
				p.expect(c.answer)
			}
			p.ping(strconv.Itoa(i))
		}
		want := "[message m: B iq q\": B iq q\": D iq r: D iq e: D iq f: D  : B]"
		want = strings.NewReplacer("B", "frame: stanza too big", "D", "frame: stanza too deep").Replace(want)
		if got := fmt.Sprint(h.refused); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		p.leave(stop)
	})
}

// A panic costs its stanza, is logged without the stanza, and an iq is answered.
func TestPanickingHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := newServer()
		cfg := s.config()
		cfg.Log = logTo(&log)
		l, _, stop := start(t, cfg)
		p := s.accept(t, "")
		p.send("<iq type='set' id='1' from='a@example.org/r' to='team@" + testDomain + "'><panic xmlns='urn:test'>private</panic></iq>")
		p.expect("<iq type='error' from='team@" + testDomain + "' to='a@example.org/r' id='1'><error type='cancel'>" +
			"<internal-server-error xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>")
		l.Out.Ready(turnFunc(func(b []byte, _ int) ([]byte, bool) { panic("in a turn") }).bulk())
		p.ping("2")
		if got := l.Out.Stats().Panics; got != 1 {
			t.Errorf("%d panics counted", got)
		}
		p.leave(stop)
		if s := log.String(); strings.Contains(s, "private") || !strings.Contains(s, "panicked") {
			t.Errorf("log: %s", s)
		}
	})
}
