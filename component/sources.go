package component

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/rollcall-xmpp/rollcall/component/source"
	"github.com/rollcall-xmpp/rollcall/internal/audit"
	"github.com/rollcall-xmpp/rollcall/internal/frame"
)

// sourceTime is how long a source may take to answer.
const sourceTime = 30 * time.Second

// newSources makes who keeps the groups of others up to date.
func newSources(s *Service) *source.Keeper {
	cfg := s.cfg.Sources
	cfg.Roster, cfg.Now, cfg.Log, cfg.Ties = s.Roster, s.cfg.Now, s.log, s.ties
	cfg.By = func(ctx context.Context, name string) context.Context { return audit.By(ctx, audit.Source+name) }
	return source.New(cfg)
}

// sourceLink is the way of sources to the server. It implements [source.Link].
type sourceLink struct {
	link *Link

	mu        sync.Mutex
	listening map[string]*hearer // by bare JID
}

type hearer struct{ hear func([]byte) bool }

func newSourceLink(l *Link) *sourceLink {
	return &sourceLink{link: l, listening: map[string]*hearer{}}
}

// Domain implements [source.Link].
func (l *sourceLink) Domain() string { return l.link.cfg.Domain }

// Request implements [source.Link].
func (l *sourceLink) Request(typ, from, to, payload string, done func([]byte, error)) error {
	return l.link.Request(typ, from, to, []byte(payload), sourceTime, func(st *frame.Stanza, err error) {
		if err != nil {
			done(nil, err)
			return
		}
		done(slices.Clone(st.Raw), nil)
	})
}

// Send implements [source.Link].
func (l *sourceLink) Send(stanza string) {
	l.link.Out.Control(func(b []byte) []byte { return append(b, stanza...) })
}

// Listen implements [source.Link].
func (l *sourceLink) Listen(from string, hear func([]byte) bool) (stop func()) {
	one := &hearer{hear}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.listening[from] = one
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.listening[from] == one {
			delete(l.listening, from)
		}
	}
}

// take gives a stanza to the source that listens to its sender. Requests are
// answered as anybody's.
func (l *sourceLink) take(st *frame.Stanza) bool {
	if string(st.Name) == "iq" {
		return false
	}
	l.mu.Lock()
	var one *hearer
	if len(l.listening) > 0 {
		bare, _, _ := bytes.Cut([]byte(plain(st.From)), []byte("/"))
		one = l.listening[string(bare)]
	}
	l.mu.Unlock()
	return one != nil && one.hear(slices.Clone(st.Raw))
}
