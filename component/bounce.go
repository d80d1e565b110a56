package component

import (
	"github.com/rollcall-xmpp/rollcall/internal/frame"
)

// bounced takes in that something we sent did not arrive: there is no such
// device any more, or nothing reaches it for now. While a client's stream waits
// to be resumed (XEP-0198) servers say nothing: neither Prosody 0.12 nor ejabberd
// 23.01 tell a component when it begins or ends, and answer probes as before; what
// was sent meanwhile bounces when the session is given up.
func (s *Service) bounced(st *frame.Stanza) {
	if s.copier.returned(st) {
		return
	}
	g := s.resolve(st)
	if g == nil {
		return
	}
	bare, raw := split(st.From)
	resource := plain(raw)
	if isAway(st) {
		g.Interrupted(string(bare), resource)
		return
	}
	s.herald.gone(g.Name(), bare, []byte(resource))
	g.Bounced(string(bare), resource)
}

// isAway says whether an error is about the way to somebody, who may be there
// (RFC 6120 §8.3.3): his server is not to be reached, or wants to be left alone
// for a while.
func isAway(st *frame.Stanza) bool {
	var in frame.Scanner
	wait := false
	for in.Reset(st.Raw); in.Next(); {
		switch {
		case in.Kind != frame.Start:
		case in.Depth == 2 && string(in.Local()) != "error":
			in.Skip()
		case in.Depth == 2:
			wait = string(in.Attr("type")) == "wait"
		case in.Depth == 3 && string(in.NS()) == nsStanzas:
			switch string(in.Local()) {
			case "remote-server-timeout", "remote-server-not-found":
				return true
			case "resource-constraint", "internal-server-error", "recipient-unavailable":
				return wait
			}
		}
	}
	return false
}
