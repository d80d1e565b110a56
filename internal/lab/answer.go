package lab

import (
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
)

const (
	nsPing   = "urn:xmpp:ping"
	nsDisco  = "http://jabber.org/protocol/disco#info"
	nsRoster = "jabber:iq:roster"
	nsCaps   = "http://jabber.org/protocol/caps"
)

// answer is what the client must say to s, "" if nothing, and marks s as
// housekeeping if the client is meant to deal with it alone.
func (c *Client) answer(s *Stanza) string {
	switch {
	case s.Name == "iq" && (s.Type == "get" || s.Type == "set"):
		s.Housekeeping = true
		return c.answerIQ(s)
	case s.Name == "presence" && s.Type == "":
		s.Housekeeping = onlyCaps(s.Raw)
	case s.Name == "presence" && s.Type == "subscribe" && c.opts.Requests != Leave:
		word := "subscribed"
		if c.opts.Requests == Deny {
			word = "unsubscribed"
		}
		return "<presence from=" + Attr(c.address(s)) + " to=" + Attr(s.From) + " type='" + word + "'/>"
	}
	return ""
}

// address is who answers s: this device, or whom of the component's JIDs it
// was for.
func (c *Client) address(s *Stanza) string {
	if !strings.Contains(c.jid, "@") {
		return s.To
	}
	return c.jid
}

func (c *Client) answerIQ(s *Stanza) string {
	head := "<iq id=" + Attr(s.ID) + " from=" + Attr(c.address(s))
	if s.From != "" {
		head += " to=" + Attr(s.From)
	}
	space, node := payload(s.Raw)
	own := s.From == "" || s.From == c.Bare() || s.From == c.host
	switch {
	case space == nsPing && s.Type == "get":
		return head + " type='result'/>"
	case space == nsRoster && s.Type == "set" && own: // RFC 6121 §2.1.6
		return head + " type='result'/>"
	case space == nsDisco && s.Type == "get":
		return head + " type='result'>" + c.disco(node) + "</iq>"
	}
	return head + " type='error'><error type='cancel'>" +
		"<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
}

// disco is the client's disco#info (XEP-0030 §3.1), also for its caps node.
func (c *Client) disco(node string) string {
	var b strings.Builder
	b.WriteString("<query xmlns='" + nsDisco + "'")
	if node != "" {
		b.WriteString(" node=" + Attr(node))
	}
	b.WriteString("><identity category='client' type='bot' name='Laboratory'/>")
	for _, feature := range append([]string{nsDisco, nsPing}, c.opts.Features...) {
		b.WriteString("<feature var=" + Attr(feature) + "/>")
	}
	b.WriteString("</query>")
	return b.String()
}

// onlyCaps says whether a presence says nothing but what its sender can do
// (XEP-0115): it is meant for the user's server.
func onlyCaps(raw string) bool {
	var in frame.Scanner
	caps := 0
	for in.Reset([]byte(raw)); in.Next(); {
		if in.Kind == frame.Start && in.Depth == 2 {
			if string(in.NS()) != nsCaps {
				return false
			}
			caps++
		}
	}
	return caps > 0
}

// payload is the namespace and the node of an iq's child.
func payload(raw string) (space, node string) {
	var in frame.Scanner
	in.Reset([]byte(raw))
	for in.Next() {
		if in.Kind == frame.Start && in.Depth == 2 {
			return plain(in.NS()), plain(in.Attr("node"))
		}
	}
	return "", ""
}
