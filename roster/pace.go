package roster

import "time"

// A group may deliver periodically: changes wait for the next moment of a
// clock that all groups of the same period share. The clock does not depend
// on what changes, so that the moment at which a watcher is told something
// says nothing about changes that he may not see. Answers, first states, and
// the parts of a state that is under way do not wait.

// owed is the version up to which watches are to be told now.
func (g *Group) owed() uint64 {
	if g.settings.Delivery == 0 {
		return g.version
	}
	return g.due
}

// behind says whether c is to be told something now.
func (g *Group) behind(c *cohort) bool {
	return c.live > 0 && (c.cursor < g.owed() || c.cursor == 0 || c.partial != nil)
}

// pace sets the timer for changes that wait.
func (g *Group) pace() {
	if g.settings.Delivery == 0 || g.due == g.version || g.closed {
		if g.paced != nil {
			g.paced.Stop()
			g.paced = nil
		}
		return
	}
	if g.paced == nil {
		period := time.Duration(g.settings.Delivery) * time.Millisecond
		now := g.now()
		g.paced = time.AfterFunc(now.Truncate(period).Add(period).Sub(now), g.deliver)
	}
}

// deliver is the moment of the clock.
func (g *Group) deliver() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.paced = nil
	g.due = g.version
	g.signal()
}
