package component

import (
	"errors"
	"log/slog"
	"sync"
	"time"
)

// Bulk is a source of outgoing presence, such as a group: what it has to say
// is rendered when the server is ready for it, from the state of that moment.
// Its dynamic type is a pointer.
type Bulk interface {
	// Turn appends whole stanzas to b and returns it, about budget bytes at
	// most; one stanza more may overshoot. With more it asks for another turn,
	// after all others that wait. It is called by the writer alone, never with
	// a lock of the Outbox held; like everything that keeps the writer from
	// its socket it should be a matter of microseconds.
	Turn(b []byte, budget int) (out []byte, more bool)
	// Doubt says that the connection ended before the server had confirmed the
	// last turns, so many, in which this source said something.
	Doubt(turns int)
}

// Copier is a Bulk whose stanzas may go to a multicast service (XEP-0033), as
// [roster.Group]'s may.
type Copier interface {
	Bulk
	// Copied is asked right after each turn: how many of the turn's stanzas go
	// to the service, and how many bytes more the copies are that it makes of
	// them: they are bulk that the server has to handle, too. With hurry the
	// source waits for the service to have dealt with all of them.
	Copied() (extra, stanzas int, hurry bool)
	// Landed says that the service has dealt with the next so many.
	Landed(stanzas int)
}

// ErrStuck ends a connection whose server takes stanzas but does not handle
// them: a marker ping stayed without any answer.
var ErrStuck = errors.New("component: the server does not answer")

const (
	controlBound = 8 << 20   // bytes waiting in the control lane
	keepBuffer   = 512 << 10 // a larger buffer is given back
	maxTurns     = 64        // in one write; control is looked at in between
)

// Outbox is the way out: two lanes to one writer. Control carries answers and
// subscriptions and goes first. Bulk is a queue of those who have something to
// say, each once; they take turns, a slice at a time, as long as the server
// keeps up (see credit). An Outbox outlives connections: when one ends, the
// control lane is dropped and the queue is kept.
//
// All methods may be called from anywhere, with any lock held, and never block.
type Outbox struct {
	slice   int           // bytes of bulk in one write
	least   int           // bytes of credit worth a turn
	timeout time.Duration // of one write
	log     *slog.Logger

	wake chan struct{} // holds a token: the writer has reason to look
	calm chan struct{} // holds a token: a marker was answered

	mu      sync.Mutex
	control []byte
	spare   []byte                // the other control buffer, while the writer does not have it
	owed    []func([]byte) []byte // what goes into the control lane as soon as there is room, before any bulk
	queue   queue
	credit  credit
	flights []flight
	up      bool // there is a connection
	held    bool
	leaving bool // no more bulk on this connection
	closing bool // flush control, end the stream
	stats   OutboxStats
}

// OutboxStats says what an Outbox has done and how it stands. Sizes are bytes.
type OutboxStats struct {
	Writes                    uint64
	ControlBytes, BulkBytes   uint64
	Turns, Panics             uint64
	Markers                   uint64
	Refused                   uint64 // calls of Control that returned false
	Unacked, Control, Waiting int    // bulk the server has not handled; the control lane; the queue of Bulk
	RTT                       time.Duration
}

func newOutbox(cfg *Config) *Outbox {
	o := &Outbox{
		slice:   cfg.Slice,
		least:   max(1, min(cfg.Slice, cfg.Window)/2),
		timeout: cfg.WriteTimeout,
		log:     cfg.Log,
		wake:    make(chan struct{}, 1),
		calm:    make(chan struct{}, 1),
		queue:   queue{in: map[Bulk]struct{}{}},
	}
	o.credit.window, o.credit.least, o.credit.most = cfg.Window, cfg.Window, max(cfg.Window, cfg.MaxWindow)
	o.credit.keepalive, o.credit.patience = cfg.Keepalive, cfg.Patience
	o.credit.address(cfg.Domain, cfg.ServerHost)
	return o
}

// Multicast says which service some of the bulk goes to, from the next turns
// on. It is remembered when nothing goes there any more: something may be on
// its way.
func (o *Outbox) Multicast(service string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.credit.service = service
}

