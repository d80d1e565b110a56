package roster

import (
	"context"
	"slices"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// What the service does for somebody who wants to be forgotten. He need not
// know the group any more, or its admins him, so nobody's power is asked for.

// Erase takes out what jid has left with the group beside a membership: his
// policy, that he was invited, waited or was turned away, and his name from
// those whom he invited, webhooks that he set, and those who let him speak for
// them. That he is banned stays: banned says so.
// ErrNoGroup.
func (g *Group) Erase(ctx context.Context, jid string) (banned bool, err error) {
	g.edit.Lock()
	defer g.edit.Unlock()
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		return false, ErrNoGroup
	}
	delete(g.heardOf, jid)
	own, known := g.visitors[jid]
	var guests []VisitorRecord
	for _, v := range g.visitors {
		if v.By == jid {
			v.By = ""
			guests = append(guests, v)
		}
	}
	set := g.live(jid) == nil && g.auths[jid] != nil
	g.mu.Unlock()
	for _, v := range guests {
		if v.JID == jid {
			continue // himself, below
		}
		if err := g.remember(ctx, v); err != nil {
			return false, err
		}
	}
	switch banned = known && own.State == Banned; {
	case banned && own.By == jid:
		own.By = ""
		err = g.remember(ctx, own)
	case known && !banned:
		err = g.withdrawn(ctx, own)
	}
	if err == nil && set {
		err = g.authorize(ctx, jid, nil)
	}
	if err == nil {
		err = g.disown(ctx, jid)
	}
	if err == nil {
		err = g.distrust(ctx, jid)
	}
	return banned, err
}

// distrust takes jid out of those whom members let speak for them. edit is held.
func (g *Group) distrust(ctx context.Context, jid string) error {
	var by []string
	g.mu.Lock()
	for _, m := range g.sorted {
		if m.trusts(jid) != 0 {
			by = append(by, m.JID)
		}
	}
	g.mu.Unlock()
	for _, his := range by {
		err := g.rephraseLocked(ctx, his, func(_ *member, w *speech) error {
			w.trusts = slices.DeleteFunc(slices.Clone(w.trusts), func(t Trust) bool { return t.Bot == jid })
			w.unreport()
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Amend puts another policy of jid in force that lets nobody see more because
// somebody is no longer named in it. InvalidError, ErrNoGroup.
func (g *Group) Amend(ctx context.Context, jid string, a *policy.Authorization) error {
	if err := a.Check(); err != nil {
		return invalid("authorization", "%v", err)
	}
	set := a.Clone()
	set.Normalise()
	g.edit.Lock()
	defer g.edit.Unlock()
	err := g.ruling(func() error {
		if g.closed {
			return ErrNoGroup
		}
		return nil
	})
	if err != nil {
		return err
	}
	return g.authorize(ctx, jid, &set)
}
