package lab

import (
	"bytes"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
)

// Stanza is one stanza as it was received, and the plain values of its outer
// attributes ("" = absent).
type Stanza struct {
	Time time.Time // when its last byte was read
	Raw  string    // byte for byte; its default namespace is jabber:client
	Name string    // `message`, `presence`, `iq`, or what else the server sent

	From, To, ID, Type string

	// Housekeeping: the client answered it by itself, it answers a Query, or
	// it says only what its sender can do.
	Housekeeping bool
}

func newStanza(raw []byte, when time.Time) Stanza {
	s := Stanza{Time: when, Raw: string(raw)}
	var head frame.Stanza
	if !frame.Parse(raw, &head) {
		return s
	}
	s.Name = string(head.Name)
	s.From, s.To = plain(head.From), plain(head.To)
	s.ID, s.Type = plain(head.ID), plain(head.Type)
	return s
}

func plain(raw []byte) string {
	if bytes.IndexByte(raw, '&') < 0 {
		return string(raw)
	}
	return string(frame.Unescape(nil, raw))
}

// Attr quotes s as an attribute value, quotes included, for XML built from
// text.
func Attr(s string) string {
	return "'" + string(frame.AppendAttr(nil, s)) + "'"
}

// Text escapes s as character data.
func Text(s string) string { return string(frame.AppendText(nil, s)) }
