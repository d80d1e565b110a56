package roster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// Join makes jid a member, or lets him wait for an admin's answer: joined is
// false then. Who waits already waits on; who was turned away is not asked
// about again. ErrNoGroup for who may not know of the group, ErrForbidden,
// ErrRefused, ErrMemberExists, ErrLimit, InvalidError.
func (g *Group) Join(ctx context.Context, jid, nick string) (joined bool, err error) {
	g.edit.Lock()
	defer g.edit.Unlock()
	joined, err = g.seek(ctx, MemberRecord{JID: jid, Nick: nick, Affiliation: Plain})
	if err == nil && !joined {
		g.vow(jid, true)
	}
	return joined, err
}

// vow notes of who waits whether it was a word of his own that he wants to
// join, or a wish to watch that an admin takes for one: that is no consent to
// be seen, and ends with the wish. It is not stored: of whom nothing is known,
// neither is so.
func (g *Group) vow(jid string, word bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.visitors[jid].State != Applied {
		return
	}
	if g.vows == nil {
		g.vows = map[string]bool{}
	}
	g.vows[jid] = g.vows[jid] || word
}

// seek is Join with edit held. A record made by a contact lets the request
// for the contact wait as well.
func (g *Group) seek(ctx context.Context, rec MemberRecord) (joined bool, err error) {
	v := VisitorRecord{JID: rec.JID, State: Applied, Contact: rec.ByContact}
	var admit bool
	var admins []Notice
	err = g.ruling(func() (err error) {
		admit, admins, err = g.application(&v)
		return err
	})
	switch {
	case errors.Is(err, errWaiting):
		return false, nil
	case err != nil:
		return false, err
	case admit:
		return true, g.addWilling(ctx, rec)
	}
	if err := text("nick", rec.Nick, MaxText); err != nil {
		return false, err
	}
	if err := g.remember(ctx, v); err != nil {
		return false, err
	}
	g.roster.tell(admins...)
	return false, nil
}

// errWaiting: nothing is to be done, the answer is awaited.
var errWaiting = errors.New("waits already")

// application says what comes of v's wish to join: he is admitted, or the
// admins are to be asked, or why not. mu is held.
func (g *Group) application(v *VisitorRecord) (admit bool, admins []Notice, err error) {
	was, known := g.visitors[v.JID]
	if err := g.mayKnow(v.JID); err != nil {
		return false, nil, err
	}
	switch {
	case g.live(v.JID) != nil:
		return false, nil, fmt.Errorf("%w: %s", ErrMemberExists, v.JID)
	case known && was.State == Banned, g.source != "":
		return false, nil, ErrForbidden
	case known && was.State == Invited, g.settings.Join == Open:
		return true, nil, nil
	case g.settings.Join == Invite:
		return false, nil, ErrForbidden
	case known && was.State == Rejected:
		return false, nil, ErrRefused
	case known && was.State == Applied:
		if v.Contact && !was.Contact {
			return false, nil, nil // the admins know already
		}
		return false, nil, errWaiting
	}
	all, near := g.waiting(Applied, domainOf(v.JID))
	if all >= MaxVisitors || near >= MaxVisitorsOf {
		return false, nil, fmt.Errorf("%w: too many wait", ErrLimit)
	}
	if !g.news(v.JID) {
		return false, nil, nil
	}
	for _, m := range g.sorted {
		if m.Affiliation >= Admin {
			admins = append(admins, g.notice(Application, m.JID, v.JID, ""))
		}
	}
	return false, admins, nil
}

// waiting counts the visitors in one state, and those of one domain.
func (g *Group) waiting(state VisitorState, domain string) (all, near int) {
	for j, v := range g.visitors {
		if v.State == state {
			all++
			if domainOf(j) == domain {
				near++
			}
		}
	}
	return all, near
}

// news says whether the admins are to hear of jid's wish: once a day, however
// often he takes it back and has it again.
func (g *Group) news(jid string) bool {
	now := g.now()
	if at, ok := g.heardOf[jid]; ok && now.Sub(at) < 24*time.Hour {
		return false
	}
	if g.heardOf == nil || len(g.heardOf) >= MaxVisitors {
		g.heardOf = map[string]time.Time{}
	}
	g.heardOf[jid] = now
	return true
}

