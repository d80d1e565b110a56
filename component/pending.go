package component

import (
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
)

// Errors of Link.Request.
var (
	// ErrDown: there is no connection, or it ended before the answer came.
	ErrDown = errors.New("component: not connected")
	// ErrBusy: too many requests, or bytes, wait already.
	ErrBusy = errors.New("component: too much waits")
	// ErrTimeout: no answer in time.
	ErrTimeout = errors.New("component: no answer")
)

const maxPending = 4096

// pending holds our own requests until they are answered. Ids are random, and
// an answer counts only from the very address that was asked, to the one that
// asked: users see ids of ours and may guess.
type pending struct {
	mu   sync.Mutex
	wait map[string]*request
}

type request struct {
	from, to string
	timer    *time.Timer
	done     func(*frame.Stanza, error)
}

// add notes a request and returns its id, "" if too many wait.
func (p *pending) add(from, to string, timeout time.Duration, done func(*frame.Stanza, error)) string {
	id := rand.Text()
	r := &request{from: from, to: to, done: done}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.wait) >= maxPending {
		return ""
	}
	r.timer = time.AfterFunc(timeout, func() {
		if p.drop(id) {
			done(nil, ErrTimeout)
		}
	})
	p.wait[id] = r
	return id
}

// drop forgets a request; false: somebody else has ended it.
func (p *pending) drop(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, ok := p.wait[id]
	if ok {
		r.timer.Stop()
		delete(p.wait, id)
	}
	return ok
}

// take returns what to call with answer s, nil if s answers nothing.
func (p *pending) take(s *frame.Stanza) func(*frame.Stanza, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, ok := p.wait[string(s.ID)]
	if !ok || !same(s.From, r.to) || !same(s.To, r.from) {
		return nil
	}
	r.timer.Stop()
	delete(p.wait, string(s.ID))
	return r.done
}

// fail ends all requests with err.
func (p *pending) fail(err error) {
	p.mu.Lock()
	wait := p.wait
	p.wait = map[string]*request{}
	p.mu.Unlock()
	for _, r := range wait {
		r.timer.Stop()
		r.done(nil, err)
	}
}

// Request sends an iq of type typ, get or set, from one of our addresses, and
// calls done once: with the answer, a result or an error, or with ErrTimeout
// or ErrDown. from and to are plain addresses as the server writes them,
// payload is one element. done is called by the reading goroutine, or by a
// timer's, and must not wait; the answer is gone when it returns. If Request
// returns an error nothing was sent and done is never called.
func (l *Link) Request(typ, from, to string, payload []byte, timeout time.Duration, done func(*frame.Stanza, error)) error {
	id := l.pending.add(from, to, timeout, done)
	if id == "" {
		return ErrBusy
	}
	sent := l.Out.Control(func(b []byte) []byte {
		b = append(append(b, "<iq type='"...), typ...)
		b = append(append(b, "' id='"...), id...)
		b = frame.AppendAttr(append(b, "' from='"...), from)
		b = frame.AppendAttr(append(b, "' to='"...), to)
		b = append(append(b, "'>"...), payload...)
		return append(b, "</iq>"...)
	})
	if !sent && l.pending.drop(id) {
		return ErrDown
	}
	return nil
}

// same compares a raw address with a plain one.
func same(raw []byte, plain string) bool {
	if string(raw) == plain {
		return true
	}
	var room [256]byte
	return string(frame.Unescape(room[:0], raw)) == plain
}
