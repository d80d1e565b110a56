package roster

import (
	"context"
	"slices"
	"time"
)

// A subscription may end by itself: at a time, or when the watcher goes
// offline. And it may be silent while he is not in the mood. Both need his own
// presence, which the group has only of members who grant it.

// heed notes what w's manner asks for.
func (g *Group) heed(w *Watch) {
	m := &w.manner
	if !m.Until.IsZero() || m.While {
		put(&g.leases, w, struct{}{})
		if !m.While {
			g.arm(m.Until)
		}
	}
	if len(m.Shows) > 0 {
		put(&g.attuned, w.rec.Owner, g.attuned[w.rec.Owner]+1)
	}
	w.quiet = !g.fitting(w)
	if w.receipts = nil; m.Receipts {
		w.receipts = &receipts{}
	}
}

func (g *Group) unheed(w *Watch) {
	delete(g.leases, w)
	if len(w.manner.Shows) == 0 {
		return
	}
	if g.attuned[w.rec.Owner]--; g.attuned[w.rec.Owner] == 0 {
		delete(g.attuned, w.rec.Owner)
	}
}

// presenceOf is the member whose own presence the group has, or nil.
func (g *Group) presenceOf(jid string) *member {
	if m := g.live(jid); m != nil && m.given() && m.keeps != 0 {
		return m
	}
	return nil
}

// shows are the availabilities of the devices that w goes to.
func (w *Watch) shows(m *member) (all []Show) {
	for _, p := range []*presence{m.presence, m.parked} {
		if p == nil {
			continue
		}
		for i := range p.devices {
			if w.goesTo("") || w.goesTo(p.devices[i].resource) {
				all = append(all, p.devices[i].show)
			}
		}
	}
	return all
}

// online says whether w's watcher is there. What is not known counts as no:
// a lease on presence ends when nobody can tell.
func (g *Group) online(w *Watch) bool {
	m := g.presenceOf(w.rec.Owner)
	return m != nil && len(w.shows(m)) > 0
}

// fitting says whether w's watcher is not known to be otherwise than he wants
// to be told.
func (g *Group) fitting(w *Watch) bool {
	if len(w.manner.Shows) == 0 {
		return true
	}
	m := g.presenceOf(w.rec.Owner)
	if m == nil {
		return true
	}
	shows := w.shows(m)
	return len(shows) == 0 || slices.ContainsFunc(shows, func(s Show) bool { return slices.Contains(w.manner.Shows, s) })
}

// attune lets the watches of m be silent, or told again, by how he is now.
func (g *Group) attune(m *member) {
	if g.attuned[m.JID] == 0 {
		return
	}
	for _, w := range g.byOwner[m.JID] {
		switch quiet := !g.fitting(w); {
		case quiet == w.quiet, g.presenceOf(m.JID) != nil && !g.online(w): // held anyway
		case quiet:
			w.hold()
			w.quiet = true
		default:
			w.quiet = false
			w.release()
		}
	}
}

// rearm sets the alarm to the first end of a lease that can be foreseen.
func (g *Group) rearm() {
	now := g.now()
	for w := range g.leases {
		if until := w.manner.Until; !until.IsZero() {
			g.arm(until)
		} else if g.over(w, now) {
			g.arm(now)
		}
	}
}

// arm sets the alarm to a moment, unless it rings before.
func (g *Group) arm(at time.Time) {
	if g.building || g.closed || g.leased != nil && !at.Before(g.leasedAt) {
		return
	}
	if g.leased != nil {
		g.leased.Stop()
	}
	g.leasedAt = at
	g.leased = time.AfterFunc(min(at.Sub(g.now()), longest), func() { g.Expire(context.Background()) })
}

// disarm stops it.
func (g *Group) disarm() {
	if g.leased != nil {
		g.leased.Stop()
		g.leased = nil
	}
}

// parted ends the leases of m that last while he is there, if he is not.
func (g *Group) parted(m *member) {
	if len(g.leases) == 0 {
		return
	}
	for _, w := range g.byOwner[m.JID] {
		if w.manner.While && g.over(w, time.Time{}) {
			g.arm(time.Time{})
		}
	}
}

// over says whether w's lease has ended.
func (g *Group) over(w *Watch, now time.Time) bool {
	if w.manner.While {
		return g.ready && !g.sweeping && !g.online(w)
	}
	return !w.manner.Until.IsZero() && !w.manner.Until.After(now)
}

// Expire ends the subscriptions whose time is over; the watchers are told. The
// group calls it by itself.
func (g *Group) Expire(ctx context.Context) {
	g.edit.Lock()
	defer g.edit.Unlock()
	g.mu.Lock()
	g.disarm()
	if g.closed {
		g.mu.Unlock()
		return
	}
	now := g.now()
	var over []*Watch
	for w := range g.leases {
		if g.over(w, now) {
			over = append(over, w)
		}
	}
	ended := g.endAll(over)
	g.rearm()
	g.signal()
	g.mu.Unlock()
	g.forget(ctx, ended)
}
