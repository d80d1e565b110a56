package roster

import (
	"context"
	"fmt"
	"slices"

	"github.com/rollcall-xmpp/rollcall/policy"
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
	return r.store.DeleteSubscriptions(ctx, name, ended...)
}

// setSettings puts s in force and returns the subscriptions whose nodes are
// no more.
func (g *Group) setSettings(s Settings) (ended []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.settings = s
	g.version++
	g.info = g.version
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
	for _, rec := range members {
		g.join(rec.Clone())
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
func (g *Group) join(rec MemberRecord) {
	g.version++
	old := g.members[rec.JID]
	back := old != nil
	m := g.insert(rec)
	for _, a := range g.order {
		a.admit(m, back)
	}
	m.access = g.version
	g.rekey(m.JID)
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
	if err := edit(&rec); err != nil {
		return err
	}
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
	standing := !slices.Equal(m.Roles, rec.Roles) || m.Affiliation != rec.Affiliation
	seen := standing || m.Nick != rec.Nick || !slices.Equal(m.Attributes, rec.Attributes)
	rec.Ask = m.Ask // changed only by presence stanzas, meanwhile too
	m.MemberRecord = rec
	if !seen {
		return
	}
	g.version++
	m.basic = g.version
	g.touch(m, 0)
	if standing {
		m.access = g.version
		g.redecide(m)
		g.rekey(m.JID)
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
	if m.Ask == Asked || m.Ask == Granted {
		g.roster.outbox.Presence(g.name, m.JID, Unsubscribe)
	}
}

// redecide asks policy again about m for every audience and every watch that
// has, or now gets, an exception about him. The caller has advanced the
// version.
func (g *Group) redecide(m *member) {
	g.decided = g.version
	old := make(map[*Watch]exception)
	g.affected(m, func(w *Watch) { old[w] = w.decision(m) })
	for _, a := range g.order {
		a.redecide(m)
	}
	for w, was := range old {
		who := g.watcher(w.rec.Owner)
		mask := g.decideFor(w.audience, m, &who, &w.receiving)
		w.except(m, was, mask)
	}
	g.touch(m, 0)
}

// affected calls f for each watch that has an exception about m, or whose
// owner m's rules name.
func (g *Group) affected(m *member, f func(*Watch)) {
	for _, ws := range g.byOwner {
		for _, w := range ws {
			if w.own != nil && w.own.exceptions[m] != nil {
				f(w)
			}
		}
	}
	if m.auth == nil {
		return
	}
	m.auth.Singles(func(name string) {
		if name[0] != '@' {
			for _, w := range g.byOwner[name] {
				f(w)
			}
			return
		}
		for owner, ws := range g.byOwner {
			if domainOf(owner) == name {
				for _, w := range ws {
					f(w)
				}
			}
		}
	})
}

// decision is what is decided about m for w now, with its past.
func (w *Watch) decision(m *member) exception {
	if w.own != nil {
		if x := w.own.exceptions[m]; x != nil {
			return *x
		}
	}
	return exception{w.audience.masks[m.slot], w.audience.history(m.slot)}
}

// except puts the decision mask about m in force for w, where was stood
// before. An exception that agrees with the audience again is kept for its
// past; it goes with the member's tombstone.
func (w *Watch) except(m *member, was exception, mask policy.Mask) {
	has := w.own != nil && w.own.exceptions[m] != nil
	if !has && mask == w.audience.masks[m.slot] {
		return
	}
	g := w.audience.g
	x := &exception{mask, was.history}
	if was.mask != mask {
		x.history = m.redecide(was.mask, was.history, mask, g.version)
	}
	if w.own == nil {
		w.own = &own{seen: w.seen(), exceptions: map[*member]*exception{}}
	}
	if w.own.exceptions == nil {
		w.own.exceptions = map[*member]*exception{}
	}
	w.own.exceptions[m] = x
}

// seen is the last visible version that w was told.
func (w *Watch) seen() uint64 {
	switch {
	case w.own != nil:
		return w.own.seen
	case w.lag != nil:
		return w.lag.seen
	}
	if c := w.cohort; c.walk != nil && w.at < c.done {
		return c.walk.seenBy(c)
	}
	return w.cohort.seen
}

// rekey moves the watches of owner to the audience that his standing now
// puts them in.
func (g *Group) rekey(owner string) {
	who := g.watcher(owner)
	for _, w := range g.byOwner[owner] {
		if a := g.audienceOf(&who, w.node, &w.receiving); a != w.audience {
			w.move(a, &who)
		}
	}
}

// move brings w to another audience. If nothing looks different from there
// it goes on where it stood; else it is owed the full state.
func (w *Watch) move(a *audience, who *policy.Watcher) {
	g := a.g
	own := g.exceptions(a, who, &w.receiving)
	same := w.cohort != nil && w.cohort.cursor >= g.version-1 && a.basic == w.audience.basic
	for _, m := range g.slots {
		if !same || m == nil {
			continue
		}
		mask := a.masks[m.slot]
		if own != nil && own.exceptions[m] != nil {
			mask = own.exceptions[m].mask
		}
		same = !m.differs(w.decision(m).mask, mask)
	}
	cursor, seen, last := uint64(0), uint64(0), ""
	if same {
		cursor, seen, last = w.cohort.cursor, w.seen(), w.cohort.last
	}
	held := w.lag
	w.leave()
	w.audience.watches--
	w.audience, w.own, w.moved = a, own, g.version
	a.watches++
	if held != nil {
		*held = lag{}
		return
	}
	if same && own != nil {
		own.seen, own.last = seen, last
	}
	a.join(w, cursor, seen, last)
}
