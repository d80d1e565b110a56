package roster

import (
	"context"
	"errors"
	"slices"
)

// The two directions of a subscription between a user and the group
// (RFC 6121 §3) have nothing to do with each other: Ask is the group's, to a
// member's presence; a contact is the user's, to the group's presence.

// Asked says that the requests of [Group.Wants] have reached the server, and
// remembers it.
func (g *Group) Asked(ctx context.Context, jids []string) error {
	g.edit.Lock()
	defer g.edit.Unlock()
	var recs []MemberRecord
	g.mu.Lock()
	for _, j := range jids {
		if m := g.live(j); m != nil && m.Ask == Unasked && m.asking {
			rec := m.record()
			rec.Ask = Asked
			recs = append(recs, rec)
		}
	}
	g.mu.Unlock()
	return g.storeAsk(ctx, recs)
}

// storeAsk writes the records' Ask and puts it in force. edit is held.
func (g *Group) storeAsk(ctx context.Context, recs []MemberRecord) error {
	if len(recs) == 0 {
		return nil
	}
	if err := g.roster.store.StoreMembers(ctx, g.name, recs...); err != nil {
		return err
	}
	for _, jid := range g.setAsk(recs) {
		g.roster.census.revisit(jid)
	}
	return nil
}

// setAsk puts the records' Ask in force. It lists those of whom others tell, and
// who let the group have nothing any more.
func (g *Group) setAsk(recs []MemberRecord) (refused []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, rec := range recs {
		m := g.live(rec.JID)
		if m == nil {
			continue
		}
		was, wanted := m.given() || m.Ask == Granted, m.interest()
		m.Ask, m.asking = rec.Ask, false
		if was && m.Ask != Granted && !m.given() {
			g.silence(m)
		}
		if g.court(m, wanted); m.Ask == Granted || m.given() {
			g.reread(m)
			g.roster.outbox.Wanted(g)
		}
		if !was {
			g.recall(m)
		}
		m.consents = m.consents && m.Ask != Refused
		m.withdrawn = m.withdrawn && m.Ask == Granted
		if m.lent && !m.given() {
			refused = append(refused, m.JID)
		}
	}
	return refused
}

// silence forgets the presence of a member who no longer shares it. Whether he
// can be reached is not known any more: that counts as reachable.
func (g *Group) silence(m *member) {
	g.answered(m)
	m.parked = nil
	m.unpublish(0)
	for _, w := range g.byOwner[m.JID] {
		w.release()
	}
	if m.presence != nil {
		g.clock++
		if changed := m.presence.set(m.Combination, nil, &Presence{}, g.clock, g.sweep); changed != 0 {
			g.changed(m, changed)
		}
	}
	g.unhear(m)
	g.parted(m)
	g.signal()
}

// Approves takes in at once what jid's server says of his approval, while
// [Group.OnUnsubscribed] or [Group.OnProved] waits for the store. It only
// hides: who has withdrawn his approval is not heard.
func (g *Group) Approves(jid string, yes bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.live(jid)
	if m == nil {
		return
	}
	if m.withdrawn && yes && m.Ask == Granted {
		g.reread(m) // what was held is forgotten
		g.roster.outbox.Wanted(g)
	}
	was := m.given()
	if m.withdrawn = !yes; !yes && was {
		g.silence(m)
	}
}

// turnAsk brings a member's Ask to next if now is one of from.
func (g *Group) turnAsk(ctx context.Context, jid string, next Ask, from func(m *member) bool) (bool, error) {
	g.edit.Lock()
	defer g.edit.Unlock()
	return g.turnAskLocked(ctx, jid, next, from)
}

func (g *Group) turnAskLocked(ctx context.Context, jid string, next Ask, from func(m *member) bool) (bool, error) {
	g.mu.Lock()
	m := g.live(jid)
	if m == nil || !from(m) {
		g.mu.Unlock()
		return false, nil
	}
	rec := m.record()
	g.mu.Unlock()
	rec.Ask = next
	return true, g.storeAsk(ctx, []MemberRecord{rec})
}

// OnSubscribed takes in that a user approved our request. The presence that
// the server sends along may have come before the approval was stored, and was
// ignored then; so it is probed. An approval that does not fit what we know
// counts only if his server proves it.
func (g *Group) OnSubscribed(ctx context.Context, jid string) error {
	turned, err := g.turnAsk(ctx, jid, Granted, func(m *member) bool { return m.Ask == Asked || m.Ask == Unasked && m.asking })
	switch {
	case err != nil:
	case turned:
		g.roster.outbox.Presence(g.name, jid, Probe)
	default:
		g.mu.Lock()
		defer g.mu.Unlock()
		if m := g.live(jid); m != nil {
			g.doubt(m)
		}
	}
	return err
}

// doubt has it found out whether m grants us his presence, although we know of
// no grant: he may have been asked and have answered while the link was down.
func (g *Group) doubt(m *member) {
	if m.Ask == Asked || m.Ask == Refused || m.withdrawn {
		g.doubts.add(m)
		g.roster.outbox.Wanted(g)
	}
}

// OnProved takes in that a member of [Group.Doubtful] grants us his presence.
func (g *Group) OnProved(ctx context.Context, jid string) error {
	turned, err := g.turnAsk(ctx, jid, Granted, func(m *member) bool { return m.Ask != Unasked })
	if turned && err == nil {
		g.roster.outbox.Presence(g.name, jid, Probe)
	}
	return err
}

