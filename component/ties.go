package component

import (
	"context"
	"errors"

	"github.com/rollcall-xmpp/rollcall/component/source"
	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// newTies makes who says that we need not be told any more.
func newTies(s *Service) *source.Ties {
	return source.NewTies(source.TiesConfig{
		Store: s.cfg.Store, Wanted: s.wantsTie, Leave: s.leaveTie, Log: s.log,
		Retry: s.cfg.Sources.Retry, MaxRetry: s.cfg.Sources.MaxRetry, Look: s.cfg.TieCheck,
	})
}

// wantsTie says whether there is a use for what a tie brings. Which groups want
// something of a peer's is known when all of them were visited.
func (s *Service) wantsTie(t roster.TieRecord) bool {
	known := func() bool { return s.attend.quiet() }
	switch {
	case t.Kind == roster.TiePresence:
		return s.cfg.Peers.at([]byte(t.There)) != nil && (s.takings.has(t) || !known())
	case roster.ForPeers(t.For):
		_, gives := s.cfg.Peers.gives(roster.PeerOf(t.For))
		return s.wishes.wants(t) || gives && !known()
	}
	return s.Sources.Wants(t)
}

func (s *Service) leaveTie(ctx context.Context, t roster.TieRecord) error {
	if t.Kind == roster.TiePresence {
		return s.takings.leave(ctx, t)
	}
	return source.Leave(ctx, s.sources, t)
}

// has says whether a group asks a peer.
func (x *takings) has(t roster.TieRecord) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.of[takingKey{t.There, t.Here}] != nil
}

var errUnsettled = errors.New("no answer of its own")

// leave tells a peer that a group has no use for what it tells, unless it has by
// now.
func (x *takings) leave(ctx context.Context, t roster.TieRecord) error {
	from := t.Here + "@" + x.s.cfg.Link.Domain
	answer := make(chan error, 1)
	x.mu.Lock()
	if x.of[takingKey{t.There, t.Here}] != nil {
		x.mu.Unlock()
		return nil
	}
	err := x.s.Link.Request("set", from, t.There, unsubscribed(from), readTime, func(st *frame.Stanza, err error) {
		if err == nil && !source.Settled(st.Raw) {
			err = errUnsettled
		}
		answer <- err
	})
	x.mu.Unlock()
	if err != nil {
		return err
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
