package roster

import (
	"context"
	"errors"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// What users let peers see they say once, for all of them.

// said is what users have said that peers may see.
func (r *Roster) said(ctx context.Context) (map[string]*policy.Authorization, error) {
	g, err := r.Group(ctx, statements)
	if errors.Is(err, ErrNoGroup) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	all := make(map[string]*policy.Authorization, len(g.auths))
	for jid, a := range g.auths {
		all[jid] = a
	}
	return all, nil
}

// PeerAuthorization is what jid lets peers see, nil if he has not said.
func (r *Roster) PeerAuthorization(ctx context.Context, jid string) (*policy.Authorization, error) {
	said, err := r.said(ctx)
	if err != nil || said[jid] == nil {
		return nil, err
	}
	a := said[jid].Clone()
	return &a, nil
}

// AuthorizePeers stores what jid, a user of this server, lets peers see, and puts
// it in force wherever one wants to know of him. nil takes back what he said.
// InvalidError, ErrForbidden, ErrLimit.
func (r *Roster) AuthorizePeers(ctx context.Context, jid string, a *policy.Authorization) error {
	if !r.Ours(jid) {
		return ErrForbidden
	}
	a, err := normalised(a)
	if err != nil {
		return err
	}
	r.peering.Lock()
	defer r.peering.Unlock()
	g, err := r.statements(ctx, jid)
	if err != nil {
		return err
	}
	peers, err := r.everyPeer(ctx)
	if err != nil {
		return err
	}
	for _, g := range append(peers, g) {
		if err := g.state(ctx, jid, a, false); err != nil {
			return err
		}
	}
	r.outbox.Wanted(g) // he may be one of everybody now, or no longer
	return nil
}

// statements is the group of that name, with jid in it.
func (r *Roster) statements(ctx context.Context, jid string) (*Group, error) {
	rec := MemberRecord{JID: jid, Affiliation: Plain}
	if g, err := r.Group(ctx, statements); err == nil && g.Power(jid) >= Plain {
		return g, nil
	}
	err := r.CreateGroup(ctx, &GroupRecord{Name: statements, Settings: Settings{Policy: statementsPolicy, Payload: PresenceOnly}, Members: []MemberRecord{rec}})
	if err != nil && !errors.Is(err, ErrGroupExists) {
		return nil, err
	}
	g, err := r.Group(ctx, statements)
	if err != nil {
		return nil, err
	}
	if err := r.AddMembers(ctx, statements, rec); err != nil && !errors.Is(err, ErrMemberExists) {
		return nil, err
	}
	return g, nil
}

// state puts in force what jid has said for all peers, if he is in the group or
// about to be. Who has refused it before has said more than that.
func (g *Group) state(ctx context.Context, jid string, a *policy.Authorization, joins bool) error {
	g.edit.Lock()
	defer g.edit.Unlock()
	g.mu.Lock()
	was, member, declined := g.auths[jid], g.live(jid) != nil, g.visitors[jid].State == Declined
	g.mu.Unlock()
	if !member && (!joins || declined) || was == nil && a == nil || was != nil && a != nil && was.String() == a.String() {
		return nil
	}
	return g.authorize(ctx, jid, a)
}
