package roster

import (
	"context"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// What no rule of anybody grants, or the group does not collect, is not held;
// and of whom nothing is acquired is not subscribed to. Of a device its name,
// its priority and that it is there are held as long as anything is: without
// them a member's devices cannot be told apart.

// kept is p without what mask does not have. It may be p itself.
func (p *Presence) kept(mask policy.Mask, spare *Presence) *Presence {
	const all = policy.Show | policy.Status | policy.Idle | policy.Capabilities
	if mask&all == all && (mask&policy.Connection != 0 || p.connection == On) {
		return p
	}
	*spare = *p
	if mask&policy.Show == 0 && p.Show != Offline {
		spare.Show = Online
	}
	if mask&policy.Status == 0 {
		spare.Status = nil
	}
	if mask&policy.Idle == 0 {
		spare.Idle = nil
	}
	if mask&policy.Capabilities == 0 {
		spare.Can = nil
	}
	if mask&policy.Connection == 0 {
		spare.connection = On
	}
	return spare
}

// drop forgets what mask does not have, and says which kinds that changed.
func (p *presence) drop(by Combination, mask policy.Mask) (changed policy.Mask) {
	var spare Presence
	could := p.can()
	for i := range p.devices {
		d := &p.devices[i]
		changed |= d.set(d.said().kept(mask, &spare), d.at, d.sweep)
	}
	return changed | p.after(could, true) | p.recombine(by)
}

// keep1 brings what is held of m in line with the policies: what is no longer
// acquired is forgotten, what is now acquired in addition is asked for.
func (g *Group) keep1(m *member) {
	was, wasMight, wanted := m.keeps, m.might, m.interest()
	s := m.subject()
	m.keeps = g.policy.Acquires(g.now(), &s)
	s.Elsewhere = nil // who shares nothing by that is still asked, or his next word would not reach us
	m.might = g.policy.Acquires(g.now(), &s)
	m.shares = m.might != 0
	if m.lent && wasMight&^m.might != 0 {
		g.roster.census.narrow(m.JID, m.might)
	}
	if m.lent && wasMight != m.might && !g.building {
		g.roster.outbox.Wanted(g) // who lends it need know
	}
	if m.keeps == was {
		return
	}
	g.respeak(m, was)
	g.court(m, wanted)
	dropped := m.unpublish(m.keeps)
	if was == 0 && m.parked == nil && g.version > m.named { // not as he joins, or is loaded
		g.refreshed(m) // whether he is there is not known
	}
	if m.presence == nil || len(m.devices) == 0 {
		return
	}
	if m.keeps == 0 {
		g.silence(m)
		return
	}
	if was&^m.keeps != 0 {
		if changed := m.presence.drop(m.Combination, m.keeps) | dropped; changed != 0 {
			g.changed(m, changed)
		}
	}
	if m.keeps&^was != 0 {
		g.refreshed(m)
	}
}

// refreshed has it found out how m is, for more of him is wanted now.
func (g *Group) refreshed(m *member) {
	if m.Ask == Granted {
		g.refresh.add(m)
		g.roster.outbox.Wanted(g)
	}
	g.recall(m)
}

// reshare makes our subscriptions to the members' presence follow the
// policies: given back of whom nothing is acquired, asked for of the others.
// Without names it is about all members. edit is held.
//
// The policies are in force already, and nothing is held of whom nothing is
// acquired; if the store fails, only the subscription stays, until the next
// change.
func (g *Group) reshare(ctx context.Context, jids ...string) {
	g.restate(ctx)
	withdrawn, ask := g.unshared(jids)
	if ask {
		g.roster.outbox.Wanted(g)
	}
	if err := g.storeAsk(ctx, withdrawn); err != nil {
		g.roster.log.Error("subscriptions to presence not given back", "group", g.name, "members", len(withdrawn), "error", err)
		return
	}
	for _, rec := range withdrawn {
		g.roster.outbox.Presence(g.name, rec.JID, Unsubscribe)
	}
}

// unshared lists the members whose presence is to be given back, and says
// whether some are to be asked.
func (g *Group) unshared(jids []string) (withdrawn []MemberRecord, ask bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, false
	}
	visit := func(m *member) {
		switch asked := m.Ask == Asked || m.Ask == Granted || m.asking; {
		case m.shares:
			ask = ask || m.Ask == Unasked
		case asked:
			rec := m.record()
			rec.Ask = Unasked
			withdrawn = append(withdrawn, rec)
		}
	}
	for _, j := range jids {
		if m := g.live(j); m != nil {
			visit(m)
		}
	}
	if len(jids) == 0 {
		for _, m := range g.sorted {
			visit(m)
		}
	}
	return withdrawn, ask
}
