package pubsub

import (
	"errors"
	"strconv"
	"time"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// last answers XEP-0012: for how long nobody of the group has been there, as
// the asker's own contact was told. For anybody else there is nothing that it
// could be taken from without telling him when people come and go.
func (s *Service) last(b []byte, g *roster.Group, q *Request) ([]byte, error) {
	if q.Set || q.Local != "query" {
		return b, BadRequest
	}
	since, err := g.Vacant(q.Bare())
	switch {
	case errors.Is(err, roster.ErrForbidden):
		return b, forbidden // §7
	case err != nil:
		return b, err
	case since.IsZero():
		return appendLast(b, 0), nil
	}
	return appendLast(b, s.now().Sub(since)), nil
}

// uptime answers XEP-0012 §5.
func (s *Service) uptime(b []byte, q *Request) ([]byte, error) {
	if q.Local != "query" {
		return b, BadRequest
	}
	return appendLast(b, s.now().Sub(s.Began)), nil
}

func (s *Service) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

func appendLast(b []byte, d time.Duration) []byte {
	b = append(b, "<query xmlns='"+nsLast+"' seconds='"...)
	return append(strconv.AppendInt(b, max(0, int64(d/time.Second)), 10), "'/>"...)
}
