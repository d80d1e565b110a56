package roster

import "github.com/rollcall-xmpp/rollcall/policy"

// A member's time zone nobody publishes: his device has to be asked (XEP-0202).
// The one that speaks for him is, when he comes, if somebody may see it, and
// then once in each period at most, however often he comes: see [Group.Retime].

// lookUp has it read what m has of kinds, as far as it is wanted, soon.
func (g *Group) lookUp(m *member, kinds policy.Mask) {
	if kinds &= m.interest(); kinds == 0 || m.Ask != Granted {
		return
	}
	m.pulls |= kinds
	if !m.unsure { // else it is read behind what he keeps at his server
		g.sought.add(m)
		g.roster.outbox.Wanted(g)
	}
}

// retime has m's device asked, if he is there and it was not asked in this
// period.
func (g *Group) retime(m *member) {
	if m.keeps&policy.Timezone != 0 && !m.clocked && m.isAvailable() {
		g.lookUp(m, policy.Timezone)
	}
}

// Retime lets another period begin for the members that due says it of.
func (g *Group) Retime(due func(jid string) bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, m := range g.sorted {
		if m.keeps&policy.Timezone != 0 && due(m.JID) {
			m.clocked = false
			g.retime(m)
		}
	}
}

// Sought lists, once, members of whom something is to be read ([Group.Pull]).
func (g *Group) Sought() (jids []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for m := range g.sought {
		if m.Ask == Granted && m.gone == 0 && !g.closed {
			jids = append(jids, m.JID)
		}
	}
	g.sought = nil
	return jids
}

// Speaker is the device that speaks for jid, "" if he is not there, or has
// none by a name.
func (g *Group) Speaker(jid string) (resource string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.live(jid)
	if m == nil || !m.isAvailable() {
		return ""
	}
	return m.best(m.Combination).resource
}