// Ready puts t in the queue for a turn, unless it waits there already. During
// t's own turn that means one more.
func (o *Outbox) Ready(t Bulk) {
	o.mu.Lock()
	o.queue.put(t)
	o.mu.Unlock()
	o.signal()
}

// Control lets f append whole stanzas to the control lane. False, and f was
// not called: there is no connection, or 8 MiB wait already. f runs under the
// Outbox's lock: it appends and nothing else.
func (o *Outbox) Control(f func(b []byte) []byte) bool {
	ok := o.append(f)
	if ok {
		o.signal()
	}
	return ok
}

func (o *Outbox) append(f func(b []byte) []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.up || o.closing || len(o.control) >= controlBound {
		o.stats.Refused++
		return false
	}
	o.control = f(o.control)
	return true
}

// Owe is Control for what takes back something that was shown, and so must not get
// lost: where there is no room it waits, and no bulk leaves before it. It is
// bounded by what bulk has shown. f may run later, under the Outbox's lock.
func (o *Outbox) Owe(f func(b []byte) []byte) {
	o.mu.Lock()
	switch {
	case !o.up || o.closing:
	case len(o.owed) == 0 && len(o.control) < controlBound:
		o.control = f(o.control)
	default:
		o.owed = append(o.owed, f)
	}
	o.mu.Unlock()
	o.signal()
}

// settle appends what is owed, as far as there is room. mu is held.
func (o *Outbox) settle(b []byte) []byte {
	n := 0
	for n < len(o.owed) && len(b) < controlBound {
		b = o.owed[n](b)
		n++
	}
	if o.owed = o.owed[n:]; len(o.owed) == 0 {
		o.owed = nil
	}
	return b
}

// Hold stops bulk, or lets it go on, in this connection and the next ones;
// control is not affected.
func (o *Outbox) Hold(held bool) {
	o.mu.Lock()
	o.held = held
	o.mu.Unlock()
	o.signal()
}

// Stats returns the figures of this moment.
func (o *Outbox) Stats() OutboxStats {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.stats
	s.Unacked, s.RTT = int(o.credit.sent-o.credit.acked), o.credit.rtt
	s.Control, s.Waiting = len(o.control), len(o.queue.in)
	return s
}

func (o *Outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// attach begins a connection.
func (o *Outbox) attach() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.up, o.leaving, o.closing = true, false, false
	o.credit.reset()
}

// detach ends a connection; its writer has returned. What the server has not
// confirmed is in doubt, and whoever said it is told.
func (o *Outbox) detach() {
	o.mu.Lock()
	o.up = false
	o.control, o.owed = o.control[:0], nil
	o.credit.reset()
	doubt := map[Bulk]int{}
	for _, f := range o.flights {
		doubt[f.t]++
	}
	o.flights = nil
	o.mu.Unlock()
	for t, turns := range doubt {
		t.Doubt(turns)
	}
}

// leave ends bulk on this connection: what is in the control lane from now on
// is the last word.
func (o *Outbox) leave() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.leaving = true
}

// quieten waits for the multicast service to have dealt with what it has, until
// done: what leaves by other ways then overtakes nothing.
func (o *Outbox) quieten(done <-chan struct{}) {
	for {
		o.mu.Lock()
		wait := o.up && o.credit.copied > o.credit.acked
		o.credit.hurry = o.credit.hurry || wait
		o.mu.Unlock()
		if !wait {
			return
		}
		o.signal()
		select {
		case <-o.calm:
		case <-done:
			return
		}
	}
}

// finish lets the writer send what is in the control lane and end the stream.
func (o *Outbox) finish() {
	o.mu.Lock()
	o.closing = true
	o.mu.Unlock()
	o.signal()
}

// ack takes an inbound iq's sender and id and reports whether it answers a
// marker. The caller has checked that it is to us.
func (o *Outbox) ack(from, id []byte) bool {
	var landed []flight
	o.mu.Lock()
	ok := o.credit.ack(from, id, time.Now())
	if ok {
		landed = o.land()
	}
	o.mu.Unlock()
	for _, f := range landed {
		f.t.(Copier).Landed(f.copied)
	}
	if ok {
		o.signal()
		select {
		case o.calm <- struct{}{}:
		default:
		}
	}
	return ok
}

// strange says whether id is that of another process' marker.
func (o *Outbox) strange(id []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.credit.strange(id)
}
