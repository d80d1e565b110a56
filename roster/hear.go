package roster

import (
	"slices"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// Hear takes in a presence stanza of a member's device: type absent or
// unavailable. The addresses are as the server stamped them. Presence of who
// has not granted it (RFC 6121 §3.1), strangers above all, is ignored.
func (g *Group) Hear(bare, resource []byte, p *Presence) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.entryBytes(bare)
	if m == nil || m.gone > 0 {
		return
	}
	if !m.given() {
		if p.Show != Offline && !m.lent {
			g.doubt(m)
		}
		return
	}
	if m.lent && m.borrowed(g.roster) {
		return // his peer tells of him, and nobody else
	}
	g.answered(m)
	held := func(w *Watch) bool { return w.lag != nil }
	var portrait policy.Mask
	if p.Photo != nil {
		portrait = m.portray(p.Photo)
	}
	if g.clock++; g.park(m, resource, p) {
		g.attune(m)
		g.parted(m)
		if ws := g.byOwner[m.JID]; p.Show != Offline && slices.ContainsFunc(ws, held) {
			g.reach(m, string(resource), p.Show)
		}
		return
	}
	if m.keeps == 0 {
		return // by what he set at his server: nothing is held
	}
	if m.presence == nil {
		if p.Show == Offline {
			return
		}
		m.presence = &presence{}
	}
	var spare Presence
	if changed := m.presence.set(m.Combination, resource, p.kept(m.keeps, &spare), g.clock, g.sweep) | portrait; changed != 0 {
		g.changed(m, changed)
	}
	if ws := g.byOwner[m.JID]; len(ws) > 0 && (p.Show == Offline || slices.ContainsFunc(ws, held)) {
		g.reach(m, string(resource), p.Show)
	}
}

// changed lets everybody who may see it know that m's presence changed.
func (g *Group) changed(m *member, kinds policy.Mask) {
	g.version++
	g.shows[m.slot] = m.show
	g.touch(m, kinds)
	if kinds&policy.Availability != 0 {
		g.retime(m)
	}
	g.attune(m)
	g.parted(m)
	g.signal()
}

// reach holds or releases the watches of m, whose resource came or went.
func (g *Group) reach(m *member, resource string, show Show) {
	if show != Offline {
		if resource != "" {
			g.release(m.JID, resource)
		}
		g.release(m.JID, "")
		g.signal()
		return
	}
	if resource == "" { // all of them
		g.silent(m.JID, "")
		for _, w := range g.byOwner[m.JID] {
			w.hold()
		}
		return
	}
	g.hold(m.JID, resource)
	if len(m.devices) == 0 {
		g.hold(m.JID, "")
	}
}

// Bounced takes in that something could not be delivered to the address: a
// device of a member that is no more, a watcher that cannot be reached.
// Nothing is sent there until something is heard from there.
func (g *Group) Bounced(bare, resource string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if m := g.live(bare); m != nil && m.presence != nil && resource != "" {
		g.clock++
		if changed := m.presence.set(m.Combination, []byte(resource), &Presence{}, g.clock, g.sweep); changed != 0 {
			g.changed(m, changed)
			if len(m.devices) == 0 {
				g.hold(bare, "")
			}
		}
	}
	g.hold(bare, resource)
}

// Heard takes in a sign of life of a watcher that is not presence.
func (g *Group) heard(bare, resource string) {
	g.release(bare, "")
	if resource != "" {
		g.release(bare, resource)
	}
}

// Lost says that the link was lost and is back: what was known of presence
// may be old. Nothing is sent until it is known again (see [Group.Wants]).
//
// Contacts are shown the group anew: who logged in meanwhile asked for it in
// vain.
func (g *Group) Lost() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.uproot()
	for jid := range g.byOwner {
		for _, w := range []*Watch{g.contact(jid), g.resources(jid)} {
			if w == nil {
				continue
			}
			w.unsure = true
			w.renew()
		}
	}
	g.unsettle()
}

// unsettle begins a sweep. Without anybody to ask it ends at once.
func (g *Group) unsettle() {
	g.sweep++
	g.awaited = 0
	for _, m := range g.sorted {
		m.asking, m.awaited, m.parked = false, false, nil
		if m.lent && m.given() {
			g.reread(m)
			g.recall(m)
		}
		switch m.Ask {
		case Granted:
			m.awaited = true
			g.awaited++
			g.reread(m)
		case Asked:
			g.doubts.add(m)
		}
	}
	g.sweeping = g.awaited > 0 || len(g.recalls) > 0
	g.ready = !g.sweeping
	g.signal()
}

// answered takes in that m's probe needs no answer any more.
func (g *Group) answered(m *member) {
	if m.awaited {
		m.awaited = false
		g.awaited--
	}
}

// Wants lists what the group wants of the server: members to be asked for
// their presence for the first time, and members whose presence is to be
// probed. The caller sends the requests and then says so with [Group.Asked]
// and [Group.Swept].
func (g *Group) Wants() (ask, probe []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, nil
	}
	for _, m := range g.sorted {
		if m.Ask == Unasked && !m.asking && m.shares && !m.lent {
			m.asking = true
			ask = append(ask, m.JID)
		}
		if m.awaited && g.sweeping {
			if g.roster.census.absent(m.JID) {
				g.answered(m)
				continue
			}
			probe = append(probe, m.JID)
			delete(g.refresh, m)
		}
	}
	for m := range g.refresh {
		if m.Ask == Granted {
			probe = append(probe, m.JID)
		}
	}
	g.refresh = nil
	return ask, probe
}

// Request calls send if jid, whom [Group.Wants] has named, is still to be
// asked: not if he was removed meanwhile or shares nothing any more. Nothing
// comes between; send must neither wait nor call back.
func (g *Group) Request(jid string, send func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if m := g.live(jid); m != nil && m.asking && !g.closed {
		send()
	}
}

// Doubtful lists members, once, who may grant us their presence without our
// knowing it, such as those whose answer to our request was lost with the
// link. The caller finds out and says so with [Group.OnProved]. Asking again
// would not do, for who has denied would be asked twice; nor would a probe,
// for there are servers on which that takes a waiting request back.
func (g *Group) Doubtful() (jids []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for m := range g.doubts {
		jids = append(jids, m.JID)
	}
	g.doubts = nil
	return jids
}

// Swept says that every probe has had its time. With early set it only ends
// the sweep if all of them are answered; it returns whether the sweep is over.
// Devices nobody mentioned are gone then: silence means offline.
func (g *Group) Swept(early bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.sweeping {
		g.signal()
		return true
	}
	if early && g.awaited > 0 {
		return false
	}
	g.sweeping, g.ready = false, true
	defer g.rearm()
	for _, m := range g.sorted {
		g.answered(m)
		if m.presence == nil {
			continue
		}
		for _, d := range m.devices {
			if d.sweep != g.sweep {
				g.hold(m.JID, d.resource)
			}
		}
		if changed := m.presence.expire(m.Combination, g.sweep); changed != 0 {
			g.changed(m, changed)
			if len(m.devices) == 0 {
				g.hold(m.JID, "")
			}
		}
	}
	g.signal()
	return true
}

// Open lets the group speak although its sweep has not ended: better an old
// word than none for long. The sweep goes on.
func (g *Group) Open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ready = true
	g.signal()
}
