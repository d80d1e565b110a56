package roster

import (
	"context"
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// Beside the group's one line a contact may have it that each member he sees
// there stands in his contact list as a resource of the group: a watch of its
// own, told in presences instead of events, that wants what the contact wants
// and ends with it. A presence is not a table: whoever is no longer seen has to
// be taken back by name, so that such a watch remembers who is shown.

// maxResource bounds a resource, in bytes (RFC 7622 §3.4).
const maxResource = 1023

func resourcesRecord(contact *SubscriptionRecord) SubscriptionRecord {
	node := NodeResources.String()
	return SubscriptionRecord{ID: node + "/" + contact.JID, Node: node, JID: contact.JID, Owner: contact.Owner, Receiving: contact.Receiving}
}

// resources is jid's watch of the members as resources, or nil.
func (g *Group) resources(jid string) *Watch {
	i := slices.IndexFunc(g.byOwner[jid], func(w *Watch) bool { return w.node == NodeResources })
	if i < 0 {
		return nil
	}
	return g.byOwner[jid][i]
}

// Resources says whether jid's contact shows each member as a resource.
func (g *Group) Resources(jid string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.resources(jid) != nil
}

// SetResources lets jid's contact show each member as a resource, or no
// longer. ErrNoSubscription if he has none, ErrNoGroup.
func (g *Group) SetResources(ctx context.Context, jid string, on bool) error {
	g.edit.Lock()
	defer g.edit.Unlock()
	g.mu.Lock()
	contact, had, closed := g.contact(jid), g.resources(jid), g.closed
	g.mu.Unlock()
	switch {
	case closed:
		return ErrNoGroup
	case contact == nil:
		return ErrNoSubscription
	case on == (had != nil):
		return nil
	}
	rec := resourcesRecord(&contact.rec)
	if !on {
		if err := g.roster.store.DeleteSubscriptions(ctx, g.name, rec.ID); err != nil {
			return err
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		g.vanish(had)
		g.dropWatch(had)
		return nil
	}
	if err := g.roster.store.StoreSubscription(ctx, g.name, rec); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.addWatch(rec, NodeResources, g.receiving(&rec))
	g.signal()
	return nil
}

// storeFollower stores what comes of a contact's other receiving policy for
// his resources. edit is held.
func (g *Group) storeFollower(ctx context.Context, contact *SubscriptionRecord) error {
	g.mu.Lock()
	had := g.resources(contact.Owner) != nil
	g.mu.Unlock()
	if contact.Node != NodeContact.String() || !had {
		return nil
	}
	return g.roster.store.StoreSubscription(ctx, g.name, resourcesRecord(contact))
}

// follow puts it in force. mu is held.
func (g *Group) follow(contact *SubscriptionRecord) {
	w := g.resources(contact.Owner)
	if contact.Node != NodeContact.String() || w == nil {
		return
	}
	g.configure(w, resourcesRecord(contact))
	if w.receiving.Refuse {
		g.vanish(w)
	}
}

// vanish takes back everybody whom w shows.
func (g *Group) vanish(w *Watch) {
	if all := w.everybody(); len(all) > 0 {
		g.roster.outbox.Gone(g.name, w.rec.JID, all)
	}
	w.faces, w.unsure = nil, false
}

// everybody lists whom w shows, sorted.
func (w *Watch) everybody() []string {
	all := make([]string, 0, len(w.faces))
	for jid := range w.faces {
		all = append(all, jid)
	}
	slices.Sort(all)
	return all
}

// Shown calls f for each contact that shows members as resources, with those:
// when the service goes they have to go as well.
func (g *Group) Shown(f func(to string, members []string)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for jid := range g.byOwner {
		if w := g.resources(jid); w != nil && len(w.faces) > 0 {
			f(w.rec.JID, w.everybody())
		}
	}
}

// faced says whether m is a resource for w.
func (w *Watch) faced(m *member) bool {
	return m.gone == 0 && m.isAvailable() && w.decision(m).mask.Has(policy.Named|policy.Availability)
}

// spread appends the entries of c's walk for one watch, a presence for each.
func (a *audience) spread(b []byte, limit int, c *cohort, w *Watch, entries []entry, to uint64) (out []byte, whole bool) {
	i := 0
	if p := c.partial; p != nil {
		i, _ = slices.BinarySearchFunc(entries, p.after, func(e entry, after string) int {
			return 2*strings.Compare(e.key, after) - 1 // the first behind it
		})
	}
	for ; i < len(entries); i++ {
		if a.g.full(b, limit) {
			if c.partial == nil {
				c.partial = &partial{cursor: c.walk.version, seen: to}
			}
			c.partial.after = ""
			if i > 0 {
				c.partial.after = entries[i-1].key
			}
			return b, false
		}
		b = a.spreadOne(b, c.walk, w, &entries[i])
	}
	if c.walk.since == 0 {
		b = a.retire(b, w)
	}
	return b, true
}

func (a *audience) spreadOne(b []byte, walk *walk, w *Watch, e *entry) []byte {
	if e.m == nil || e.hi == e.lo || len(e.m.JID) > maxResource {
		return b
	}
	jid := e.m.JID
	switch _, had := w.faces[jid]; {
	case w.faced(e.m):
		if w.faces == nil {
			w.faces = map[string]struct{}{}
		}
		w.faces[jid] = struct{}{}
	case had || w.unsure:
		delete(w.faces, jid)
	default:
		return b
	}
	b = a.g.roster.renderer.ResourceStart(b, a.g.name, jid)
	return append(append(b, w.to...), walk.buf[e.lo:e.hi]...)
}

// retire takes back whoever is shown and is not in the full state.
func (a *audience) retire(b []byte, w *Watch) []byte {
	g := a.g
	for _, jid := range w.everybody() {
		if m := g.entry(jid); m != nil && w.faced(m) {
			continue
		}
		delete(w.faces, jid)
		b = append(g.roster.renderer.ResourceStart(b, g.name, jid), w.to...)
		b = g.roster.renderer.Member(b, NodeResources, &Item{JID: jid})
	}
	w.unsure = false
	return b
}
