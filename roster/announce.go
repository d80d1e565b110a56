package roster

import (
	"slices"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// Who has the group as a contact, and says by what his device can do that it
// wants the events of a node, gets them without a subscription (XEP-0163 §4.3):
// as long as that device is there, and as his contact wants them.

// Announced takes in which nodes' events a device wants now. Of who has the
// group not as a contact, nothing.
func (g *Group) Announced(bare, resource string, nodes []Node) {
	full := bare + "/" + resource
	g.mu.Lock()
	defer g.mu.Unlock()
	contact := g.contact(bare)
	if g.closed || contact == nil {
		return
	}
	var had []Node
	for _, w := range slices.Clone(g.byOwner[bare]) {
		switch {
		case !w.announced || w.rec.JID != full:
		case slices.Contains(nodes, w.node):
			had = append(had, w.node)
			w.release()
		default:
			g.dropWatch(w)
		}
	}
	for _, n := range nodes {
		if slices.Contains(had, n) || !g.settings.Payload.Has(n) || len(g.byOwner[bare]) >= MaxSubscriptions {
			continue
		}
		rec := SubscriptionRecord{ID: "announced/" + n.String() + "/" + full, Node: n.String(), JID: full, Owner: bare, Receiving: contact.rec.Receiving}
		g.addWatch(rec, n, g.receiving(&rec)).announced = true
	}
	g.signal()
}

// Departed takes in that a device, or with no resource all of somebody's, is
// there no more.
func (g *Group) Departed(bare, resource []byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if ws := g.byOwner[string(bare)]; slices.ContainsFunc(ws, func(w *Watch) bool { return w.announced }) {
		g.silent(string(bare), string(resource))
	}
}

// silent drops what a device announced that was seen to leave, or with "" all
// of somebody's.
func (g *Group) silent(owner, resource string) {
	for _, w := range slices.Clone(g.byOwner[owner]) {
		if w.announced && (resource == "" || w.goesTo(resource)) {
			g.dropWatch(w)
		}
	}
}

// Awaits says whether jid has the group as a contact: what his devices can do
// is worth asking.
func (g *Group) Awaits(bare []byte) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.ContainsFunc(g.byOwner[string(bare)], func(w *Watch) bool { return w.node == NodeContact })
}

// tune lets the devices of a contact be told by his receiving policy.
func (g *Group) tune(owner string, text string, r policy.Receiving) {
	for _, w := range g.byOwner[owner] {
		if w.announced && w.rec.Receiving != text {
			w.rec.Receiving = text
			g.setReceiving(w, r)
		}
	}
}
