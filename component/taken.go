package component

import (
	"bytes"
	"slices"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// onPeer takes a message of a peer's: what it says of those whom the group that
// it speaks to has asked for. False: it is about nothing that we asked for.
func (s *Service) onPeer(st *frame.Stanza) bool {
	p := s.cfg.Peers.at(st.From)
	if p == nil {
		return false
	}
	x := s.takings
	x.mu.Lock()
	defer x.mu.Unlock()
	t := x.of[takingKey{p.Address, string(local(st.To))}]
	if t == nil || bytes.IndexByte(st.To, '/') >= 0 {
		return false
	}
	if !t.asked {
		return true
	}
	at := x.state(t.peer)
	at.events++
	at.heard, at.away = s.cfg.Now(), time.Time{}
	x.event(t, st)
	return true
}

// event reads an event. mu is held.
func (x *takings) event(t *taking, st *frame.Stanza) {
	s, in := x.s, &frame.Scanner{}
	about, from, to, full, last := false, "", "", false, true
	for in.Reset(st.Raw); in.Next(); { // the state says what the items mean
		if in.Kind != frame.Start {
			continue
		}
		switch {
		case in.Depth == 2 && in.Is(pubsub.NS, "state"):
			from, to, full = plain(in.Attr("from")), plain(in.Attr("to")), string(in.Attr("full")) == "true"
			part, parts, many := bytes.Cut(in.Attr("part"), []byte("/"))
			last = !many || bytes.Equal(part, parts)
		case in.Depth == 3 && in.Is(pubsub.NSEvent, "items"):
			about = plain(in.Attr("node")) == pubsub.NS+"#presence"
		case in.Depth == 3 && in.Is(pubsub.NSEvent, "subscription") && string(in.Attr("subscription")) == "none":
			x.lose(t)
			return
		}
	}
	if !about || in.Bad() {
		return
	}
	if to != "" && !full && from != t.token && t.up {
		x.ask(t) // there is a gap
	}
	if full && t.seen == nil {
		t.seen = map[string]struct{}{}
	}
	s.peerItems(t, st)
	if t.token = to; !full {
		t.up = t.up || to == ""
		return
	}
	if !last {
		return
	}
	var unsaid []string
	for _, jid := range t.wanted {
		if _, said := t.seen[jid]; !said {
			unsaid = append(unsaid, jid)
		}
	}
	x.s.unknown(t.g, unsaid...)
	t.up, t.seen = true, nil
	t.release()
}

// peerItems takes in the items of an event, of those who were asked for.
func (s *Service) peerItems(t *taking, st *frame.Stanza) {
	var in frame.Scanner
	for in.Reset(st.Raw); in.Next(); {
		if in.Kind != frame.Start || in.Depth != 4 {
			continue
		}
		jid := plain(in.Attr("id"))
		if _, known := slices.BinarySearch(t.wanted, jid); !known {
			in.Skip()
			continue
		}
		if t.seen != nil {
			t.seen[jid] = struct{}{}
		}
		if string(in.Local()) != "item" { // retracted: he lets the peer tell us no more
			s.unknown(t.g, jid)
			continue
		}
		s.peerItem(t, jid, &in)
	}
}

// unknown takes in that nobody tells us of members any more, nor of what waits
// to be heard of them.
func (s *Service) unknown(g *roster.Group, jids ...string) {
	for _, jid := range jids {
		s.pace.forget(g, jid, peerDevice)
	}
	g.Unknown(jids...)
}
