package component

import (
	"bytes"
	"context"
	"encoding/xml"
	"runtime"

	"mellium.im/xmpp/version"
	"mellium.im/xmpp/xtime"

	"github.com/rollcall-xmpp/rollcall/internal/audit"
	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/pubsub"
)

// onIQ takes a request: get or set. Results are the link's; what is neither
// has no right to an answer (RFC 6120 §8.2.3).
func (s *Service) onIQ(st *frame.Stanza) {
	if t := string(st.Type); t != "get" && t != "set" {
		return
	}
	q := &pubsub.Request{Set: string(st.Type) == "set", From: plain(st.From), To: plain(st.To), Group: string(local(st.To)),
		ID: plain(st.ID), Lang: plain(st.Lang)}
	if !payload(st, q) {
		s.refuse(st, pubsub.BadRequest)
		return
	}
	if h := s.handler(q); h != nil {
		ok := s.workers.request(q.Group, len(st.Raw), func(ctx context.Context) {
			s.handle(audit.By(ctx, q.Bare()), h, q)
			if g := s.Roster.Loaded([]byte(q.Group)); g != nil { // after the answer: a stranger waits for nothing that is here
				s.herald.seen(g, q.From)
				s.attend.hasten(g)
			}
		})
		if !ok {
			s.refuse(st, pubsub.Busy)
		}
		return
	}
	if q.Set || q.Group != "" && !s.known(q) {
		s.refuse(st, pubsub.Unavailable)
		return
	}
	s.standard(st, q)
}

// handler appends the answer to a request, or nothing when the answer will
// come in the group's turn.
type handler func(ctx context.Context, b []byte, q *pubsub.Request) []byte

// handler is who answers q when it is a worker's turn; nil: the reader itself.
func (s *Service) handler(q *pubsub.Request) handler {
	switch {
	case s.pubsub.HandlesCommand(q):
		return s.pubsub.Handle
	case s.commands.Handles(q): // some discovery is about commands
		return s.commands.Handle
	case s.pubsub.Handles(q.Space):
		return s.pubsub.Handle
	}
	return nil
}

// A picture makes an answer large, and asking for it costs next to nothing: so
// many bytes of the control lane may wait before the next one, and no more.
const (
	large    = 16 << 10
	maxLarge = 256 << 10

	// maxAnswer bounds an answer. Servers end the stream of a component that
	// says more at once: ejabberd with 256 KiB, Prosody with 512.
	maxAnswer = 192 << 10
)

// fits makes an error of an answer that the server would not take.
func fits(b []byte, q *pubsub.Request) []byte {
	if len(b) > maxAnswer {
		return pubsub.AppendError(nil, q.To, q.From, q.ID, pubsub.TooLarge)
	}
	return b
}

// handle answers a request, whatever happens: a panic is the worker's to log,
// but whoever asked must not wait for ever.
func (s *Service) handle(ctx context.Context, h handler, q *pubsub.Request) {
	b := s.pubsub.Fail(nil, q)
	defer func() {
		b = fits(b, q)
		if len(b) > large && s.Link.Out.Stats().Control > maxLarge {
			b = pubsub.AppendError(nil, q.To, q.From, q.ID, pubsub.Busy)
		}
		if len(b) > 0 {
			s.Link.Out.Control(func(out []byte) []byte { return append(out, b...) })
		}
	}()
	b = h(ctx, nil, q)
}

// known says whether the group asked is one that the requester may know of.
// Only groups in memory count: all of them are, once a sweep has passed.
func (s *Service) known(q *pubsub.Request) bool {
	g := s.Roster.Loaded([]byte(q.Group))
	if g == nil {
		return false
	}
	_, err := g.Describe(q.Bare())
	return err == nil
}

// standard answers what every entity is asked: XEP-0199, XEP-0092, XEP-0202.
func (s *Service) standard(st *frame.Stanza, q *pubsub.Request) {
	var v any
	switch {
	case q.Space == pubsub.NSPing && q.Local == "ping":
	case q.Space == version.NS:
		v = version.Query{Name: "Rollcall", Version: s.cfg.Version, OS: runtime.GOOS}
	case q.Space == xtime.NS:
		v = xtime.Time{Time: s.cfg.Now()}
	default:
		s.refuse(st, pubsub.Unavailable)
		return
	}
	var b bytes.Buffer
	if v != nil {
		if err := xml.NewEncoder(&b).Encode(v); err != nil {
			s.log.Error("encode answer", "error", err)
			s.refuse(st, pubsub.Unavailable)
			return
		}
	}
	s.Link.Out.Control(func(out []byte) []byte {
		out = pubsub.AppendIQ(out, "result", plain(st.To), q.From, q.ID)
		return append(append(out, b.Bytes()...), "</iq>"...)
	})
}

func (s *Service) refuse(st *frame.Stanza, e pubsub.Error) {
	s.Link.Out.Control(func(b []byte) []byte {
		return pubsub.AppendError(b, plain(st.To), plain(st.From), plain(st.ID), e)
	})
}

// payload finds the one child element of a request (RFC 6120 §8.2.3) and cuts
// it out so that it stands alone.
func payload(st *frame.Stanza, q *pubsub.Request) bool {
	var in frame.Scanner
	found := false
	for in.Reset(st.Raw); in.Next(); {
		if in.Kind != frame.Start || in.Depth != 2 {
			continue
		}
		if found {
			return false
		}
		found = true
		q.Space, q.Local = plain(in.NS()), string(in.Local())
		var ok bool
		if q.Payload, ok = in.Cut(nil); !ok {
			return false
		}
	}
	return found && !in.Bad()
}
