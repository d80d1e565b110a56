package bind

import (
	"context"
	"encoding/xml"
	"errors"
	"io"

	"mellium.im/xmlstream"
	"mellium.im/xmpp"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"
)

const ns = "urn:ietf:params:xml:ns:xmpp-bind"

// ErrRefused: the server bound none.
var ErrRefused = errors.New("bind resource: refused")

// Resource binds the resource of that name; "" lets the server choose. The
// session gets the address that was bound, and full, unless it is nil, the same
// as the server wrote it.
func Resource(resource string, full *string) xmpp.StreamFeature {
	name := xml.Name{Space: ns, Local: "bind"}
	return xmpp.StreamFeature{
		Name: name, Necessary: xmpp.Authn, Prohibited: xmpp.Ready,
		Parse: func(_ context.Context, d *xml.Decoder, start *xml.StartElement) (bool, any, error) {
			return true, nil, d.Skip()
		},
		Negotiate: func(_ context.Context, s *xmpp.Session, _ any) (xmpp.SessionState, io.ReadWriter, error) {
			w := s.TokenWriter()
			defer w.Close()
			r := s.TokenReader()
			defer r.Close()
			payload := xmlstream.Wrap(nil, xml.StartElement{Name: name})
			if resource != "" {
				text := xmlstream.Token(xml.CharData(resource))
				payload = xmlstream.Wrap(xmlstream.Wrap(text, xml.StartElement{Name: xml.Name{Local: "resource"}}),
					xml.StartElement{Name: name})
			}
			iq := stanza.IQ{ID: "bind", Type: stanza.SetIQ}
			if _, err := xmlstream.Copy(w, iq.Wrap(payload)); err != nil {
				return 0, nil, err
			}
			if err := w.Flush(); err != nil {
				return 0, nil, err
			}
			var answer struct {
				Type string `xml:"type,attr"`
				JID  string `xml:"bind>jid"`
			}
			if err := xml.NewTokenDecoder(r).Decode(&answer); err != nil {
				return 0, nil, err
			}
			if answer.Type != "result" {
				return 0, nil, ErrRefused
			}
			if full != nil {
				*full = answer.JID
			}
			// Servers allow addresses that mellium refuses: the session then
			// goes by the one that was asked for.
			if j, err := jid.Parse(answer.JID); err == nil {
				s.UpdateAddr(j)
			}
			return xmpp.Ready, nil, nil
		},
	}
}
