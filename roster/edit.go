package roster

import (
	"context"
	"fmt"
	"slices"
)

// Every change of hard state goes the same way: check it, write it, and only
// then let memory and the world know.

// UpdateGroup changes the settings by edit. InvalidError, ErrNoGroup; when it
// fails nothing has changed.
func (r *Roster) UpdateGroup(ctx context.Context, name string, edit func(*Settings) error) error {
	g, err := r.Group(ctx, name)
	if err != nil {
		return err
	}
	g.edit.Lock()
	defer g.edit.Unlock()
	g.mu.Lock()
	s := g.settings.Clone()
	g.mu.Unlock()
	if err := edit(&s); err != nil {
		return err
	}
	if err := s.validate(); err != nil {
		return err
	}
	if err := r.store.StoreSettings(ctx, name, s); err != nil {
		return err
	}
	ended := g.setSettings(s)
	if len(ended) == 0 {
		return nil
	}
	if err := r.store.DeleteSubscriptions(ctx, name, ended...); err != nil {
		// The settings are in force; such a subscription is not loaded again.
		r.log.Warn("ended subscriptions not deleted", "group", name, "error", err)
	}
	return nil
}

// setSettings puts s in force and returns the subscriptions whose nodes are
// no more.
func (g *Group) setSettings(s Settings) (ended []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.version++
	if old := &g.settings; old.Title != s.Title || old.Description != s.Description || old.Language != s.Language {
		g.info = g.version
	}
	if !slices.Equal(g.settings.Attributes, s.Attributes) {
		g.infoBasic = g.version
	}
	g.settings = s
	for id, w := range g.watches {
		if !s.Payload.Has(w.node) {
			ended = append(ended, id)
			g.ended(w)
			g.dropWatch(w)
		}
	}
	g.signal()
	return ended
}

// AddMembers adds members, all or none, and asks them for their presence.
// InvalidError, ErrMemberExists, ErrNoGroup.
func (r *Roster) AddMembers(ctx context.Context, group string, members ...MemberRecord) error {
	g, err := r.Group(ctx, group)
	if err != nil {
		return err
	}
	g.edit.Lock()
	defer g.edit.Unlock()
	if err := g.checkNew(members); err != nil {
		return err
	}
	if err := r.store.StoreMembers(ctx, group, members...); err != nil {
		return err
	}
	g.mu.Lock()
	special := g.special()
	for _, rec := range members {
		g.join(rec.Clone(), special)
		if len(g.byOwner[rec.JID]) > 0 {
			special = g.special() // his watches have moved
		}
	}
	g.signal()
	g.mu.Unlock()
	r.outbox.Wanted(g)
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
		if g.live(members[i].JID) != nil {
			return fmt.Errorf("%w: %s", ErrMemberExists, members[i].JID)
		}
	}
	return nil
}

// join adds a member to the running group.
func (g *Group) join(rec MemberRecord, special []*Watch) {
	g.version++
	auth := g.auths[rec.JID]
	g.refer(auth, 1) // before anything is decided about him
	old := g.members[rec.JID]
	if old != nil {
		g.revive(old, special)
	}
	m := g.insert(rec)
	m.auth = auth
	g.index(m)
	g.schedule(m)
	m.access = g.version
	before := g.before(m)
	if old != nil {
		g.redecideFor(m, special)
	} else {
		g.admit(m, special)
	}
	g.rekey(m.JID, before)
}

// UpdateMember changes one member's record by edit; his JID stays.
// InvalidError, ErrNoMember, ErrNoGroup.
func (r *Roster) UpdateMember(ctx context.Context, group, jid string, edit func(*MemberRecord) error) error {
	g, err := r.Group(ctx, group)
	if err != nil {
		return err
	}
	g.edit.Lock()
	defer g.edit.Unlock()
	g.mu.Lock()
	m := g.live(jid)
	if m == nil {
		g.mu.Unlock()
		return fmt.Errorf("%w: %s", ErrNoMember, jid)
	}
	rec := m.MemberRecord.Clone()
	g.mu.Unlock()
	ask := rec.Ask
	if err := edit(&rec); err != nil {
		return err
	}
	rec.Ask = ask // changed only by presence stanzas
	if rec.JID != jid {
		return invalid("jid", "a member's JID cannot change")
	}
	if err := validateMembers([]MemberRecord{rec}); err != nil {
		return err
	}
	if err := r.store.StoreMembers(ctx, group, rec); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.setRecord(m, rec)
	g.signal()
	return nil
}

func (g *Group) setRecord(m *member, rec MemberRecord) {
	roles := !slices.Equal(m.Roles, rec.Roles)
	standing := roles || m.Affiliation != rec.Affiliation
	seen := roles || m.Nick != rec.Nick || !slices.Equal(m.Attributes, rec.Attributes)
	m.MemberRecord = rec
	if !seen && !standing {
		return
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
	}
}

// RemoveMember takes a member out of the group, with his subscriptions and
// his contact. ErrNoMember, ErrNoGroup.
func (r *Roster) RemoveMember(ctx context.Context, group, jid string) error {
	g, err := r.Group(ctx, group)
	if err != nil {
		return err
	}
	g.edit.Lock()
	defer g.edit.Unlock()
	if err := r.store.DeleteMember(ctx, group, jid); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.live(jid)
	if m == nil {
		return fmt.Errorf("%w: %s", ErrNoMember, jid)
	}
	for _, w := range slices.Clone(g.byOwner[jid]) {
		g.ended(w)
		g.dropWatch(w)
	}
	g.withdraw(m)
	g.version++
	g.bury(m)
	g.signal()
	return nil
}

// ended tells a watch that it is no more.
func (g *Group) ended(w *Watch) {
	if w.node != NodeContact {
		g.roster.outbox.Ended(g.name, w.rec)
		return
	}
	g.roster.outbox.Presence(g.name, w.rec.JID, Unavailable)
	g.roster.outbox.Presence(g.name, w.rec.JID, Unsubscribed)
}

// withdraw gives back m's presence.
func (g *Group) withdraw(m *member) {
	if m.Ask == Asked || m.Ask == Granted || m.asking {
		g.roster.outbox.Presence(g.name, m.JID, Unsubscribe)
	}
}
