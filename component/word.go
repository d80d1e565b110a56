package component

import (
	"context"
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/audit"
	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/pubsub"
)

// heardOf takes a message that is no chat: a receipt for an event
// (XEP-0184), or an admin's answer to a request (XEP-0060 §8.6). False: it is
// neither.
func (s *Service) heardOf(st *frame.Stanza) bool {
	if string(st.Type) == "groupchat" || string(st.Type) == "error" {
		return false
	}
	in := &s.scan
	for in.Reset(st.Inner); in.Next(); {
		if in.Kind != frame.Start || in.Depth != 1 {
			continue
		}
		switch {
		case in.Is(pubsub.NSReceipts, "received"):
			if id := in.Attr("id"); len(id) > 0 && len(id) <= maxReceipt {
				s.received(st, string(id))
			}
			return true
		case in.Is(nsData, "x"):
			if typ := string(in.Attr("type")); typ != "submit" && typ != "cancel" {
				return false
			}
			payload, ok := in.Cut(nil)
			return ok && s.approval(st, payload)
		}
		in.Skip()
	}
	return false
}

const (
	nsData     = "jabber:x:data"
	maxReceipt = 64 // bytes of an event's id
)

func (s *Service) received(st *frame.Stanza, id string) {
	if g := s.Roster.Loaded(local(st.To)); g != nil {
		bare, _ := split(st.From)
		g.Received(string(bare), id)
	}
}

// approval puts an admin's answer to the group's worker. To whom the group is
// not there, or has no power in it, his message comes back.
func (s *Service) approval(st *frame.Stanza, payload []byte) bool {
	if !strings.Contains(string(payload), "#subscribe_authorization") {
		return false
	}
	group, from, unheard := string(local(st.To)), plain(st.From), appendUnheard(nil, st)
	return s.workers.request(group, len(st.Raw), func(ctx context.Context) {
		bare, _, _ := strings.Cut(from, "/")
		if _, err := s.pubsub.Approve(audit.By(ctx, bare), group, from, payload); err != nil {
			s.Link.Out.Control(func(b []byte) []byte { return append(b, unheard...) })
		}
	})
}
