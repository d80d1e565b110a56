package roster

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// Power is what jid is in the group. The service's admins are owners of every
// group, and so is the command line, which has no address. It is power, not
// sight: an admin sees presence only as policies grant.
func (g *Group) Power(jid string) Affiliation {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.power(jid)
}

func (g *Group) power(jid string) Affiliation {
	if jid == "" || g.roster.admin(jid) {
		return Owner
	}
	if m := g.live(jid); m != nil {
		return m.Affiliation
	}
	if g.visitors[jid].State == Banned {
		return Outcast
	}
	return None
}

// may says whether actor has at least the power; a stranger is not told that
// the group exists.
func (g *Group) may(actor string, power Affiliation) error {
	if g.closed {
		return ErrNoGroup
	}
	if g.power(actor) >= power {
		return nil
	}
	return cmp.Or(g.mayKnow(actor), ErrForbidden)
}

// mayRule says whether actor may decide about jid's membership: an owner
// about everybody, an admin about who has less power.
func (g *Group) mayRule(actor, jid string) error {
	if err := g.may(actor, Admin); err != nil {
		return err
	}
	if p := g.power(actor); p < Owner && g.power(jid) >= p {
		return ErrForbidden
	}
	return nil
}

// ruling calls check with mu held.
func (g *Group) ruling(check func() error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return check()
}

// Edit changes the settings for an admin. ErrForbidden, InvalidError,
// ErrNoGroup.
func (g *Group) Edit(ctx context.Context, actor string, edit func(*Settings) error) error {
	g.edit.Lock()
	defer g.edit.Unlock()
	if err := g.ruling(func() error { return g.may(actor, Admin) }); err != nil {
		return err
	}
	return g.change(ctx, edit)
}

// EditMember changes a member's record for an admin, who can give no more
// power than is below his own; an owner can. ErrForbidden, ErrNoMember,
// InvalidError, ErrNoGroup.
func (g *Group) EditMember(ctx context.Context, actor, jid string, edit func(*MemberRecord) error) error {
	g.edit.Lock()
	defer g.edit.Unlock()
	var power Affiliation
	err := g.ruling(func() error {
		power = g.power(actor)
		if actor == jid {
			return g.may(actor, Admin)
		}
		return g.mayRule(actor, jid)
	})
	if err != nil {
		return err
	}
	return g.changeMember(ctx, jid, func(m *MemberRecord) error {
		was := m.Affiliation
		if err := edit(m); err != nil {
			return err
		}
		if m.Affiliation != was && power < Owner && (m.Affiliation >= power || was >= power) {
			return fmt.Errorf("%w: only an owner appoints an %s", ErrForbidden, m.Affiliation)
		}
		return nil
	})
}

// SetNick changes a member's own nick. ErrNoMember, InvalidError, ErrNoGroup.
func (g *Group) SetNick(ctx context.Context, jid, nick string) error {
	g.edit.Lock()
	defer g.edit.Unlock()
	if err := g.ruling(func() error { return g.mayKnow(jid) }); err != nil {
		return err
	}
	return g.changeMember(ctx, jid, func(m *MemberRecord) error { m.Nick = nick; return nil })
}

// Member is the record of one member, without what he said. ErrNoMember.
func (g *Group) Member(jid string) (*MemberRecord, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.live(jid)
	if m == nil {
		return nil, ErrNoMember
	}
	rec := m.record()
	rec.Said = ""
	return &rec, nil
}

// Visitors lists, for an admin, who is no member but known. ErrForbidden,
// ErrNoGroup.
func (g *Group) Visitors(actor string) ([]VisitorRecord, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.may(actor, Admin); err != nil {
		return nil, err
	}
	return g.visiting(), nil
}

func (g *Group) visiting() []VisitorRecord {
	var all []VisitorRecord
	for _, v := range g.visitors {
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b VisitorRecord) int { return cmp.Compare(a.JID, b.JID) })
	return all
}

// MaxOwned bounds the groups that one user owns by creating them himself.
const MaxOwned = 20

// Establish creates a group for actor, who becomes its owner. ErrForbidden,
// ErrLimit, InvalidError, ErrGroupExists.
func (r *Roster) Establish(ctx context.Context, actor string, rec *GroupRecord) error {
	if !r.admin(actor) {
		if r.mayCreate == nil || !r.mayCreate(actor) {
			return ErrForbidden
		}
		owned := 0
		for _, g := range r.All() {
			if g.Power(actor) == Owner {
				owned++
			}
		}
		if owned >= MaxOwned {
			return fmt.Errorf("%w: %d groups of one owner", ErrLimit, MaxOwned)
		}
	}
	if rec.Member(actor) == nil {
		rec.Members = append(rec.Members, MemberRecord{JID: actor})
	}
	rec.Member(actor).Affiliation = Owner
	return r.create(ctx, rec, actor)
}

// MayCreate says whether jid may create groups.
func (r *Roster) MayCreate(jid string) bool {
	return r.admin(jid) || r.mayCreate != nil && r.mayCreate(jid)
}

// Disband ends a group for its owner; the members are told. ErrForbidden,
// ErrNoGroup.
func (r *Roster) Disband(ctx context.Context, actor, group string) error {
	g, err := r.Group(ctx, group)
	if err != nil {
		return err
	}
	var notices []Notice
	err = g.ruling(func() error {
		for _, m := range g.sorted {
			if m.JID != actor {
				notices = append(notices, g.notice(Disbanded, m.JID, "", actor))
			}
		}
		return g.may(actor, Owner)
	})
	if err != nil {
		return err
	}
	if err := r.DeleteGroup(ctx, group); err != nil {
		return err
	}
	r.tell(notices...)
	return nil
}

// GroupsOf lists the groups in memory that jid is a member of, or invited to,
// by name.
func (r *Roster) GroupsOf(jid string) []*Group {
	all := slices.DeleteFunc(r.All(), func(g *Group) bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		v, known := g.visitors[jid]
		return g.closed || ForPeers(g.name) || g.live(jid) == nil && !(known && v.State == Invited)
	})
	slices.SortFunc(all, func(a, b *Group) int { return cmp.Compare(a.name, b.name) })
	return all
}
