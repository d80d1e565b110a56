package interchange_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/interchange"
)

// Whatever payload a group sends, it is refused, or all documents made of it
// are well-formed.
func FuzzRead(f *testing.F) {
	f.Add([]byte(payload))
	f.Add([]byte("<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:tmp:group-presence:0#group'/></pubsub>"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		g, err := interchange.Read("team@groups.example.org", payload)
		if err != nil {
			return
		}
		for _, m := range g.Members {
			doc, err := interchange.PIDF(m)
			if err != nil {
				t.Fatal(err)
			}
			wellFormed(t, doc)
		}
		if err := g.Multipart(io.Discard); err != nil {
			t.Fatal(err)
		}
	})
}

func wellFormed(t *testing.T, doc []byte) {
	t.Helper()
	for d := xml.NewDecoder(bytes.NewReader(doc)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, doc)
		}
	}
}
