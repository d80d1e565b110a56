package watch

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	answerTime = time.Minute     // how long a request may go unanswered
	graceTime  = 3 * time.Second // how long, when nobody wants the answer any more
)

// patience is the context of one request. mellium v0.22.0 breaks a session
// when a context ends while, or just after, something is sent: so this one
// ends only when nobody would mind, never because all went well.
type patience struct {
	context.Context
	done   chan struct{}
	end    func()
	timers []*time.Timer
	unhook func() bool
	mu     sync.Mutex // guards timers
}

func newPatience(ctx context.Context) *patience {
	p := &patience{Context: context.Background(), done: make(chan struct{})}
	p.end = sync.OnceFunc(func() { close(p.done) })
	p.after(answerTime)
	p.unhook = context.AfterFunc(ctx, func() {
		if errors.Is(context.Cause(ctx), ErrLost) {
			p.end()
			return
		}
		p.after(graceTime)
	})
	return p
}

func (p *patience) after(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timers = append(p.timers, time.AfterFunc(d, p.end))
}

func (p *patience) stop() {
	p.unhook()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.timers {
		t.Stop()
	}
}

// Done implements [context.Context].
func (p *patience) Done() <-chan struct{} { return p.done }

// Err implements [context.Context].
func (p *patience) Err() error {
	select {
	case <-p.done:
		return errPatience
	default:
		return nil
	}
}
