package main

import (
	"sync/atomic"
	"time"
)

// ring is how many states of one member may be on their way at once.
const ring = 1 << 12

// board knows of every state that was offered when, and how many watchers it
// has still to reach. Members are numbered through all groups; a group is so
// many neighbours.
type board struct {
	per   int // members of each group
	began time.Time

	next []uint32       // of each member, the last state offered; the sender's
	sent []atomic.Int64 // of each member and state, when
	left []atomic.Int32 // and how many watchers hold neither it nor a later one

	open     atomic.Int64 // states that some watcher has still to reach
	finished atomic.Int64 // when the last state reached its last watcher
	free     chan struct{}
	idle     chan struct{} // holds a token when open came to 0
}

func newBoard(s size) *board {
	n := s.clients()
	return &board{
		per: s.Members, began: time.Now(),
		next: make([]uint32, n), sent: make([]atomic.Int64, n*ring), left: make([]atomic.Int32, n*ring),
		free: make(chan struct{}, 1<<16), idle: make(chan struct{}, 1),
	}
}

func (b *board) now() int64 { return int64(time.Since(b.began)) }

// offer notes that a member is about to change, and returns the number of the
// new state.
func (b *board) offer(member int) uint32 {
	b.next[member]++
	seq := b.next[member]
	at := member*ring + int(seq)%ring
	b.open.Add(1)
	b.left[at].Store(int32(b.per - 1))
	b.sent[at].Store(b.now())
	return seq
}

// reach notes that one more watcher holds a state.
func (b *board) reach(member int, seq uint32, now int64) {
	if b.left[member*ring+int(seq)%ring].Add(-1) != 0 {
		return
	}
	select {
	case b.free <- struct{}{}:
	default: // nobody counts
	}
	if b.open.Add(-1) == 0 {
		b.finished.Store(now)
		select {
		case b.idle <- struct{}{}:
		default:
		}
	}
}

// age is how long ago a state was offered.
func (b *board) age(member int, seq uint32, now int64) time.Duration {
	return time.Duration(now - b.sent[member*ring+int(seq)%ring].Load())
}

// drainTime is how long what arrives is waited for, however much it is.
const drainTime = 90 * time.Second

// drain waits until every watcher holds everybody's last state, or nothing has
// arrived for so long, by what arrived counts, and reports whether they do.
func (b *board) drain(patience time.Duration, arrived func() int64) bool {
	tick, end := time.NewTicker(patience/4), time.NewTimer(drainTime)
	defer tick.Stop()
	defer end.Stop()
	for still, most := 0, arrived(); b.open.Load() > 0; {
		select {
		case <-end.C:
			return b.open.Load() == 0
		case <-b.idle:
		case <-tick.C:
			n := arrived()
			if still++; n > most {
				still, most = 0, n
			}
			if still == 4 {
				return b.open.Load() == 0
			}
		}
	}
	return true
}

// forget gives up what is on its way: it is lost.
func (b *board) forget() {
	b.open.Store(0)
	for i := range b.left {
		b.left[i].Store(-1 << 30)
	}
	b.clear()
}

// clear takes back the tokens of states that nobody counted.
func (b *board) clear() {
	for {
		select {
		case <-b.free:
		case <-b.idle:
		default:
			return
		}
	}
}

// tally is what arrived, of one watcher or of all.
type tally struct {
	received, superseded, repeated int64
	frames, bytes                  int64
	ages                           histogram
}

func (t *tally) join(o *tally) {
	t.received += o.received
	t.superseded += o.superseded
	t.repeated += o.repeated
	t.frames += o.frames
	t.bytes += o.bytes
	t.ages.join(&o.ages)
}
