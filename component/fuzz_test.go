package component

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
)

// canned is a connection that says what it was given and then closes.
type canned struct {
	net.Conn
	io.Reader
}

func (c canned) Read(b []byte) (int, error) { return c.Reader.Read(b) }

// FuzzLink lets a server say anything. The read loop ends with an error, not a
// panic, and all that we answer are whole stanzas of our own.
func FuzzLink(f *testing.F) {
	var all []byte
	for _, c := range append(hostile(f), worse()...) {
		if len(c[1]) < 2000 {
			f.Add([]byte(c[1]))
			all = append(all, c[1]...)
		}
	}
	f.Add(all)
	f.Add([]byte(pingFrom("1") + "<stream:error><conflict" + inStreams + "/></stream:error>"))
	f.Fuzz(func(t *testing.T, in []byte) {
		cfg := newServer().config()
		cfg.MaxStanza, cfg.MaxDepth = 500, 8
		l := NewLink(cfg)
		l.Out.attach()
		l.Request("get", asker, "a@example.org", nil, 1<<40, func(*frame.Stanza, error) {})
		l.Out.control = l.Out.control[:0]
		if err := l.read(canned{Reader: bytes.NewReader(in)}, &life{link: l}); err == nil {
			t.Error("read ended without a reason")
		}
		l.pending.fail(ErrDown)
		if standard(in) {
			checkOwn(t, l.Out.control)
		}
	})
}

// standard reports whether in is what a server may send: well-formed.
func standard(in []byte) bool {
	d := xml.NewDecoder(bytes.NewReader(in))
	for {
		if _, err := d.Token(); err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}

func checkOwn(t *testing.T, out []byte) {
	d := xml.NewDecoder(bytes.NewReader(out))
	depth := 0
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("answered %q: %v", out, err)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if depth++; depth > 1 {
				continue
			}
			var to string
			for _, a := range tok.Attr {
				if a.Name.Local == "to" {
					to = a.Value
				}
			}
			if tok.Name.Local != "iq" {
				t.Errorf("answered with %v to %q: %s", tok.Name, to, out)
			}
		case xml.EndElement:
			depth--
		}
	}
}
