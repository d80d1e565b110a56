package roster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// A user may subscribe once to all groups that he is a member of (XEP-0248):
// in each of them he has a watch then that says so, and where he becomes a
// member he gets one. Each group stores its own; what they have in common is
// the id. Who leaves the last of his groups leaves the collection.

// NodeMine is what stands as the node of such a subscription in a record.
const NodeMine = "my-groups"

// MaxMine bounds the subscriptions of one user to all his groups.
const MaxMine = 4

// collection is who has such subscriptions. Its lock is a leaf: it is taken
// with a group's held.
type collection struct {
	mu    sync.Mutex
	mine  map[string]map[string]SubscriptionRecord // by owner and id
	count map[string]int                           // groups that have the id
}

func (c *collection) of(owner string) []SubscriptionRecord {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []SubscriptionRecord
	for _, rec := range c.mine[owner] {
		all = append(all, rec)
	}
	slices.SortFunc(all, func(a, b SubscriptionRecord) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// note takes in that a group has one, or with -1 no longer.
func (c *collection) note(rec SubscriptionRecord, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.count[rec.ID] += n; c.count[rec.ID] > 0 {
		if c.mine[rec.Owner] == nil {
			c.mine[rec.Owner] = map[string]SubscriptionRecord{}
		}
		c.mine[rec.Owner][rec.ID] = rec
		return
	}
	delete(c.count, rec.ID)
	if delete(c.mine[rec.Owner], rec.ID); len(c.mine[rec.Owner]) == 0 {
		delete(c.mine, rec.Owner)
	}
}

// wide is the node that shows most of the group.
func (p Payload) wide() Node {
	if p.Has(NodeGroup) {
		return NodeGroup
	}
	return NodePresence
}

// memberships are the groups in memory that jid is a member of.
func (r *Roster) memberships(jid string) []*Group {
	return slices.DeleteFunc(r.All(), func(g *Group) bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.live(jid) == nil
	})
}

// Mine lists the subscriptions of owner to all his groups, by id.
func (r *Roster) Mine(owner string) []SubscriptionRecord { return r.collection.of(owner) }

// MyWish is what owner said of one of them; id may be "" where jid has one
// only. ErrNoSubscription, ErrSubIDRequired, ErrInvalidSubID.
func (r *Roster) MyWish(owner, jid, id string) (Wish, SubscriptionRecord, error) {
	err := ErrNoSubscription
	var found *SubscriptionRecord
	for _, rec := range r.Mine(owner) {
		switch {
		case rec.JID != jid:
		case id == "" && found != nil:
			return Wish{}, rec, ErrSubIDRequired
		case id == "" || rec.ID == id:
			found, err = &rec, nil
		case found == nil:
			err = ErrInvalidSubID
		}
	}
	if err != nil {
		return Wish{}, SubscriptionRecord{}, err
	}
	g := &Group{roster: r}
	return Wish{g.receiving(found), g.manner(found)}, *found, nil
}

// SubscribeMine makes jid (bare or full, of owner) a subscriber of all groups
// that owner is or will be a member of. Who has one with that wish, or any and
// says none, keeps it and gets the state again. ErrForbidden for who is in no
// group, InvalidError, ErrLimit.
func (r *Roster) SubscribeMine(ctx context.Context, owner, jid string, wish *Wish) (SubscriptionRecord, error) {
	rec := SubscriptionRecord{ID: strings.ToLower(rand.Text()[:16]), Node: NodeMine, JID: jid, Owner: owner}
	groups := r.memberships(owner)
	if len(groups) == 0 {
		return rec, ErrForbidden
	}
	if wish != nil {
		if err := groups[0].writeMine(&rec, wish); err != nil {
			return rec, err
		}
	}
	all := r.Mine(owner)
	i := slices.IndexFunc(all, func(x SubscriptionRecord) bool {
		return x.JID == jid && (wish == nil || x.Receiving == rec.Receiving && x.Manner == rec.Manner)
	})
	if i >= 0 {
		rec = all[i]
	} else if len(all) >= MaxMine {
		return rec, fmt.Errorf("%w: %d subscriptions to all groups", ErrLimit, MaxMine)
	}
	watched := 0
	for _, g := range groups {
		switch err := g.attach(ctx, rec, true); {
		case err == nil:
			watched++
		case !errors.Is(err, ErrForbidden) && !errors.Is(err, ErrNoGroup):
			return rec, err
		}
	}
	if watched == 0 {
		return rec, ErrForbidden
	}
	return rec, nil
}

// ReconfigureMine stores what owner says of such a subscription now, and puts
// it in force. Errors as of MyWish, InvalidError.
func (r *Roster) ReconfigureMine(ctx context.Context, owner, jid, id string, wish *Wish) error {
	_, rec, err := r.MyWish(owner, jid, id)
	if err != nil {
		return err
	}
	for _, g := range r.memberships(owner) {
		if err := g.rewish(ctx, rec.ID, wish); err != nil {
			return err
		}
	}
	return nil
}

// UnsubscribeMine ends such a subscription. Errors as of MyWish.
func (r *Roster) UnsubscribeMine(ctx context.Context, owner, jid, id string) error {
	_, rec, err := r.MyWish(owner, jid, id)
	if err != nil {
		return err
	}
	for _, g := range r.memberships(owner) {
		if err := g.detach(ctx, rec.ID); err != nil {
			return err
		}
	}
	return nil
}

// writeMine is write for what all groups have in common: a lease would end in
// each of them apart.
func (g *Group) writeMine(rec *SubscriptionRecord, wish *Wish) error {
	if wish.Manner.While || !wish.Manner.Until.IsZero() {
		return invalid("expire", "is not for all groups at once")
	}
	return g.write(rec, wish)
}

// attach gives owner his watch here, if he may have it; again gives him the
// state even if he has it.
func (g *Group) attach(ctx context.Context, rec SubscriptionRecord, again bool) error {
	g.edit.Lock()
	defer g.edit.Unlock()
	return g.attachLocked(ctx, rec, again)
}

func (g *Group) attachLocked(ctx context.Context, rec SubscriptionRecord, again bool) error {
	g.mu.Lock()
	who := g.watcher(rec.Owner)
	err := g.mayWatch(&who)
	w := g.watches[rec.ID]
	if err == nil && w == nil && len(g.byOwner[rec.Owner]) >= MaxSubscriptions {
		err = fmt.Errorf("%w: %d subscriptions in one group", ErrLimit, MaxSubscriptions)
	}
	if err == nil && w != nil && again {
		w.reset()
		g.signal()
	}
	member := g.live(rec.Owner) != nil
	g.mu.Unlock()
	switch {
	case err != nil:
		return err
	case !member:
		return ErrForbidden
	case w != nil:
		return nil
	}
	if err := g.roster.store.StoreSubscription(ctx, g.name, rec); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.addWatch(rec, g.settings.Payload.wide(), g.receiving(&rec))
	g.signal()
	return nil
}

func (g *Group) rewish(ctx context.Context, id string, wish *Wish) error {
	g.edit.Lock()
	defer g.edit.Unlock()
	g.mu.Lock()
	w := g.watches[id]
	g.mu.Unlock()
	if w == nil {
		return nil
	}
	rec := w.rec
	if err := g.writeMine(&rec, wish); err != nil {
		return err
	}
	if err := g.roster.store.StoreSubscription(ctx, g.name, rec); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.configure(w, rec)
	g.roster.collection.note(rec, 0)
	g.signal()
	return nil
}

func (g *Group) detach(ctx context.Context, id string) error {
	g.edit.Lock()
	defer g.edit.Unlock()
	if err := g.roster.store.DeleteSubscriptions(ctx, g.name, id); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if w := g.watches[id]; w != nil {
		g.dropWatch(w)
		g.signal()
	}
	return nil
}

// gather gives those their watches who may have them now: of all members, or
// of one. edit is held.
func (g *Group) gather(ctx context.Context, jids ...string) {
	g.mu.Lock()
	if len(jids) == 0 {
		for _, m := range g.sorted {
			jids = append(jids, m.JID)
		}
	}
	g.mu.Unlock()
	for _, jid := range jids {
		for _, rec := range g.roster.collection.of(jid) {
			if err := g.attachLocked(ctx, rec, false); err != nil && !errors.Is(err, ErrForbidden) && !errors.Is(err, ErrNoGroup) {
				g.roster.log.Warn("group not added to all of a watcher's", "group", g.name, "error", err)
			}
		}
	}
}

// widen lets those who watch all their groups look at the node that shows most
// of this one now. mu is held.
func (g *Group) widen() {
	wide := g.settings.Payload.wide()
	for _, w := range g.watches {
		if !w.mine || w.node == wide {
			continue
		}
		rec, held := w.rec, w.lag != nil
		g.roster.collection.note(rec, 1) // it does not end
		g.dropWatch(w)
		if w = g.addWatch(rec, wide, g.receiving(&rec)); held {
			w.hold()
		}
		g.roster.collection.note(rec, -1)
	}
}

// scatter takes the group out of all collections: it is no more. mu is held.
func (g *Group) scatter() {
	for _, w := range g.watches {
		if w.mine {
			g.roster.collection.note(w.rec, -1)
		}
	}
}