// remember stores what somebody who is no member has to do with the group.
func (g *Group) remember(ctx context.Context, v VisitorRecord) error {
	if err := g.roster.store.StoreVisitor(ctx, g.name, v); err != nil {
		return err
	}
	g.mu.Lock()
	g.visitors[v.JID] = v
	if v.State != Applied {
		delete(g.vows, v.JID)
	}
	g.mu.Unlock()
	return nil
}

func (g *Group) dismissVisitor(ctx context.Context, jid string) error {
	if err := g.roster.store.DeleteVisitor(ctx, g.name, jid); err != nil {
		return err
	}
	g.mu.Lock()
	delete(g.visitors, jid)
	delete(g.vows, jid)
	g.mu.Unlock()
	return nil
}

// Leave ends jid's membership, or his wish for it. Where another keeps the list
// he stays on it, shares nothing from now on and is told nothing: see
// [Group.Source]. ErrNoMember, ErrNoGroup.
func (g *Group) Leave(ctx context.Context, jid string) error {
	g.edit.Lock()
	defer g.edit.Unlock()
	if err := g.ruling(func() error { return g.mayKnow(jid) }); err != nil {
		return err
	}
	if v, ok := g.visitor(jid); ok && v.State == Applied {
		return g.withdrawn(ctx, v)
	}
	if g.Source() != "" {
		return g.retire(ctx, jid)
	}
	return g.remove(ctx, jid)
}

