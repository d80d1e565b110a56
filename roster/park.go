package roster

import "github.com/rollcall-xmpp/rollcall/policy"

// What a member keeps at his server (see [Group.OnElsewhere]) may have changed
// while nobody could tell us of it: while the link was down, while he was
// offline, before he granted us his presence. So it is read again then, and
// nothing is shown of him before: after a lost link the group as a whole is
// silent (see [Group.Swept]), and who comes from being offline is parked.

// Unread lists, once, members whose server is to be asked what they keep
// there. The caller finds out, says so with [Group.OnElsewhere], and then with
// [Group.Read], also when there was no answer.
func (g *Group) Unread() (jids []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.unread == 0 {
		return nil
	}
	jids = make([]string, 0, g.unread)
	for _, m := range g.sorted {
		if m.unread && m.given() && !g.closed {
			jids = append(jids, m.JID)
		}
		g.inquired(m)
	}
	return jids
}

// inquire has [Group.Unread] list m.
func (g *Group) inquire(m *member) {
	if !m.unread {
		m.unread = true
		g.unread++
	}
}

func (g *Group) inquired(m *member) {
	if m.unread {
		m.unread = false
		g.unread--
	}
}

// Read says that jid's server was asked: what was parked of him is shown, as
// far as the policies allow it now.
func (g *Group) Read(jid string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.live(jid)
	if m == nil {
		return
	}
	if m.unsure = false; m.parked == nil {
		return
	}
	parked := m.parked
	m.parked = nil
	if !m.given() || m.keeps == 0 {
		return
	}
	if m.presence == nil {
		m.presence = &presence{}
	}
	var changed policy.Mask
	var spare Presence
	for i := range parked.devices {
		d := &parked.devices[i]
		changed |= m.presence.set(m.Combination, []byte(d.resource), d.said().kept(m.keeps, &spare), d.at, g.sweep)
	}
	if changed != 0 {
		g.changed(m, changed)
	}
}

// park says whether p has to wait until m's server was asked.
func (g *Group) park(m *member, resource []byte, p *Presence) bool {
	if !g.roster.reads || g.sweeping {
		return false
	}
	there := m.presence != nil && len(m.devices) > 0
	if p.Show == Offline {
		if there || m.parked == nil {
			return false
		}
		if m.parked.set(m.Combination, resource, p, g.clock, g.sweep); len(m.parked.devices) == 0 {
			m.parked = nil
		}
		return true
	}
	at := m.presence
	if !there {
		if m.might == 0 {
			return true // nothing is acquired of him, whatever his server says
		}
		if m.parked == nil {
			m.parked = &presence{}
		}
		at = m.parked
	}
	if _, known := at.find(resource); !known {
		g.inquire(m) // a new device may be one that nobody could tell us of
		g.roster.outbox.Wanted(g)
	}
	if there {
		return false
	}
	var spare Presence
	m.parked.set(m.Combination, resource, p.kept(m.might, &spare), g.clock, g.sweep)
	return true
}

// Grants says whether jid is a member whose presence is taken in.
func (g *Group) Grants(jid string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.live(jid)
	return m != nil && m.given() && !g.closed
}

// Calls says what of jid's own events the group has to tell him that it wants
// ([Group.Interest]), if it has to: he lets us have his presence, and has the
// group not as a contact, for then that presence says it, and another would take
// its place.
func (g *Group) Calls(jid string) (interest policy.Mask, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.live(jid)
	if m == nil || m.Ask != Granted || g.contact(jid) != nil {
		return 0, false
	}
	return m.interest(), true
}

// Granted lists those members, in order.
func (g *Group) Granted() (jids []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, m := range g.sorted {
		if m.Ask == Granted && !m.withdrawn {
			jids = append(jids, m.JID)
		}
	}
	return jids
}
