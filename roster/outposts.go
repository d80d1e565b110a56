package roster

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"sync/atomic"
)

// outposts finds whose a node is. It is the last lock of all.
type outposts struct {
	whose func(jid string) bool // [Options].Outposts

	mu     sync.Mutex
	of     map[string]post
	barred bool // the service does not let us make nodes, or is none: until the next connection

	made, published, lost, refused atomic.Uint64
}

// OutpostStats says what left through the server's own PubSub service.
type OutpostStats struct {
	Nodes     int    // those that are in use
	Made      uint64 // nodes that were asked for
	Published uint64 // items
	Lost      uint64 // nodes that were not there any more
	Refused   uint64 // watches that are told from the group because of what the service said
}

// Outposts returns the figures of this moment.
func (r *Roster) Outposts() OutpostStats {
	o := &r.outposts
	o.mu.Lock()
	n := len(o.of)
	o.mu.Unlock()
	return OutpostStats{Nodes: n, Made: o.made.Load(), Published: o.published.Load(), Lost: o.lost.Load(), Refused: o.refused.Load()}
}

// serves says whether events for jid leave that way.
func (o *outposts) serves(jid string) bool { return o.whose != nil && o.whose(jid) }

// post is whose a node is.
type post struct {
	g *Group
	w *Watch
}

func (o *outposts) enter(node string, p post) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.of == nil {
		o.of = map[string]post{}
	}
	o.of[node] = p
}

func (o *outposts) leave(node string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.of, node)
}

func (o *outposts) find(node string) post {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.of[node]
}

// bar says whether the service is of no use, and what was said before.
func (o *outposts) bar(barred bool) (was bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	was, o.barred = o.barred, barred
	return was
}

func (o *outposts) isBarred() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.barred
}

// outpostName is one that nobody can guess, and that says nothing: everybody
// may list the nodes of the service.
func outpostName() string { return strings.ToLower(rand.Text()) }

// IsOutpostName says whether a node may be one of ours, by its name.
func IsOutpostName(node string) bool {
	return len(node) == 26 && strings.Trim(node, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

// OutpostNames returns the names of all nodes that are subscribers', in use or
// not. All groups are in memory.
func (r *Roster) OutpostNames() map[string]bool {
	all := map[string]bool{}
	for _, g := range r.All() {
		g.mu.Lock()
		for _, w := range g.watches {
			if w.rec.Outpost != "" {
				all[w.rec.Outpost] = true
			}
		}
		g.mu.Unlock()
	}
	return all
}

// posts says whether what rec asks for goes by an outpost. JSON is no item, and
// receipts are of messages of ours.
func (g *Group) posts(rec *SubscriptionRecord, m *Manner) bool {
	o := &g.roster.outposts
	return rec.Outpost != "" && o.serves(rec.Owner) && !ForPeers(g.name) && !m.Receipts && m.Format != FormatJSON && !g.grounded[rec.ID] && !o.isBarred()
}

// christen gives those subscriptions a name that have none, and says which.
func (r *Roster) christen(rec *GroupRecord) (named []SubscriptionRecord) {
	for i := range rec.Subscriptions {
		s := &rec.Subscriptions[i]
		if _, err := ParseNode(s.Node); err == nil && s.Outpost == "" && r.outposts.serves(s.Owner) {
			s.Outpost = outpostName()
			named = append(named, *s)
		}
	}
	return named
}

// christenStored is christen for what is stored: who cannot be given a name
// is told from the group.
func (r *Roster) christenStored(ctx context.Context, rec *GroupRecord) {
	for _, s := range r.christen(rec) {
		err := r.store.StoreSubscription(ctx, rec.Name, s)
		if err == nil {
			continue
		}
		r.log.Warn("name of a PubSub node not stored, its subscriber is told from the group", "group", rec.Name, "error", err)
		for i := range rec.Subscriptions {
			if rec.Subscriptions[i].ID == s.ID {
				rec.Subscriptions[i].Outpost = ""
			}
		}
	}
}
