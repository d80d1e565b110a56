package roster

import (
	"cmp"
	"context"
	"fmt"
)

// Ban ends somebody's membership, if he has one, and keeps him out: he is a
// stranger from now on, and may not even watch what anyone may. ErrForbidden,
// InvalidError, ErrNoGroup.
func (g *Group) Ban(ctx context.Context, actor, jid string) error {
	g.edit.Lock()
	defer g.edit.Unlock()
	err := g.ruling(func() error { return cmp.Or(g.mayRule(actor, jid), validateBare("jid", jid)) })
	if err == nil {
		err = g.native()
	}
	if err != nil {
		return err
	}
	was, known := g.visitor(jid)
	err = g.ruling(func() error {
		if !known && g.live(jid) == nil && len(g.visitors) >= MaxKnown {
			return fmt.Errorf("%w: too many are known who are no members", ErrLimit)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := g.remember(ctx, VisitorRecord{JID: jid, State: Banned, By: actor}); err != nil {
		return err
	}
	if was.Contact {
		g.roster.outbox.Presence(g.name, jid, Unsubscribed)
	}
	g.dismissed(ctx, jid)
	g.mu.Lock()
	if m := g.live(jid); m != nil {
		g.expel(m)
	} else if g.auths[jid] != nil {
		g.setAuthorization(jid, nil)
	}
	ended := g.endOf(jid, func(*Watch) bool { return true })
	g.signal()
	g.mu.Unlock()
	g.forget(ctx, ended)
	return nil
}

// Unban lets somebody in again, if he comes. ErrForbidden, ErrNoMember if he
// is not banned, ErrNoGroup.
func (g *Group) Unban(ctx context.Context, actor, jid string) error {
	g.edit.Lock()
	defer g.edit.Unlock()
	if err := g.ruling(func() error { return g.may(actor, Admin) }); err != nil {
		return err
	}
	if v, ok := g.visitor(jid); !ok || v.State != Banned {
		return fmt.Errorf("%w: %s is not banned", ErrNoMember, jid)
	}
	return g.dismissVisitor(ctx, jid)
}