// OnUnsubscribed takes in that a user denied our request, or withdrew his
// approval. It is remembered: he is not asked again unless he does something.
func (g *Group) OnUnsubscribed(ctx context.Context, jid string) error {
	_, err := g.turnAsk(ctx, jid, Refused, func(m *member) bool { return m.Ask != Refused && (m.Ask != Unasked || m.asking || m.lent) })
	return err
}

// OnSubscribe takes in that a user wants the group as a contact. That is a
// wish to join; where it is refused he may still watch, if he may. While he
// waits for an admin's answer so does his request. The others get the
// stranger's answer. It is also something a member does: who did not grant us
// his presence is asked once more.
func (g *Group) OnSubscribe(ctx context.Context, jid string) error {
	g.edit.Lock()
	defer g.edit.Unlock()
	waits, err := g.knock(ctx, jid)
	if waits || err != nil {
		return err
	}
	if welcome, err := g.greet(ctx, jid); !welcome || err != nil {
		return err
	}
	again, err := g.turnAskLocked(ctx, jid, Unasked, func(m *member) bool { return m.Ask == Asked || m.Ask == Refused })
	if again && err == nil {
		g.roster.outbox.Wanted(g)
	}
	return err
}

// knock lets who adds the group as a contact join, as far as he may. waits
// says that he gets no answer yet. If the store fails his request stays open.
func (g *Group) knock(ctx context.Context, jid string) (waits bool, err error) {
	g.mu.Lock()
	who := g.watcher(jid)
	watches, member := g.mayWatch(&who) == nil, g.live(jid) != nil
	g.mu.Unlock()
	if member {
		return false, nil
	}
	joined, err := g.seek(ctx, MemberRecord{JID: jid, Affiliation: Plain, ByContact: true})
	var bad *InvalidError
	switch {
	case err == nil:
		return !joined && !watches, nil
	case errors.Is(err, ErrForbidden), errors.Is(err, ErrRefused), errors.Is(err, ErrNoGroup), errors.Is(err, ErrLimit), errors.As(err, &bad):
		return false, nil
	}
	return false, err
}

// greet makes jid a contact if he may watch, and refuses him if not. edit is
// held.
func (g *Group) greet(ctx context.Context, jid string) (welcome bool, err error) {
	g.mu.Lock()
	who := g.watcher(jid)
	refused := g.mayWatch(&who) != nil
	g.mu.Unlock()
	if refused {
		g.roster.outbox.Presence(g.name, jid, Unsubscribed)
		return false, nil
	}
	return true, g.accept(ctx, jid)
}

// accept makes jid, who may watch, a contact. If the store fails he is told
// nothing: his request stays open. edit is held.
func (g *Group) accept(ctx context.Context, jid string) error {
	g.mu.Lock()
	known := g.contact(jid) != nil
	g.mu.Unlock()
	if !known {
		if err := g.roster.store.StoreContact(ctx, g.name, jid); err != nil {
			return err
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.roster.outbox.Presence(g.name, jid, Subscribed)
	if w := g.contact(jid); w != nil {
		w.reset()
		if each := g.resources(jid); each != nil {
			each.reset()
		}
	} else {
		g.addContact(jid)
	}
	g.signal()
	return nil
}

// OnUnsubscribe takes in that a user no longer wants the group as a contact.
// It ends a membership that the contact made, and a wish for one.
func (g *Group) OnUnsubscribe(ctx context.Context, jid string) error {
	g.edit.Lock()
	defer g.edit.Unlock()
	g.mu.Lock()
	known, made := g.contact(jid) != nil, false
	if m := g.live(jid); m != nil {
		made, m.consents = m.ByContact && g.source == "", false
	}
	v := g.visitors[jid]
	g.mu.Unlock()
	switch {
	case made:
		return g.remove(ctx, jid)
	case v.State == Applied && v.Contact:
		if err := g.dismissVisitor(ctx, jid); err != nil {
			return err
		}
		g.dismissed(ctx, jid)
		return nil
	case !known:
		return nil
	}
	if err := g.roster.store.DeleteContact(ctx, g.name, jid); err != nil {
		return err
	}
	rec := contactRecord(jid)
	if err := g.roster.store.DeleteSubscriptions(ctx, g.name, rec.ID, resourcesRecord(&rec).ID); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if w := g.resources(jid); w != nil {
		g.vanish(w)
		g.dropWatch(w)
	}
	if w := g.contact(jid); w != nil {
		g.dropWatch(w)
		g.roster.outbox.Presence(g.name, jid, Unavailable)
	}
	return nil
}

// OnProbe takes in a probe (RFC 6121 §4.3): a contact's server wants to show
// the group again, at the address to.
func (g *Group) OnProbe(jid, to string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	w := g.contact(jid)
	if w == nil {
		g.roster.outbox.Presence(g.name, jid, Unsubscribed)
		return
	}
	if each := g.resources(jid); each != nil {
		each.reset()
		g.signal()
	}
	if w.lag != nil {
		w.reset()
		g.signal()
		return
	}
	// Beyond the bound he has more answers under way than he can use.
	_ = g.queue(&Question{Node: NodeContact, Watcher: jid, To: to, Max: -1, Index: -1})
}

// contact is jid's watch of the aggregate presence, or nil.
func (g *Group) contact(jid string) *Watch {
	i := slices.IndexFunc(g.byOwner[jid], func(w *Watch) bool { return w.node == NodeContact })
	if i < 0 {
		return nil
	}
	return g.byOwner[jid][i]
}

// Contacts lists the bare JIDs that show the group now.
func (g *Group) Contacts() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []string
	for jid := range g.byOwner {
		if w := g.contact(jid); w != nil && w.lag == nil {
			all = append(all, jid)
		}
	}
	slices.Sort(all)
	return all
}
