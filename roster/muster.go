package roster

import (
	"slices"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// Attached says that a connection begins. Nothing of what the server said in
// former ones counts any more.
func (r *Roster) Attached() {
	r.outposts.bar(false)
	if c := r.census; c != nil {
		c.mu.Lock()
		c.epoch, c.whole = c.epoch+1, false
		c.mu.Unlock()
	}
}

// Mustered says that the server has told of all its users who are there.
func (r *Roster) Mustered() {
	if c := r.census; c != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.whole = true
		for jid, devices := range c.there {
			if c.there[jid] = slices.DeleteFunc(devices, func(d device) bool { return d.sweep != c.epoch }); len(c.there[jid]) == 0 {
				delete(c.there, jid)
			}
		}
	}
}

// Estranged says that the server tells of its users no more: nobody knows how
// they are.
func (r *Roster) Estranged() {
	c := r.census
	if c == nil {
		return
	}
	c.order.Lock()
	defer c.order.Unlock()
	c.mu.Lock()
	c.whole = false
	clear(c.there)
	c.mu.Unlock()
	for _, g := range r.All() {
		g.mu.Lock()
		for _, m := range g.sorted {
			if m.lent && m.Ask != Granted {
				g.silence(m)
			}
		}
		g.mu.Unlock()
	}
}

// trim forgets what was held for groups that were not in memory yet.
func (c *census) trim() {
	c.order.Lock()
	defer c.order.Unlock()
	c.mu.Lock()
	c.all = true
	var all []string
	for jid := range c.there {
		all = append(all, jid)
	}
	c.mu.Unlock()
	for _, jid := range all {
		c.review(jid)
	}
}

// revisit forgets what none of jid's groups may show of him.
func (c *census) revisit(jid string) {
	if c == nil {
		return
	}
	c.order.Lock()
	defer c.order.Unlock()
	c.review(jid)
}

// review is revisit with order held.
func (c *census) review(jid string) {
	var keeps policy.Mask
	for _, g := range c.groups(nil, []byte(jid)) {
		if might, takes := g.takes([]byte(jid), &Presence{}); takes {
			keeps |= might
		}
	}
	c.narrow(jid, c.holds(keeps))
}
