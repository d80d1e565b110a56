package roster

import "time"

// A group may deliver periodically: changes wait for the next moment of a
// clock that all groups of the same period share. The clock runs whatever
// happens, and each moment opens a window for one turn, whether there is
// something to say or not; so the moment at which a watcher is told something
// says nothing about changes that he may not see. Answers, first states, and
// the parts of a state that is under way do not wait.

// owed is the version up to which watches are to be told now.
func (g *Group) owed() uint64 {
	if g.settings.Delivery == 0 || g.window {
		return g.version
	}
	return 0
}

// behind says whether c is to be told something now.
func (g *Group) behind(c *cohort) bool {
	return c.live > 0 && (c.cursor < g.owed() || c.cursor == 0 || c.partial != nil)
}

// pace keeps the clock running.
func (g *Group) pace() {
	switch {
	case g.settings.Delivery == 0 || g.closed:
		g.window = false
		if g.paced != nil {
			g.paced.Stop()
			g.paced = nil
		}
	case g.paced == nil:
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
	g.window = g.settings.Delivery > 0
	g.signal()
}
