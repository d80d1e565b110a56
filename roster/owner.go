package roster

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// What admins may do with the subscriptions of others. Who watches a node is
// theirs to know; where his devices are is not: they see bare addresses, and
// nothing of subscriptions that come and go with somebody's presence.

// Subscribers lists the subscriptions to a node for an admin, those that wait
// for his word too. ErrForbidden, ErrNoGroup, ErrNoNode.
func (g *Group) Subscribers(actor string, node Node) ([]SubscriptionRecord, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.may(actor, Admin); err != nil {
		return nil, err
	}
	if !g.settings.Payload.Has(node) {
		return nil, ErrNoNode
	}
	var all []SubscriptionRecord
	for _, w := range g.watches {
		if w.node == node && !w.elsewhere() && !w.manner.While {
			all = append(all, SubscriptionRecord{ID: w.rec.ID, Node: w.rec.Node, JID: w.rec.Owner, Owner: w.rec.Owner})
		}
	}
	for _, rec := range g.awaiting {
		if rec.Node == node.String() {
			all = append(all, SubscriptionRecord{ID: rec.ID, Node: rec.Node, JID: rec.Owner, Owner: rec.Owner, Pending: true})
		}
	}
	slices.SortFunc(all, func(a, b SubscriptionRecord) int {
		return cmp.Or(strings.Compare(a.Owner, b.Owner), strings.Compare(a.ID, b.ID))
	})
	return all, nil
}

// Dismiss ends, for an admin, jid's subscriptions to a node, or with an id
// that one; he is told. What is not there is no error: nothing is learnt from
// it. ErrForbidden, ErrNoGroup, ErrNoNode.
func (g *Group) Dismiss(ctx context.Context, actor, jid string, node Node, id string) error {
	g.edit.Lock()
	defer g.edit.Unlock()
	g.mu.Lock()
	err := g.mayRule(actor, jid)
	if actor == jid {
		err = g.may(actor, Admin)
	}
	if err == nil && !g.settings.Payload.Has(node) {
		err = ErrNoNode
	}
	if err != nil {
		g.mu.Unlock()
		return err
	}
	over := func(w *Watch) bool {
		return w.node == node && !w.elsewhere() && (id == "" || w.rec.ID == id)
	}
	var ids []string
	for _, w := range g.byOwner[jid] {
		if over(w) {
			ids = append(ids, w.rec.ID)
		}
	}
	waits := g.awaits(jid)
	g.mu.Unlock()
	if len(ids) > 0 {
		if err := g.roster.store.DeleteSubscriptions(ctx, g.name, ids...); err != nil {
			return err // or he would watch again after the next start
		}
	}
	g.mu.Lock()
	g.endOf(jid, over)
	g.signal()
	g.mu.Unlock()
	if waits && id == "" {
		return g.refuse(ctx, jid)
	}
	return nil
}

