package roster

import (
	"slices"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// Told is what a peer tells of a member whose presence is its to tell, as a
// whole: what it says nothing of is not so. What he publishes comes by
// [Group.HearItem].
type Told struct {
	Devices []ToldDevice // the first speaks for him, whatever his rule: the peer has combined them; none = he is offline
	Photo   []byte       // XEP-0153: the hash of his picture, empty = he has none
	Willing []Willing    // with who said so on his behalf
	Reports []Report     // the status and the activity that others said on his behalf
}

// ToldDevice is one device as a peer shows it.
type ToldDevice struct {
	Resource string
	Presence
	Connection Connection
}

// combined is what a member's devices are together.
const combined = policy.Counted | policy.Availability | policy.Connection | policy.Show | policy.Status | policy.Idle | policy.Capabilities

// Acquired is what is taken in of jid, nothing of who is no member: the rest need not even be read.
// What he keeps at his server may allow less by the time it counts.
func (g *Group) Acquired(jid string) policy.Mask {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.live(jid)
	if m == nil || !m.given() {
		return 0
	}
	return m.might
}

// borrowed says whether m's presence is a peer's to tell. Who had granted it to
// the group himself is heard himself.
func (m *member) borrowed(r *Roster) bool {
	return m.lent && m.Ask != Granted && r.taken != nil && r.taken(m.JID)
}

// HearTold takes in what a peer tells of a member, at once: nobody is shown a
// part of it. It is ignored of who is not the peer's to tell of.
func (g *Group) HearTold(jid string, t *Told) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.live(jid)
	if m == nil || !m.given() || !m.borrowed(g.roster) {
		return
	}
	g.answered(m)
	g.clock++
	portrait := m.portray(append([]byte{}, t.Photo...)) // nil would say nothing
	g.hearWords(m, t)
	parked := g.parkTold(m, t)
	if len(t.Devices) > 0 { // he can be reached
		for _, d := range t.Devices {
			g.release(m.JID, d.Resource)
		}
		g.release(m.JID, "")
		g.signal()
	}
	if parked || m.keeps == 0 || m.presence == nil && len(t.Devices) == 0 {
		return
	}
	if m.presence == nil {
		m.presence = &presence{}
	}
	gone := m.absent(t)
	if changed := m.presence.settle(m, t, m.keeps, g) | portrait; changed != 0 {
		g.changed(m, changed)
	}
	for _, resource := range gone {
		g.reach(m, resource, Offline)
	}
}

// absent lists the devices that t does not have.
func (m *member) absent(t *Told) (gone []string) {
	for i := range m.devices {
		if !t.has(m.devices[i].resource) {
			gone = append(gone, m.devices[i].resource)
		}
	}
	return gone
}

func (t *Told) has(resource string) bool {
	return slices.ContainsFunc(t.Devices, func(d ToldDevice) bool { return d.Resource == resource })
}

// settle makes p what t says, as far as keeps goes, and says which kinds changed.
// Only the first device listens (RFC 6121 §4.7.2.3), so that it speaks by any
// rule; priorities are shown to nobody.
func (p *presence) settle(m *member, t *Told, keeps policy.Mask, g *Group) (changed policy.Mask) {
	was, could := p.state, p.can()
	var spare Presence
	for i := range t.Devices {
		d := t.Devices[i].Presence
		d.connection, d.Priority, d.Delayed, d.Photo = t.Devices[i].Connection, -1, false, nil
		if i == 0 {
			d.Priority = 0
		}
		changed |= p.set(m.Combination, []byte(t.Devices[i].Resource), d.kept(keeps, &spare), g.clock, g.sweep)
	}
	for i := len(p.devices) - 1; i >= 0; i-- {
		if resource := p.devices[i].resource; !t.has(resource) {
			changed |= p.set(m.Combination, []byte(resource), &Presence{}, g.clock, g.sweep)
		}
	}
	p.state = was // what it was in between nobody saw
	return changed&^combined | p.after(could, true) | p.recombine(m.Combination)
}

// parkTold is park for what a peer tells.
func (g *Group) parkTold(m *member, t *Told) bool {
	if !g.roster.reads || g.sweeping {
		return false
	}
	there := m.presence != nil && len(m.devices) > 0
	at := m.presence
	if !there {
		at = m.parked
	}
	for _, d := range t.Devices {
		known := false
		if at != nil {
			_, known = at.find([]byte(d.Resource))
		}
		if !known && m.might != 0 {
			g.inquire(m)
			g.roster.outbox.Wanted(g)
		}
	}
	switch {
	case there:
		return false
	case len(t.Devices) == 0 || m.might == 0:
		m.parked = nil
	default:
		m.parked = &presence{}
		m.parked.settle(m, t, m.might, g)
	}
	return true
}

// hearWords takes in what is said of m's willingness, and what others said on his
// behalf. It is not stored: the peer tells it again.
func (g *Group) hearWords(m *member, t *Told) {
	odd := func(x Willing) bool { return x.Source != "" && validateBot(x.Source) != nil }
	said := slices.DeleteFunc(slices.Clone(t.Willing), odd)
	if m.keeps&policy.Willingness == 0 || validateWilling(said) != nil {
		said = nil
	}
	var reports []Report
	for _, r := range t.Reports {
		r.Willing = nil
		if r = r.only(m.keeps); r.what() != 0 && validateBot(r.Bot) == nil && r.validate() == nil && len(reports) < MaxTrusts {
			reports = append(reports, r)
		}
	}
	if m.words == nil {
		if len(said)+len(reports) == 0 {
			return
		}
		m.words = &speech{}
	}
	m.words.published, m.words.told = said, reports
	g.reword(m)
	g.wind()
}
