package component

import (
	"bytes"
	"log/slog"
	"runtime/debug"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
)

const (
	nsStreamErrors = "urn:ietf:params:xml:ns:xmpp-streams"
	nsStanzas      = "urn:ietf:params:xml:ns:xmpp-stanzas"
)

// dispatch gives a frame to whom it is for. An error ends the stream; only
// the server itself can cause one: what users send is inside a stanza.
func (l *Link) dispatch(h Handler, s *frame.Stanza) error {
	switch string(s.Name) {
	case "iq":
		if l.answer(s) {
			return nil
		}
	case "message", "presence":
	case "stream:error":
		return streamError(s)
	default:
		return nil
	}
	l.contain(s, func() { h.Stanza(s) })
	return nil
}

// answer takes iqs that are not for the handler: results and errors, which
// nobody may answer, and markers that come back.
func (l *Link) answer(s *frame.Stanza) bool {
	ours := string(s.From) == l.cfg.ServerHost && string(s.To) == l.cfg.Domain
	if string(s.To) == l.cfg.Domain && l.Out.ack(s.From, s.ID) {
		return true
	}
	if t := string(s.Type); t != "result" && t != "error" {
		return false
	}
	if done := l.pending.take(s); done != nil {
		l.contain(s, func() { done(s, nil) })
	} else if l.answered != nil && l.answered(s) {
		return true
	} else if ours && !l.twin && l.Out.strange(s.ID) {
		l.twin = true
		l.cfg.Log.Error("ANOTHER COMPONENT IS ATTACHED WITH OUR DOMAIN, and each of us gets a part of what is for both: stop one of them")
	}
	return true
}

// contain runs f for stanza s. A panic costs that stanza.
func (l *Link) contain(s *frame.Stanza, f func()) {
	defer func() {
		if r := recover(); r != nil {
			l.cfg.Log.Error("stanza handler panicked", slog.String("kind", string(s.Name)),
				slog.Any("panic", r), slog.String("stack", string(debug.Stack())))
			l.cfg.Log.Debug("stanza that made it panic", slog.String("stanza", string(s.Raw)))
			l.reject(s, "cancel", "internal-server-error")
		}
	}()
	f()
}

// refuse deals with a frame over the limits: whoever waits for an answer, the
// sender or we, has it now.
func (l *Link) refuse(h Handler, s *frame.Stanza, refused *frame.RefusedError) {
	if !frame.Parse(refused.Head, s) {
		*s = frame.Stanza{}
	}
	l.cfg.Log.Info("stanza refused", slog.String("kind", string(s.Name)), slog.Any("reason", refused.Reason))
	if string(s.Name) == "iq" {
		if done := l.pending.take(s); done != nil {
			l.contain(s, func() { done(nil, refused) })
			return
		}
		l.reject(s, "modify", "policy-violation")
	}
	l.contain(s, func() { h.Refused(s, refused.Reason) })
}

// reject answers an iq get or set with an error, if we may: a from that is not
// of our domain, or a missing address, would end the stream.
func (l *Link) reject(s *frame.Stanza, typ, condition string) {
	if t := string(s.Type); string(s.Name) != "iq" || t != "get" && t != "set" {
		return
	}
	if len(s.From) == 0 || string(domainOf(s.To)) != l.cfg.Domain {
		return
	}
	l.Out.Control(func(b []byte) []byte { return appendError(b, s, typ, condition) })
}

// appendError appends the error of type typ ("modify", "cancel"…) and
// condition that answers stanza s (RFC 6120 §8.3).
func appendError(b []byte, s *frame.Stanza, typ, condition string) []byte {
	b = append(append(b, '<'), s.Name...)
	b = append(b, " type='error' from='"...)
	b = frame.AppendRaw(b, s.To)
	b = frame.AppendRaw(append(b, "' to='"...), s.From)
	if s.ID != nil {
		b = frame.AppendRaw(append(b, "' id='"...), s.ID)
	}
	b = append(append(b, "'><error type='"...), typ...)
	b = append(append(b, "'><"...), condition...)
	b = append(b, " xmlns='"+nsStanzas+"'/></error></"...)
	return append(append(b, s.Name...), '>')
}

// domainOf returns the domainpart of an address (RFC 7622 §3.1).
func domainOf(address []byte) []byte {
	bare, _, _ := bytes.Cut(address, []byte("/"))
	if _, domain, ok := bytes.Cut(bare, []byte("@")); ok {
		return domain
	}
	return bare
}

// streamError reads what the server has to say before it hangs up.
func streamError(s *frame.Stanza) error {
	e := &StreamError{Condition: "undefined-condition"}
	var in frame.Scanner
	for in.Reset(s.Inner); in.Next(); {
		if in.Kind != frame.Start || in.Depth != 1 || string(in.NS()) != nsStreamErrors {
			continue
		}
		if string(in.Local()) == "text" {
			e.Text = string(in.AppendValue(nil))
		} else {
			e.Condition = string(in.Local())
		}
	}
	return e
}
