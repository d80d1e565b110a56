package component

import (
	"math/rand/v2"
	"time"
)

const (
	firstWait = 500 * time.Millisecond
	longWait  = 30 * time.Second
	steady    = time.Minute // a connection this long forgives what was before
)

// backoff says how long to wait before the next attempt: twice as long each
// time, and never as long as others who lost the server at the same moment.
type backoff struct{ wait time.Duration }

func (b *backoff) next() time.Duration {
	b.wait = min(max(2*b.wait, firstWait), longWait)
	return b.wait/2 + rand.N(b.wait/2)
}

func (b *backoff) reset() { b.wait = 0 }
