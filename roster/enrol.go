package roster

import (
	"context"
	"fmt"
	"slices"
)

// AddMembers adds members, all or none, and asks them for their presence.
// InvalidError, ErrMemberExists, ErrNoGroup.
func (r *Roster) AddMembers(ctx context.Context, group string, members ...MemberRecord) error {
	g, err := r.editing(ctx, group)
	if err != nil {
		return err
	}
	defer g.edit.Unlock()
	return g.add(ctx, members...)
}

// add is AddMembers with edit held. Who waited for it with a request to have
// the group as a contact gets that as well.
func (g *Group) add(ctx context.Context, members ...MemberRecord) error {
	if err := g.native(); err != nil {
		return err
	}
	var jids []string
	for i := range members {
		members[i].Agreed, members[i].Elsewhere, members[i].Precision = "", "", Exact // to the present default
		members[i].Said, members[i].Trusts = "", ""                                   // his to say
		jids = append(jids, members[i].JID)
	}
	if err := g.checkNew(members); err != nil {
		return err
	}
	if err := g.roster.store.StoreMembers(ctx, g.name, members...); err != nil {
		return err
	}
	g.mu.Lock()
	special := g.special()
	var contacts []string
	for _, rec := range members {
		if g.visitors[rec.JID].Contact {
			contacts = append(contacts, rec.JID)
		}
		delete(g.visitors, rec.JID)
		delete(g.vows, rec.JID)
		g.join(rec.Clone(), special)
		if len(g.byOwner[rec.JID]) > 0 {
			special = g.special() // his watches have moved
		}
	}
	g.signal()
	g.mu.Unlock()
	g.roster.outbox.Wanted(g)
	g.reshare(ctx, jids...)
	for _, jid := range jids {
		g.admitted(ctx, jid)
		g.gather(ctx, jid)
	}
	for _, jid := range contacts {
		if _, err := g.greet(ctx, jid); err != nil {
			g.roster.log.Warn("contact not approved", "group", g.name, "error", err) // he asks again
		}
	}
	return nil
}

func (g *Group) checkNew(members []MemberRecord) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.sorted)+len(members) > MaxMembers {
		return fmt.Errorf("%w: a group has at most %d members", ErrLimit, MaxMembers)
	}
	if err := validateMembers(members); err != nil {
		return err
	}
	for i := range members {
		if _, _, is := g.roster.ParseHookJID(members[i].JID); is {
			return invalid("member.jid", "%s is a webhook's", members[i].JID)
		}
		if g.live(members[i].JID) != nil {
			return fmt.Errorf("%w: %s", ErrMemberExists, members[i].JID)
		}
	}
	return nil
}

// renewAll owes the watches of owner, whose standing has changed together with
// those of others, the full state. What looks different from there depends on
// who came first, and what the rules of that one say to whom he was until then:
// that he got the full state, or did not, would tell him.
func (g *Group) renewAll(owner string) {
	for _, w := range g.byOwner[owner] {
		if w.node != NodeContact {
			w.moved = g.version
			w.renew()
		}
	}
}

// join adds a member to the running group, with others.
func (g *Group) join(rec MemberRecord, special []*Watch) {
	g.version++
	auth := g.auths[rec.JID]
	if auth != nil {
		g.stranger(rec.JID, -1)
	}
	g.refer(auth, 1) // before anything is decided about him
	old := g.entry(rec.JID)
	if old != nil {
		g.revive(old, special)
	}
	m := g.insert(rec)
	m.auth = auth
	g.index(m)
	g.schedule(m)
	g.keep1(m)
	m.access = g.version
	before := g.before(m)
	if old != nil {
		g.redecideFor(m, special)
	} else {
		g.admit(m, special)
	}
	g.rekey(m.JID, before)
	g.renewAll(m.JID)
}

// UpdateMember changes one member's record by edit; his JID stays.
// InvalidError, ErrNoMember, ErrNoGroup.
func (r *Roster) UpdateMember(ctx context.Context, group, jid string, edit func(*MemberRecord) error) error {
	g, err := r.editing(ctx, group)
	if err != nil {
		return err
	}
	defer g.edit.Unlock()
	return g.changeMember(ctx, jid, edit)
}

// changeMember is UpdateMember with edit held.
func (g *Group) changeMember(ctx context.Context, jid string, edit func(*MemberRecord) error) error {
	g.mu.Lock()
	m := g.live(jid)
	if m == nil {
		g.mu.Unlock()
		return fmt.Errorf("%w: %s", ErrNoMember, jid)
	}
	rec := m.record()
	g.mu.Unlock()
	his := rec
	if err := edit(&rec); err != nil {
		return err
	}
	rec.Ask, rec.Agreed, rec.Elsewhere, rec.ByContact, rec.Combination = his.Ask, his.Agreed, his.Elsewhere, his.ByContact, his.Combination // his to say
	rec.Said, rec.Trusts, rec.Precision = his.Said, his.Trusts, his.Precision
	if rec.JID != jid {
		return invalid("jid", "a member's JID cannot change")
	}
	if err := validateMembers([]MemberRecord{rec}); err != nil {
		return err
	}
	if !g.appoints(&his, &rec) {
		return g.native()
	}
	if err := g.roster.store.StoreMembers(ctx, g.name, rec); err != nil {
		return err
	}
	g.mu.Lock()
	g.setRecord(m, rec)
	who := g.watcher(jid)
	ended := g.endOf(jid, func(*Watch) bool { return g.mayWatch(&who) != nil })
	g.signal()
	g.mu.Unlock()
	g.forget(ctx, ended)
	g.reshare(ctx, jid)
	g.gather(ctx, jid)
	return nil
}

// setRecord puts rec in force, and says whether m's standing is another one.
func (g *Group) setRecord(m *member, rec MemberRecord) (standing bool) {
	roles := !slices.Equal(m.Roles, rec.Roles)
	standing = roles || m.Affiliation != rec.Affiliation
	seen := roles || m.Nick != rec.Nick || !slices.Equal(m.Attributes, rec.Attributes)
	m.setRecord(&rec)
	if !seen && !standing {
		return false
	}
	g.version++
	if seen { // nobody sees an affiliation
		m.basic = g.version
	}
	g.touch(m, 0)
	if standing {
		m.access = g.version
		before := g.before(m)
		g.redecide(m)
		g.rekey(m.JID, before)
		g.keep1(m)
	}
	return standing
}

// RemoveMember takes a member out of the group, with his subscriptions and
// his contact. ErrNoMember, ErrNoGroup.
func (r *Roster) RemoveMember(ctx context.Context, group, jid string) error {
	g, err := r.editing(ctx, group)
	if err != nil {
		return err
	}
	defer g.edit.Unlock()
	if err := g.native(); err != nil {
		return err
	}
	return g.remove(ctx, jid)
}

// remove is RemoveMember with edit held.
func (g *Group) remove(ctx context.Context, jid string) error {
	if err := g.roster.store.DeleteMember(ctx, g.name, jid); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.live(jid)
	if m == nil {
		return fmt.Errorf("%w: %s", ErrNoMember, jid)
	}
	g.expel(m)
	g.signal()
	return nil
}

// expel takes a member out of the running group. mu is held.
func (g *Group) expel(m *member) {
	for _, w := range slices.Clone(g.byOwner[m.JID]) {
		g.ended(w)
		g.dropWatch(w)
	}
	g.withdraw(m)
	g.version++
	g.bury(m)
	if g.roster.granted != nil {
		g.roster.outbox.Wanted(g) // a peer may want to know of everybody who is here
	}
}