// Enlist makes a member a subscriber of a node for an admin; whose subscription
// waits is admitted. Others say for themselves that they want to be written to:
// ErrForbidden, also where anyone may watch. ErrNoGroup, ErrNoNode, ErrLimit.
func (g *Group) Enlist(ctx context.Context, actor, jid string, node Node) error {
	var waits bool
	err := g.ruling(func() error {
		waits = g.awaits(jid)
		if err := cmp.Or(g.may(actor, Admin), validateBare("jid", jid)); err != nil {
			return err
		}
		who := g.watcher(jid)
		if !who.Member && !waits {
			return cmp.Or(g.mayWatch(&who), ErrForbidden)
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case waits:
		return g.Approve(ctx, actor, jid)
	}
	_, err = g.SubscribeWith(ctx, jid, jid, node, nil)
	return err
}

// Affiliates lists, for an admin, who has a power in the group or was thrown
// out, by address. ErrForbidden, ErrNoGroup.
func (g *Group) Affiliates(actor string) (jids []string, powers []Affiliation, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.may(actor, Admin); err != nil {
		return nil, nil, err
	}
	for _, m := range g.sorted {
		jids, powers = append(jids, m.JID), append(powers, m.Affiliation)
	}
	for _, v := range g.visiting() {
		if v.State == Banned {
			jids, powers = append(jids, v.JID), append(powers, Outcast)
		}
	}
	return jids, powers, nil
}

// Appoint gives jid a power, for an admin: who is no member yet is asked to
// become one, as by [Group.Invite]; none ends what he is. ErrForbidden,
// ErrNoMember, ErrRefused, ErrLimit, InvalidError, ErrNoGroup.
func (g *Group) Appoint(ctx context.Context, actor, jid string, power Affiliation) error {
	g.mu.Lock()
	now, alone := g.power(jid), g.aloneOwner(jid)
	member := g.live(jid) != nil
	g.mu.Unlock()
	switch {
	case alone && power < Owner:
		return cmp.Or(g.ruling(func() error { return g.may(actor, Admin) }), invalid("affiliation", "a group has an owner"))
	case power == Outcast:
		return g.Ban(ctx, actor, jid)
	case power == None && member:
		return g.Remove(ctx, actor, jid)
	case power == None && now == Outcast:
		return g.Unban(ctx, actor, jid)
	case power == None:
		return g.ruling(func() error { return g.may(actor, Admin) })
	case !member && power == Plain:
		return g.Invite(ctx, actor, jid)
	}
	return g.EditMember(ctx, actor, jid, func(m *MemberRecord) error {
		m.Affiliation = power
		return nil
	})
}

// aloneOwner says whether jid is the only owner.
func (g *Group) aloneOwner(jid string) bool {
	owners := 0
	for _, m := range g.sorted {
		if m.Affiliation == Owner {
			owners++
		}
	}
	m := g.live(jid)
	return owners == 1 && m != nil && m.Affiliation == Owner
}

// Access says in PubSub's words who may subscribe (XEP-0060 §4.5). The line
// comment is its name on the wire.
type Access uint8

// The access models that a group can have.
const (
	Whitelist  Access = iota // whitelist: members, or who the group policy names
	OpenAccess               // open: everybody
	Authorize                // authorize: members, and an admin says who becomes one
	RosterOf                 // roster: members with certain roles
)

var accessNames = [...]string{"whitelist", "open", "authorize", "roster"}

func (a Access) String() string { return accessNames[a] }

// ParseAccess is the inverse of [Access.String].
func ParseAccess(s string) (Access, error) {
	if i := slices.Index(accessNames[:], s); i >= 0 {
		return Access(i), nil
	}
	return 0, invalid("access_model", "%q is none of %s", s, strings.Join(accessNames[:], ", "))
}

// access is g's, with the roles of RosterOf.
func access(p *policy.Group, join JoinRule) (a Access, roles []string) {
	for _, who := range p.Watch {
		switch who.Class {
		case policy.Everyone:
			return OpenAccess, nil
		case policy.Role:
			roles = append(roles, who.Name)
		}
	}
	switch {
	case len(roles) == len(p.Watch) && len(roles) > 0:
		return RosterOf, roles
	case join == Approve:
		return Authorize, nil
	}
	return Whitelist, nil
}

// SetAccess changes who may subscribe as a whole: the sentence watch of the
// group policy, and for Authorize how one becomes a member. InvalidError.
func (s *Settings) SetAccess(a Access, roles []string) error {
	p := policy.DefaultGroup()
	if s.Policy != "" {
		read, err := policy.ParseGroup(s.Policy)
		if err != nil {
			return invalid("policy", "%v", err)
		}
		p = *read
	}
	now, had := access(&p, s.Join)
	if a == now && (a != RosterOf || slices.Equal(roles, had)) {
		return nil
	}
	p.Watch = []policy.Who{{Class: policy.Members}}
	switch {
	case a == OpenAccess:
		p.Watch = []policy.Who{{Class: policy.Everyone}}
	case a == RosterOf && len(roles) == 0:
		return invalid("roster_groups_allowed", "needs a role")
	case a == RosterOf:
		p.Watch = nil
		for _, r := range roles {
			p.Watch = append(p.Watch, policy.Who{Class: policy.Role, Name: r})
		}
	case a == Authorize:
		s.Join = Approve
	case s.Join == Approve:
		s.Join = Invite
	}
	s.Policy = p.String()
	return nil
}
