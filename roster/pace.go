package roster

import (
	"math/bits"
	"time"
)

// A group may deliver periodically, and a subscription may (see
// [Manner.Digest]): changes wait for the next moment of a clock that all of
// the same period share. The clock runs whatever happens, and each moment
// opens a window for one turn, whether there is something to say or not; so
// the moment at which a watcher is told something says nothing about changes
// that he may not see. Answers, first states, and the parts of a state that is
// under way do not wait.
//
// When two whole periods were not enough to be given a turn, the link cannot take
// what all groups together have to say: the clock slows down, which readers
// are told, and takes up speed again when it gets better.

// clock is that of one period. Guarded by Group.mu.
type clock struct {
	period int  // ms
	open   bool // this is the moment
	slow   int  // by which it is slowed down, 1 = not
	late   int  // moments in a row that came before all was said
	timer  *time.Timer
}

// maxSlow bounds how far a clock slows down.
const maxSlow = 16

// every is the time between two moments, in ms.
func (c *clock) every() int { return min(c.period*c.slow, max(c.period, MaxDelivery)) }

// period is that of a's deliveries in ms, 0 = at once.
func (a *audience) period() int { return max(a.key.digest, a.g.settings.Delivery) }

// owed is the version up to which a's watches are to be told now.
func (a *audience) owed() uint64 {
	p := a.period()
	if p == 0 {
		return a.g.version
	}
	if c := a.g.clocks[p]; c != nil && c.open {
		return a.g.version
	}
	return 0
}

// due says whether c is to be told something now.
func (a *audience) due(c *cohort) bool {
	return c.live > 0 && (c.cursor < a.owed() || c.cursor == 0 || c.partial != nil)
}

// slowed is the period in force if a's clock is slowed down, or 0.
func (a *audience) slowed() int {
	if c := a.g.clocks[a.period()]; c != nil && c.slow > 1 {
		return c.every()
	}
	return 0
}

// count notes watches that come to a, or go.
func (a *audience) count(n int) {
	a.watches += n
	if d := a.key.digest; d > 0 {
		if put(&a.g.digests, d, a.g.digests[d]+n); a.g.digests[d] == 0 {
			delete(a.g.digests, d)
		}
	}
}

// pace keeps the clocks running that somebody goes by.
func (g *Group) pace() {
	if g.closed {
		g.disarm()
	}
	own := g.settings.Delivery
	if own == 0 && len(g.digests) == 0 && len(g.clocks) == 0 {
		return
	}
	for p, c := range g.clocks {
		if g.closed || !g.goesBy(p) {
			if c.timer != nil {
				c.timer.Stop()
			}
			delete(g.clocks, p)
		}
	}
	if g.closed {
		return
	}
	if own > 0 {
		g.wound(own)
	}
	for d := range g.digests {
		g.wound(max(d, own))
	}
}

// goesBy says whether some audience goes by the clock of that period.
func (g *Group) goesBy(period int) bool {
	own := g.settings.Delivery
	if period == own {
		return true
	}
	return period > own && g.digests[period] > 0
}

// wound sets the clock of that period to its next moment.
func (g *Group) wound(period int) {
	c := g.clocks[period]
	if c == nil {
		c = &clock{period: period, slow: 1}
		put(&g.clocks, period, c)
	}
	if c.timer == nil {
		every := time.Duration(c.every()) * time.Millisecond
		now := g.now()
		c.timer = time.AfterFunc(now.Truncate(every).Add(every).Sub(now), func() { g.deliver(c) })
	}
}

// deliver is a moment of the clock.
func (g *Group) deliver(c *clock) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c.timer = nil
	if g.clocks[c.period] != c {
		return // nobody goes by it any more
	}
	switch c.late++; {
	case !c.open:
		c.slow, c.late = max(c.slow/2, 1), 0
	case c.late >= 2: // one may be a hiccup
		c.slow = min(2*c.slow, maxSlow)
	}
	c.open = true
	g.signal()
}

// opened says whether it is the moment of some clock.
func (g *Group) opened() bool {
	for _, c := range g.clocks {
		if c.open {
			return true
		}
	}
	return false
}

// shut ends the moments: in a turn that was not cut short all has been said.
// Whether a moment goes on must not depend on whether there is something to
// say: there may be only what a watcher may not see.
func (g *Group) shut() {
	for _, c := range g.clocks {
		c.open = false
	}
}

// maxDigests bounds the different periods that watchers choose freely.
const maxDigests = 32

// fitted is the period that a digest gets who asks for ms: that one, or if
// too many are in use a longer one out of few.
func (g *Group) fitted(ms int) int {
	if ms == 0 || g.digests[ms] > 0 || len(g.digests) < maxDigests {
		return ms
	}
	steps := bits.Len(uint((ms - 1) / MinDelivery))
	return min(MinDelivery<<steps, MaxDelivery)
}
