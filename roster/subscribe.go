package roster

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/leak"
	"github.com/rollcall-xmpp/rollcall/policy"
)

// Subscribe makes jid (bare or full, of the watcher owner) a subscriber of
// node, with the receiving policy r; nil is the default, or what it was. Who is
// one already keeps his subscription and gets the state again. InvalidError,
// ErrForbidden, ErrNoGroup, ErrNoNode, ErrLimit.
func (g *Group) Subscribe(ctx context.Context, owner, jid string, node Node, r *policy.Receiving) (SubscriptionRecord, error) {
	g.edit.Lock()
	defer g.edit.Unlock()
	rec := SubscriptionRecord{ID: strings.ToLower(rand.Text()[:16]), Node: node.String(), JID: jid, Owner: owner}
	old, err := g.checkSubscribe(&rec, node)
	if err != nil {
		return rec, err
	}
	if old != nil {
		rec = old.rec
	}
	if r != nil {
		if err := r.Check(); err != nil {
			return rec, invalid("receiving", "%v", err)
		}
		rec.Receiving = r.String()
	}
	if old == nil || r != nil {
		if err := g.roster.store.StoreSubscription(ctx, g.name, rec); err != nil {
			return rec, err
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case old == nil:
		g.addWatch(rec, node, g.receiving(&rec))
	case r != nil:
		g.configure(old, rec)
		old.reset()
	default:
		old.reset()
	}
	g.signal()
	return rec, nil
}

// receiving reads the stored policy; one that cannot be read receives
// nothing.
func (g *Group) receiving(rec *SubscriptionRecord) policy.Receiving {
	r, err := policy.ParseReceiving(rec.Receiving)
	if err != nil {
		g.roster.log.Error("stored receiving policy cannot be read, nothing is sent", "group", g.name, "error", err)
		return policy.Receiving{Refuse: true}
	}
	return *r
}

// Receiving is the receiving policy of a subscription, or with NodeContact of
// the contact; id may be "".
// ErrNoSubscription.
func (g *Group) Receiving(owner, jid string, node Node, id string) (policy.Receiving, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	w := g.find(owner, jid, node, id)
	if w == nil {
		return policy.Receiving{}, ErrNoSubscription
	}
	if leak.Face == "options" {
		for _, other := range g.watches {
			if other.rec.Receiving != "" {
				w = other
			}
		}
	}
	return g.receiving(&w.rec), nil
}

// Configure stores another receiving policy of a subscription, or with
// NodeContact of the contact, and puts it in force. The subscriber hears of what now looks different to him.
// InvalidError, ErrNoSubscription.
func (g *Group) Configure(ctx context.Context, owner, jid string, node Node, id string, r *policy.Receiving) error {
	if err := r.Check(); err != nil {
		return invalid("receiving", "%v", err)
	}
	g.edit.Lock()
	defer g.edit.Unlock()
	g.mu.Lock()
	w := g.find(owner, jid, node, id)
	g.mu.Unlock()
	if w == nil {
		return ErrNoSubscription
	}
	rec := w.rec
	rec.Receiving = r.String()
	if err := g.roster.store.StoreSubscription(ctx, g.name, rec); err != nil {
		return err
	}
	if err := g.storeFollower(ctx, &rec); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.configure(w, rec)
	g.follow(&rec)
	g.signal()
	return nil
}

// find returns a subscription, or nil. mu is held.
func (g *Group) find(owner, jid string, node Node, id string) *Watch {
	for _, w := range g.byOwner[owner] {
		if w.node == node && w.rec.JID == jid && (id == "" || w.rec.ID == id) {
			return w
		}
	}
	return nil
}

func (g *Group) checkSubscribe(rec *SubscriptionRecord, node Node) (old *Watch, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	who := g.watcher(rec.Owner)
	if err := g.mayWatch(&who); err != nil {
		return nil, err
	}
	if !g.settings.Payload.Has(node) {
		return nil, ErrNoNode
	}
	if w := g.find(rec.Owner, rec.JID, node, ""); w != nil {
		return w, nil
	}
	if len(g.byOwner[rec.Owner]) >= MaxSubscriptions {
		return nil, fmt.Errorf("%w: %d subscriptions in one group", ErrLimit, MaxSubscriptions)
	}
	return nil, nil
}

// Unsubscribe ends a subscription; id may be "". ErrNoSubscription.
func (g *Group) Unsubscribe(ctx context.Context, owner, jid string, node Node, id string) error {
	g.edit.Lock()
	defer g.edit.Unlock()
	g.mu.Lock()
	found := g.find(owner, jid, node, id)
	g.mu.Unlock()
	if found == nil {
		return ErrNoSubscription
	}
	if err := g.roster.store.DeleteSubscriptions(ctx, g.name, found.rec.ID); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.dropWatch(found)
	return nil
}

// Subscriptions lists those of owner, sorted by node and address.
func (g *Group) Subscriptions(owner string) []SubscriptionRecord {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []SubscriptionRecord
	if leak.Face == "subscriptions" {
		for _, w := range g.watches {
			all = append(all, w.rec)
		}
	}
	for _, w := range g.byOwner[owner] {
		if w.node < NodeContact {
			all = append(all, w.rec)
		}
	}
	slices.SortFunc(all, func(a, b SubscriptionRecord) int {
		return strings.Compare(a.Node+" "+a.JID, b.Node+" "+b.JID)
	})
	return all
}