// retire does for a member what leaving can where another keeps the list: he
// shares nothing, whatever the group requires, what he watched ends, and what he
// said and whom he trusted is forgotten. edit is held.
func (g *Group) retire(ctx context.Context, jid string) error {
	g.mu.Lock()
	known := g.live(jid) != nil
	var ids []string
	for _, w := range g.byOwner[jid] {
		ids = append(ids, w.rec.ID)
	}
	g.mu.Unlock()
	if !known {
		return fmt.Errorf("%w: %s", ErrNoMember, jid)
	}
	if err := g.authorize(ctx, jid, &policy.Authorization{}); err != nil {
		return err
	}
	err := g.rephraseLocked(ctx, jid, func(_ *member, w *speech) error {
		w.said, w.trusts = said{}, nil
		return nil
	})
	if err != nil {
		return err
	}
	if err := g.roster.store.DeleteContact(ctx, g.name, jid); err != nil {
		return err
	}
	if err := g.roster.store.DeleteSubscriptions(ctx, g.name, ids...); err != nil {
		return err // or he would watch again after the next start
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.endOf(jid, func(*Watch) bool { return true })
	g.signal()
	return nil
}

// withdrawn ends an application that its author takes back, or an admin
// refuses: his request for the contact, if it waits, is answered.
func (g *Group) withdrawn(ctx context.Context, v VisitorRecord) error {
	err := g.dismissVisitor(ctx, v.JID)
	if err == nil && v.Contact {
		g.roster.outbox.Presence(g.name, v.JID, Unsubscribed)
	}
	if err == nil {
		g.dismissed(ctx, v.JID)
	}
	return err
}

func (g *Group) visitor(jid string) (VisitorRecord, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	v, ok := g.visitors[jid]
	return v, ok
}

// Decline says no to an invitation; it is remembered. ErrNoMember without
// one, ErrNoGroup.
func (g *Group) Decline(ctx context.Context, jid string) error {
	g.edit.Lock()
	defer g.edit.Unlock()
	if err := g.ruling(func() error { return g.mayKnow(jid) }); err != nil {
		return err
	}
	v, ok := g.visitor(jid)
	if !ok || v.State != Invited {
		return fmt.Errorf("%w: %s is not invited", ErrNoMember, jid)
	}
	v.State = Declined
	return g.remember(ctx, v)
}

// Invite asks somebody to join; who has applied is admitted. Who is invited
// already is not asked twice, and who has said no not again: ErrRefused.
// ErrForbidden, ErrMemberExists, ErrLimit, InvalidError, ErrNoGroup.
func (g *Group) Invite(ctx context.Context, actor, jid string) error {
	g.edit.Lock()
	defer g.edit.Unlock()
	var n Notice
	err := g.ruling(func() error {
		n = g.notice(Invitation, jid, "", actor)
		return cmp.Or(g.may(actor, Admin), validateBare("jid", jid))
	})
	if err == nil {
		err = g.native()
	}
	if err != nil {
		return err
	}
	v, known := g.visitor(jid)
	switch {
	case known && v.State == Applied:
		return g.welcome(ctx, actor, v)
	case known && v.State == Invited:
		return nil
	case known && v.State != Rejected:
		return ErrRefused
	}
	err = g.ruling(func() error {
		switch {
		case g.live(jid) != nil:
			return fmt.Errorf("%w: %s", ErrMemberExists, jid)
		}
		if all, _ := g.waiting(Invited, ""); all >= MaxVisitors { // those who came by themselves keep nobody out
			return fmt.Errorf("%w: too many wait", ErrLimit)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := g.remember(ctx, VisitorRecord{JID: jid, State: Invited, By: actor}); err != nil {
		return err
	}
	g.roster.tell(n)
	return nil
}

// Approve says yes to somebody who wants to join.
// ErrForbidden, ErrNoMember if nobody of that address waits,
// ErrNoGroup.
func (g *Group) Approve(ctx context.Context, actor, jid string) error {
	g.edit.Lock()
	defer g.edit.Unlock()
	v, err := g.applicant(actor, jid)
	if err != nil {
		return err
	}
	return g.welcome(ctx, actor, v)
}

// Reject says no to somebody who wants to join; it is remembered. Errors as of
// Approve.
func (g *Group) Reject(ctx context.Context, actor, jid string) error {
	g.edit.Lock()
	defer g.edit.Unlock()
	v, err := g.applicant(actor, jid)
	if err != nil {
		return err
	}
	return g.turnAway(ctx, actor, v)
}

// turnAway is Reject with edit held.
func (g *Group) turnAway(ctx context.Context, actor string, v VisitorRecord) error {
	pending := v.Contact
	v.State, v.By, v.Contact = Rejected, actor, false
	if err := g.remember(ctx, v); err != nil {
		return err
	}
	if pending {
		g.roster.outbox.Presence(g.name, v.JID, Unsubscribed)
	}
	g.dismissed(ctx, v.JID)
	g.say(TurnedAway, v.JID, actor)
	return nil
}

func (g *Group) applicant(actor, jid string) (VisitorRecord, error) {
	if err := g.ruling(func() error { return g.may(actor, Admin) }); err != nil {
		return VisitorRecord{}, err
	}
	v, ok := g.visitor(jid)
	if !ok || v.State != Applied {
		return v, fmt.Errorf("%w: %s does not wait", ErrNoMember, jid)
	}
	return v, nil
}

func (g *Group) welcome(ctx context.Context, actor string, v VisitorRecord) error {
	g.mu.Lock()
	willing := g.vows[v.JID]
	g.mu.Unlock()
	join := g.add
	if willing {
		join = func(ctx context.Context, recs ...MemberRecord) error { return g.addWilling(ctx, recs[0]) }
	}
	if err := join(ctx, MemberRecord{JID: v.JID, Affiliation: Plain, ByContact: v.Contact}); err != nil {
		return err
	}
	g.say(Admitted, v.JID, actor)
	return nil
}

// Remove ends somebody's membership; he is told. ErrForbidden, ErrNoMember,
// ErrNoGroup.
func (g *Group) Remove(ctx context.Context, actor, jid string) error {
	g.edit.Lock()
	defer g.edit.Unlock()
	if err := g.ruling(func() error { return g.mayRule(actor, jid) }); err != nil {
		return err
	}
	if err := g.native(); err != nil {
		return err
	}
	if err := g.remove(ctx, jid); err != nil {
		return err
	}
	g.say(Removed, jid, actor)
	return nil
}
