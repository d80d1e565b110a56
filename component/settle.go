package component

import (
	"context"
	"fmt"
)

// Settle returns when the service is attached and has said everything that
// follows from what it has received: no sweep is under way, no job waits, the
// outbox is empty and the server has handled what left. It is how a test or a
// demonstration waits without guessing; who goes on talking to the service
// meanwhile may wait for long.
func (s *Service) Settle(ctx context.Context) error {
	s.copier.settled(ctx)
	for calm := 0; calm < 2; { // the second fence is behind the answers to what the first let out
		if err := s.attend.settled(ctx); err != nil {
			return fmt.Errorf("settle service: %w", err)
		}
		if err := s.workers.fence(ctx); err != nil {
			return fmt.Errorf("settle service: %w", err)
		}
		fenced := s.Fence(ctx)
		s.Link.Out.quieten(ctx.Done())
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("settle service: %w", err)
		}
		if _, held := s.pace.stats(); held > 0 || s.attend.pulling() {
			s.attend.sleep(ctx, pacePoll)
			calm = 0
			continue
		}
		if s.herald.asks() {
			s.attend.sleep(ctx, heraldPoll)
			calm = 0
			continue
		}
		if out := s.Link.Out.Stats(); fenced && out.Waiting == 0 && s.attend.quiet() {
			calm++
		} else {
			calm = 0
		}
	}
	return nil
}

// note keeps idle true. mu is held.
func (a *attendant) note() {
	idle := a.up && a.open == 0 && len(a.waiting) == 0
	switch closed := isClosed(a.idle); {
	case idle && !closed:
		close(a.idle)
		a.s.ties.Look() // it is known what is wanted
	case !idle && closed:
		a.idle = make(chan struct{})
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// ended takes in that a tour, or the loading, is over.
func (a *attendant) ended() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.open--
	a.note()
}

// settled returns when the connection is up and every group was attended to.
func (a *attendant) settled(ctx context.Context) error {
	a.mu.Lock()
	idle := a.idle
	a.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// quiet says whether settled would return at once.
func (a *attendant) quiet() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return isClosed(a.idle)
}
