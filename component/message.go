package component

import (
	"context"
	"strings"

	"github.com/rollcall-xmpp/rollcall/component/command"
	"github.com/rollcall-xmpp/rollcall/internal/audit"
	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/internal/leak"
	"github.com/rollcall-xmpp/rollcall/pubsub"
)

// onMessage takes a message: what came back, or what somebody says to a group
// or to the service.
func (s *Service) onMessage(st *frame.Stanza) {
	if string(st.From) == s.Link.cfg.ServerHost && s.onPrivilege(st) {
		return
	}
	switch string(st.Type) {
	case "error":
		s.bounced(st)
	case "headline":
		s.onEvent(st)
	case "groupchat":
		s.Link.Out.Control(func(b []byte) []byte { return appendUnheard(b, st) })
	default: // RFC 6121 §5.2.2: an unknown type is normal
		if !s.heardOf(st) {
			s.chat(st)
		}
	}
}

// appendUnheard appends the answer to a message that nobody is there to hear.
// It is the same for a name that is not used.
func appendUnheard(b []byte, st *frame.Stanza) []byte {
	return appendError(b, st, "cancel", "service-unavailable")
}

// chat puts a message to the group's worker. To whom the group is not there
// his message comes back.
func (s *Service) chat(st *frame.Stanza) {
	m := s.message(st)
	if leak.Face == "message" && s.Roster.Loaded([]byte(m.Group)) != nil {
		return
	}
	unheard := appendUnheard(nil, st)
	ok := s.workers.request(m.Group, len(st.Raw), func(ctx context.Context) {
		bare, _, _ := strings.Cut(m.From, "/")
		b, err := s.commands.Chat(audit.By(ctx, bare), nil, m)
		if err != nil || len(b) > maxAnswer {
			b = unheard
		}
		if len(b) > 0 {
			s.Link.Out.Control(func(out []byte) []byte { return append(out, b...) })
		}
	})
	if !ok {
		s.Link.Out.Control(func(b []byte) []byte { return appendError(b, st, "wait", "resource-constraint") })
	}
}

const (
	nsDelay = "urn:xmpp:delay"
	nsEME   = "urn:xmpp:eme:0"

	maxThread = 1024 // bytes
)

// message copies what a worker needs of the stanza.
func (s *Service) message(st *frame.Stanza) *command.Message {
	m := &command.Message{From: plain(st.From), To: plain(st.To), Group: string(local(st.To)), Lang: plain(st.Lang)}
	s.text = s.text[:0]
	in := &s.scan
	for in.Reset(st.Inner); in.Next(); {
		if in.Kind != frame.Start || in.Depth != 1 {
			continue
		}
		switch {
		case in.Is("", "body") && m.Body == "":
			m.Body = string(s.value(in))
		case in.Is("", "thread"):
			if v := s.value(in); len(v) <= maxThread {
				m.Thread = string(v)
			}
		case in.Is(nsDelay, "delay"):
			m.Delayed = true
			in.Skip()
		case in.Is(pubsub.NS, "tell"):
			m.Told = true
			in.Skip()
		case in.Is(nsEME, "encryption"):
			m.Encrypted = true
			in.Skip()
		default:
			in.Skip()
		}
	}
	return m
}
