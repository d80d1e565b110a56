package watch

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"iter"
	"time"

	"mellium.im/xmlstream"
	"mellium.im/xmpp"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"
)

// The pauses of Follow: the first, the longest.
const (
	firstPause   = time.Second
	longestPause = time.Minute
)

// closeTime is how long a server may take to end a stream in good order.
const closeTime = 2 * time.Second

// Watch watches a group: New(group, o).Watch(ctx, s).
func Watch(ctx context.Context, s *xmpp.Session, group jid.JID, o Options) iter.Seq2[Change, error] {
	return New(group, o).Watch(ctx, s)
}

// Watch is [Handler.Watch] with a session that nobody serves: it serves s
// itself, answers what it is asked, and closes it in the end. The last error
// wraps [ErrLost] if it was the session that ended.
func (w *Watcher) Watch(ctx context.Context, s *xmpp.Session) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		ctx, lose := context.WithCancelCause(ctx)
		h := &Handler{}
		served := make(chan struct{})
		go func() {
			defer close(served)
			err := s.Serve(server{h})
			if err == nil {
				err = errClosed
			}
			lose(fmt.Errorf("%w: %w", ErrLost, err))
		}()
		defer func() {
			lose(nil)
			// Not SetCloseDeadline, which races with Serve (mellium v0.22.0).
			cut := time.AfterFunc(closeTime, func() { _ = s.Conn().Close() })
			_ = s.Close()
			<-served
			cut.Stop()
			_ = s.Conn().Close()
		}()
		for c, err := range h.Watch(ctx, s, w) {
			if !yield(c, err) {
				return
			}
		}
	}
}

var errClosed = errors.New("closed by the server")

// Follow is Watch over one session after the other: when one ends, it yields
// [Lost], dials the next after a growing pause, asks for what was missed and
// yields [Synced] again. That the first dial fails is an error, and ends it; so
// does whatever else ends a Watch.
func (w *Watcher) Follow(ctx context.Context, dial func(context.Context) (*xmpp.Session, error)) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		wait := firstPause
		for first := true; ; first = false {
			s, err := dial(ctx)
			if err != nil && (first || ctx.Err() != nil) {
				yield(Change{}, err)
				return
			}
			if err == nil {
				goOn, synced := w.follow(ctx, s, yield)
				if !goOn {
					return
				}
				if synced {
					wait = firstPause
				}
			}
			pause(ctx, wait)
			wait = min(2*wait, longestPause)
		}
	}
}

// follow watches over one session. It says whether there shall be another, and
// whether this one came to something.
func (w *Watcher) follow(ctx context.Context, s *xmpp.Session, yield func(Change, error) bool) (goOn, synced bool) {
	for c, err := range w.Watch(ctx, s) {
		if errors.Is(err, ErrLost) && ctx.Err() == nil {
			return yield(Change{Kind: Lost, Err: err}, nil), synced
		}
		synced = synced || c.Kind == Synced && err == nil
		if !yield(c, err) || err != nil {
			return false, synced
		}
	}
	return false, synced
}

// server is the handler of a session that is only there to watch. It never
// fails and never parses an address of a stranger, which would end the session.
type server struct{ h *Handler }

// HandleXMPP implements [xmpp.Handler].
func (s server) HandleXMPP(t xmlstream.TokenReadEncoder, start *xml.StartElement) error {
	switch start.Name.Local {
	case "message":
		s.h.take(t, start)
	case "iq":
		return answer(t, start)
	}
	return nil
}

// answer is what any entity has to say to a request: a ping is answered
// (XEP-0199), everything else is not served (RFC 6120 §8.4).
func answer(t xmlstream.TokenReadEncoder, start *xml.StartElement) error {
	if typ := attr(start, "type"); typ != string(stanza.GetIQ) && typ != string(stanza.SetIQ) {
		return nil
	}
	isPing := false
	for {
		tok, err := t.Token()
		if payload, ok := tok.(xml.StartElement); ok {
			isPing = payload.Name == xml.Name{Space: "urn:xmpp:ping", Local: "ping"}
		}
		if _, ok := tok.(xml.CharData); !ok || err != nil {
			break
		}
	}
	reply := xml.StartElement{Name: xml.Name{Local: "iq"}, Attr: []xml.Attr{{Name: xml.Name{Local: "id"}, Value: attr(start, "id")}}}
	for _, a := range [...][2]string{{"to", attr(start, "from")}, {"from", attr(start, "to")}} {
		if a[1] != "" {
			reply.Attr = append(reply.Attr, xml.Attr{Name: xml.Name{Local: a[0]}, Value: a[1]})
		}
	}
	typ, payload := stanza.ResultIQ, xml.TokenReader(nil)
	if !isPing {
		typ, payload = stanza.ErrorIQ, stanza.Error{Type: stanza.Cancel, Condition: stanza.ServiceUnavailable}.TokenReader()
	}
	reply.Attr = append(reply.Attr, xml.Attr{Name: xml.Name{Local: "type"}, Value: string(typ)})
	_, err := xmlstream.Copy(t, xmlstream.Wrap(payload, reply))
	return err // of writing
}
