package roster

import (
	"context"
	"fmt"
	"slices"
)

// Where an admin says who becomes a member ([Approve]), a subscription of who
// may not watch yet is a wish to join: it waits for the same answer
// (XEP-0060 §6.1.4), in the store too.

// MaxAwaiting bounds the waiting subscriptions of one user. What each of them
// wants is bounded as a policy is that who is no member leaves here.
const MaxAwaiting = 4

// awaits says whether jid has a subscription that waits.
func (g *Group) awaits(jid string) bool {
	return slices.ContainsFunc(g.awaiting, func(r SubscriptionRecord) bool { return r.Owner == jid })
}

// await lets rec wait for an admin's answer, if that is the way into the group
// and its owner may know of it; else no is why he may not watch. edit is held.
func (g *Group) await(ctx context.Context, rec SubscriptionRecord, no error) (SubscriptionRecord, error) {
	g.mu.Lock()
	v, known := g.visitors[rec.Owner]
	way := no == ErrForbidden && g.settings.Join == Approve && g.live(rec.Owner) == nil && (!known || v.State == Applied)
	has := 0
	for _, r := range g.awaiting {
		if r.Owner == rec.Owner {
			has++
			if r.Node == rec.Node && r.JID == rec.JID { // one request at a time
				g.mu.Unlock()
				return r, nil
			}
		}
	}
	g.mu.Unlock()
	switch {
	case !way:
		return rec, no
	case has >= MaxAwaiting:
		return rec, fmt.Errorf("%w: %d waiting subscriptions", ErrLimit, MaxAwaiting)
	case len(rec.Receiving) > MaxStranger:
		return rec, fmt.Errorf("%w: %d bytes of options of who is no member", ErrLimit, MaxStranger)
	}
	if _, err := g.seek(ctx, MemberRecord{JID: rec.Owner, Affiliation: Plain}); err != nil {
		return rec, err
	}
	g.vow(rec.Owner, false)
	rec.Pending = true
	if err := g.roster.store.StoreSubscription(ctx, g.name, rec); err != nil {
		return rec, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.awaiting = append(g.awaiting, rec)
	return rec, nil
}

// waited takes jid's waiting subscriptions out.
func (g *Group) waited(jid string) (all []SubscriptionRecord) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.awaiting = slices.DeleteFunc(g.awaiting, func(r SubscriptionRecord) bool {
		if r.Owner == jid {
			all = append(all, r)
		}
		return r.Owner == jid
	})
	return all
}

// admitted begins the subscriptions that waited for jid's admission; he is
// told. edit is held.
func (g *Group) admitted(ctx context.Context, jid string) {
	for _, rec := range g.waited(jid) {
		rec.Pending = false
		node, err := ParseNode(rec.Node)
		if err == nil {
			_, err = g.checkSubscribe(&rec, node, &Wish{})
		}
		if err == nil {
			err = g.roster.store.StoreSubscription(ctx, g.name, rec)
		}
		if err != nil {
			g.drop(ctx, rec)
			continue
		}
		g.mu.Lock()
		g.roster.outbox.Began(g.name, g.told(rec))
		g.addWatch(rec, node, g.receiving(&rec)).informed()
		g.signal()
		g.mu.Unlock()
	}
}

// dismissed ends jid's waiting subscriptions; he is told. edit is held.
func (g *Group) dismissed(ctx context.Context, jid string) {
	for _, rec := range g.waited(jid) {
		g.drop(ctx, rec)
	}
}

func (g *Group) drop(ctx context.Context, rec SubscriptionRecord) {
	g.roster.outbox.Ended(g.name, rec)
	if err := g.roster.store.DeleteSubscriptions(ctx, g.name, rec.ID); err != nil {
		g.roster.log.Warn("waiting subscription not deleted", "group", g.name, "error", err)
	}
}

// refuse takes jid's application as refused. edit is held.
func (g *Group) refuse(ctx context.Context, jid string) error {
	v, ok := g.visitor(jid)
	if ok && v.State == Applied {
		if err := g.turnAway(ctx, "", v); err != nil {
			return err
		}
	}
	return nil
}

// unawait ends a waiting subscription for its owner. edit is held.
func (g *Group) unawait(ctx context.Context, owner, jid string, node Node, id string) error {
	g.mu.Lock()
	i := slices.IndexFunc(g.awaiting, func(r SubscriptionRecord) bool {
		return r.Owner == owner && r.JID == jid && r.Node == node.String() && (id == "" || r.ID == id)
	})
	if i < 0 {
		g.mu.Unlock()
		return ErrNoSubscription
	}
	rec := g.awaiting[i]
	g.mu.Unlock()
	if err := g.roster.store.DeleteSubscriptions(ctx, g.name, rec.ID); err != nil {
		return err
	}
	g.mu.Lock()
	g.awaiting = slices.DeleteFunc(g.awaiting, func(r SubscriptionRecord) bool { return r.ID == rec.ID })
	word, known := g.vows[owner]
	v := g.visitors[owner]
	only := known && !word && !v.Contact && !g.awaits(owner)
	g.mu.Unlock()
	if only { // he wanted nothing but to watch
		return g.withdrawn(ctx, v)
	}
	return nil
}
