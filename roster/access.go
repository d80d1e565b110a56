package roster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// mayWatch says whether who may see anything of the members. To a stranger
// an unlisted group does not exist.
func (g *Group) mayWatch(who *policy.Watcher) error {
	switch {
	case g.closed:
		return ErrNoGroup
	case who.Member:
		return nil
	case g.settings.Listed:
		return ErrForbidden
	}
	return ErrNoGroup
}

// Description is what somebody may know of a group without its members'
// presence.
type Description struct {
	Name        string
	Title       string
	Description string
	Language    string
	Attributes  []Attribute // only for who sees basic information
	Nodes       []Node
	Affiliation Affiliation
	Member      bool
	Members     int // only for who sees basic information
}

// People is what the group is called.
func (d *Description) People() string {
	if d.Title != "" {
		return d.Title
	}
	return d.Name
}

// Describe is the group as jid may know it. ErrNoGroup when he may not know
// that it exists.
func (g *Group) Describe(jid string) (*Description, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	who := g.watcher(jid)
	if err := g.mayWatch(&who); errors.Is(err, ErrNoGroup) {
		return nil, err
	}
	s := &g.settings
	d := &Description{Name: g.name, Title: s.Title, Description: s.Description, Language: s.Language,
		Nodes: s.Payload.Nodes(), Member: who.Member}
	if m := g.live(jid); m != nil {
		d.Affiliation = m.Affiliation
	}
	if g.seesBasic(&who) {
		d.Attributes, d.Members = slices.Clone(s.Attributes), len(g.sorted)
	}
	return d, nil
}

// Subscribe makes jid (bare or full, of the watcher owner) a subscriber of
// node. Who is one already keeps his subscription and gets the state again.
// ErrForbidden, ErrNoGroup, ErrNoNode, ErrLimit.
func (g *Group) Subscribe(ctx context.Context, owner, jid string, node Node) (SubscriptionRecord, error) {
	g.edit.Lock()
	defer g.edit.Unlock()
	rec := SubscriptionRecord{ID: strings.ToLower(rand.Text()[:16]), Node: node.String(), JID: jid, Owner: owner}
	old, err := g.checkSubscribe(&rec, node)
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
	if old != nil {
		rec = old.rec
		old.reset()
	} else {
		g.addWatch(rec, node, policy.Receiving{})
	}
	g.signal()
	return rec, nil
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
	for _, w := range g.byOwner[rec.Owner] {
		if w.node == node && w.rec.JID == rec.JID {
			return w, nil
		}
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
	var found *Watch
	for _, w := range g.byOwner[owner] {
		if w.node == node && w.rec.JID == jid && (id == "" || w.rec.ID == id) {
			found = w
		}
	}
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
	for _, w := range g.byOwner[owner] {
		if w.node != NodeContact {
			all = append(all, w.rec)
		}
	}
	slices.SortFunc(all, func(a, b SubscriptionRecord) int {
		return strings.Compare(a.Node+" "+a.JID, b.Node+" "+b.JID)
	})
	return all
}

// Alive takes in that a watcher did something: he can be reached.
func (g *Group) Alive(full string) {
	bare, resource, _ := strings.Cut(full, "/")
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.byOwner[bare]) > 0 {
		g.heard(bare, resource)
		g.signal()
	}
}
