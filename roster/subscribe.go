package roster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/leak"
	"github.com/rollcall-xmpp/rollcall/policy"
)

// Subscribe makes jid (bare or full, of the watcher owner) a subscriber of
// node, with the receiving policy r; nil is the default. See
// [Group.SubscribeWith].
func (g *Group) Subscribe(ctx context.Context, owner, jid string, node Node, r *policy.Receiving) (SubscriptionRecord, error) {
	if r == nil {
		return g.SubscribeWith(ctx, owner, jid, node, nil)
	}
	return g.SubscribeWith(ctx, owner, jid, node, &Wish{Receiving: *r})
}

// SubscribeWith makes jid (bare or full, of the watcher owner) a subscriber of
// node with that wish. Who has a subscription with the same wish, or any and
// says none, keeps it and gets the state again. InvalidError, ErrForbidden,
// ErrNoGroup, ErrNoNode, ErrNoPresence, ErrLimit.
func (g *Group) SubscribeWith(ctx context.Context, owner, jid string, node Node, wish *Wish) (SubscriptionRecord, error) {
	g.edit.Lock()
	defer g.edit.Unlock()
	rec := SubscriptionRecord{ID: strings.ToLower(rand.Text()[:16]), Node: node.String(), JID: jid, Owner: owner}
	if g.roster.outposts.serves(owner) {
		rec.Outpost = outpostName()
	}
	if wish != nil {
		if err := g.write(&rec, wish); err != nil {
			return rec, err
		}
	}
	old, err := g.checkSubscribe(&rec, node, wish)
	if errors.Is(err, ErrForbidden) {
		return g.await(ctx, rec, err)
	}
	if err != nil {
		return rec, err
	}
	if old == nil {
		if err := g.roster.store.StoreSubscription(ctx, g.name, rec); err != nil {
			return rec, err
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if old == nil {
		g.addWatch(rec, node, g.receiving(&rec)).informed()
	} else {
		rec = old.rec
		old.informed()
		old.reset()
	}
	g.signal()
	return g.told(rec), nil
}

// write puts a wish that has been checked into a record.
func (g *Group) write(rec *SubscriptionRecord, wish *Wish) error {
	if err := wish.Receiving.Check(); err != nil {
		return invalid("receiving", "%v", err)
	}
	m := wish.Manner
	m.Shows = slices.Clone(m.Shows)
	m.normalise()
	if err := m.Check(); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if old := g.manner(rec); m.Digest != old.Digest {
		m.Digest = g.fitted(m.Digest)
	}
	if !m.Until.IsZero() && !m.Until.After(g.now()) {
		return invalid("expire", "is in the past")
	}
	w := &Watch{rec: *rec}
	if m.While && !g.online(w) || len(m.Shows) > 0 && g.presenceOf(rec.Owner) == nil {
		return ErrNoPresence
	}
	rec.Receiving, rec.Manner = wish.Receiving.String(), m.String()
	return nil
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
// the contact; see [Group.Wish].
func (g *Group) Receiving(owner, jid string, node Node, id string) (policy.Receiving, error) {
	wish, _, err := g.Wish(owner, jid, node, id)
	return wish.Receiving, err
}

// Wish is what the watcher said of a subscription, with its record; id may be
// "" where the address has one only. ErrNoSubscription, ErrSubIDRequired,
// ErrInvalidSubID.
func (g *Group) Wish(owner, jid string, node Node, id string) (Wish, SubscriptionRecord, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	w, err := g.find(owner, jid, node, id)
	if err != nil {
		return Wish{}, SubscriptionRecord{}, err
	}
	if leak.Face == "options" {
		for _, other := range g.watches {
			if other.rec.Receiving != "" {
				w = other
			}
		}
	}
	return Wish{g.receiving(&w.rec), g.manner(&w.rec)}, w.rec, nil
}

// Configure stores another receiving policy of a subscription, or with
// NodeContact of the contact, and puts it in force; see [Group.Reconfigure].
func (g *Group) Configure(ctx context.Context, owner, jid string, node Node, id string, r *policy.Receiving) error {
	return g.reconfigure(ctx, owner, jid, node, id, func(w *Wish) { w.Receiving = *r })
}

// Reconfigure stores what the watcher says of a subscription now, and puts it
// in force. The subscriber hears of what now looks different to him.
// InvalidError, ErrNoPresence, ErrNoSubscription, ErrSubIDRequired,
// ErrInvalidSubID.
func (g *Group) Reconfigure(ctx context.Context, owner, jid string, node Node, id string, wish *Wish) error {
	return g.reconfigure(ctx, owner, jid, node, id, func(w *Wish) { *w = *wish })
}

func (g *Group) reconfigure(ctx context.Context, owner, jid string, node Node, id string, change func(*Wish)) error {
	g.edit.Lock()
	defer g.edit.Unlock()
	g.mu.Lock()
	w, err := g.find(owner, jid, node, id)
	if err != nil {
		g.mu.Unlock()
		return err
	}
	rec := w.rec
	wish := Wish{g.receiving(&rec), g.manner(&rec)}
	g.mu.Unlock()
	change(&wish)
	if err := g.write(&rec, &wish); err != nil {
		return err
	}
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
	if w.node == NodeContact {
		g.tune(owner, rec.Receiving, g.receiving(&rec))
	}
	g.signal()
	return nil
}

// find returns a subscription that was asked for, or the contact. mu is held.
func (g *Group) find(owner, jid string, node Node, id string) (found *Watch, err error) {
	err = ErrNoSubscription
	for _, w := range g.byOwner[owner] {
		switch {
		case w.node != node || w.rec.JID != jid || w.elsewhere():
		case id == "" && found != nil:
			return nil, ErrSubIDRequired
		case id == "" || w.rec.ID == id:
			found, err = w, nil
		case found == nil:
			err = ErrInvalidSubID
		}
	}
	return found, err
}

// checkSubscribe finds the subscription that rec would be once more.
func (g *Group) checkSubscribe(rec *SubscriptionRecord, node Node, wish *Wish) (old *Watch, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	who := g.watcher(rec.Owner)
	if err := g.mayWatch(&who); err != nil {
		return nil, err
	}
	if !g.settings.Payload.Has(node) {
		return nil, ErrNoNode
	}
	for _, w := range g.byOwner[rec.Owner] {
		if w.node == node && w.rec.JID == rec.JID && !w.elsewhere() &&
			(wish == nil || w.rec.Receiving == rec.Receiving && w.rec.Manner == rec.Manner) {
			return w, nil
		}
	}
	if len(g.byOwner[rec.Owner]) >= MaxSubscriptions {
		return nil, fmt.Errorf("%w: %d subscriptions in one group", ErrLimit, MaxSubscriptions)
	}
	return nil, nil
}

// Unsubscribe ends a subscription; id may be "" where the address has one
// only. ErrNoSubscription, ErrSubIDRequired, ErrInvalidSubID.
func (g *Group) Unsubscribe(ctx context.Context, owner, jid string, node Node, id string) error {
	g.edit.Lock()
	defer g.edit.Unlock()
	g.mu.Lock()
	found, err := g.find(owner, jid, node, id)
	g.mu.Unlock()
	if err == ErrNoSubscription {
		return g.unawait(ctx, owner, jid, node, id)
	}
	if err != nil {
		return err
	}
	if err := g.roster.store.DeleteSubscriptions(ctx, g.name, found.rec.ID); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.dropWatch(found)
	g.signal()
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
		if w.node < NodeContact && !w.elsewhere() {
			all = append(all, g.told(w.rec))
		}
	}
	for _, rec := range g.awaiting {
		if rec.Owner == owner {
			all = append(all, rec)
		}
	}
	slices.SortFunc(all, func(a, b SubscriptionRecord) int {
		return strings.Compare(a.Node+" "+a.JID+" "+a.ID, b.Node+" "+b.JID+" "+b.ID)
	})
	return all
}

// elsewhere says whether w was not made by a request to this group.
func (w *Watch) elsewhere() bool { return w.mine || w.announced || w.hook != "" }
