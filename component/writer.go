package component

import (
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"time"
)

const streamEnd = "</stream:stream>"

// round is one turn of the writer's loop.
type round struct {
	b    []byte    // to be written in one go
	end  bool      // and that was the end of our stream
	idle bool      // there was nothing to do
	wake time.Time // when to look again if nobody signals
}

// write is the single writer of conn. It returns nil after the end of our
// stream, or when stop is closed.
func (o *Outbox) write(conn net.Conn, stop <-chan struct{}) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		r, err := o.round()
		if err != nil {
			return err
		}
		if len(r.b) > 0 {
			if err := o.send(conn, r.b); err != nil {
				return fmt.Errorf("write stanzas: %w", err)
			}
		}
		o.recycle(r.b)
		if r.end {
			return nil
		}
		if !r.idle {
			continue
		}
		timer.Reset(time.Until(r.wake))
		select {
		case <-stop:
			return nil
		case <-o.wake:
		case <-timer.C:
		}
	}
}

// send writes b or fails for good: half a stanza cannot be taken back.
func (o *Outbox) send(conn net.Conn, b []byte) error {
	if err := conn.SetWriteDeadline(time.Now().Add(o.timeout)); err != nil {
		return err
	}
	_, err := conn.Write(b)
	return err
}

// round takes the control lane, adds a slice of bulk and, if one is due, a
// marker behind it.
func (o *Outbox) round() (round, error) {
	o.mu.Lock()
	if o.credit.stuck(time.Now()) {
		o.mu.Unlock()
		return round{}, ErrStuck
	}
	b := o.settle(o.control)
	closing := o.closing && len(o.owed) == 0
	o.control, o.spare = o.spare[:0], nil
	control := len(b)
	o.mu.Unlock()
	if closing {
		return round{b: append(b, streamEnd...), end: true}, nil
	}
	b, turns, extra := o.turns(b)

	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	o.credit.sent += int64(len(b) - control + extra)
	o.stats.BulkBytes += uint64(len(b) - control)
	o.stats.ControlBytes += uint64(control)
	o.stats.Turns += uint64(turns)
	if o.credit.due(now) {
		b = o.credit.appendMark(b, now)
		o.stats.Markers++
	}
	if len(b) > 0 {
		o.stats.Writes++
	}
	return round{b: b, idle: len(b) == 0 && turns == 0, wake: o.credit.wake()}, nil
}

// turns appends up to one slice of bulk; extra is what copies of it are more.
// Only the writer changes credit.sent, so it may read it without the lock.
func (o *Outbox) turns(b []byte) (out []byte, turns, extra int) {
	from := len(b)
	for turns < maxTurns {
		t, budget := o.next(len(b) - from + extra)
		if t == nil {
			break
		}
		turns++
		n, more, copied := len(b), false, 0
		if b, more = o.turn(t, b, budget); len(b) > n {
			copied, extra = o.copied(t, int64(len(b)-from), extra)
			o.fly(t, o.credit.sent+int64(len(b)-from+extra), copied)
		} else {
			o.copied(t, 0, 0)
		}
		if more {
			o.mu.Lock()
			o.queue.put(t)
			o.mu.Unlock()
		}
	}
	return b, turns, extra
}

// copied asks t, which had its turn, what of it goes to the multicast service,
// and adds that to extra. bulk is that of this write so far.
func (o *Outbox) copied(t Bulk, bulk int64, extra int) (stanzas, all int) {
	c, ok := t.(Copier)
	if !ok {
		return 0, extra
	}
	more, stanzas, hurry := c.Copied()
	extra += more
	if stanzas > 0 || hurry {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.credit.hurry = o.credit.hurry || hurry
		if stanzas > 0 {
			o.credit.copied = o.credit.sent + bulk + int64(extra)
		}
	}
	return stanzas, extra
}

// next takes the first of the queue, if it may have its turn in a write that
// holds used bytes of bulk.
func (o *Outbox) next(used int) (t Bulk, budget int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	budget = min(o.slice, o.credit.free()) - used
	if o.held || o.leaving || len(o.owed) > 0 || budget < o.least || len(o.control) > 0 && used > 0 {
		return nil, 0
	}
	return o.queue.take(), budget
}

// turn contains a panic: it costs that turn.
func (o *Outbox) turn(t Bulk, b []byte, budget int) (out []byte, more bool) {
	defer func() {
		if r := recover(); r != nil {
			o.log.Error("turn panicked", slog.Any("panic", r), slog.String("stack", string(debug.Stack())))
			o.mu.Lock()
			o.stats.Panics++
			o.mu.Unlock()
			out, more = b, false
		}
	}()
	return t.Turn(b, budget)
}

// recycle takes a written buffer back.
func (o *Outbox) recycle(b []byte) {
	if cap(b) > keepBuffer {
		b = nil
	}
	o.mu.Lock()
	o.spare = b[:0]
	o.mu.Unlock()
}
