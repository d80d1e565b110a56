package roster

import (
	"context"
	"crypto/rand"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Presence may leave through the server's own PubSub service instead of the
// group's events: each subscription then has a node of its own there, its
// outpost, which is ours; its watcher is subscribed to it by us, and nobody else
// ever is. What is published in it is found by the same walk, at the group's
// turn, an item a stanza: Prosody keeps only the first of several, ejabberd
// refuses them.
//
// The service keeps nothing: whoever is owed the full state gets another node
// of the same name, made before it and blank, so that what he had before is over
// for him. Nothing is published until the service has said that the node is
// ours and whose it is: somebody else may have made one of that name.
//
// Whose watch ends loses his subscription and the node before anything else is
// said. Both services deal with what we send in its order, and send what follows
// before the next: an answer that leaves later overtakes no item.

// outpost is a watch's node, as far as this connection has come. Guarded by
// Group.mu.
type outpost struct {
	node  string
	state outpostState
	life  uint64 // which of the nodes of that name: what is said of former ones is over
	blank bool   // nothing has been published in it
	held  bool   // its watch waits for it
	told  bool   // its watcher was told of it, in this process
	falls int    // in a row: how often it was lost
	alarm *time.Timer
}

type outpostState uint8

const (
	unmade  outpostState = iota
	making               // asked for
	created              // it is ours
	manned               // its watcher is subscribed
)

// The bounds: how often in a row a node may be lost before its watcher is told
// from the group, and how long the service may be silent before everybody is.
const (
	maxFalls        = 3
	outpostPatience = time.Minute
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

// told is rec as its owner may see it: with the node only if it is in use.
// mu is held.
func (g *Group) told(rec SubscriptionRecord) SubscriptionRecord {
	m := g.manner(&rec)
	if !m.outpost {
		rec.Outpost = ""
	}
	return rec
}

// man gives w its outpost, or takes it away, as its manner says.
func (g *Group) man(w *Watch) {
	switch o := w.outpost; {
	case w.manner.outpost && o == nil:
		w.outpost = &outpost{node: w.rec.Outpost}
		g.roster.outposts.enter(w.rec.Outpost, post{g, w})
	case !w.manner.outpost && o != nil:
		g.raze(w)
	}
}

// informed notes that its watcher is told of w's outpost just now.
func (w *Watch) informed() {
	if w.outpost != nil {
		w.outpost.told = true
	}
}

// raze ends w's outpost: that leaves before anything else.
func (g *Group) raze(w *Watch) {
	o := w.outpost
	if o == nil {
		return
	}
	w.outpost = nil
	o.rest()
	g.roster.outposts.leave(o.node)
	g.razed = append(g.razed, razed{o.node, w.to})
}

// rest stops waiting for an answer.
func (o *outpost) rest() {
	if o.alarm != nil {
		o.alarm.Stop()
		o.alarm = nil
	}
}

// razed is a node that is over, and whose it was.
type razed struct {
	node string
	to   []byte
}

// sayRazed appends the end of nodes that are over, as far as there is room:
// nothing else may be said before the last of them.
func (g *Group) sayRazed(b []byte, limit int) []byte {
	for len(g.razed) > 0 && len(b) < limit {
		x := g.razed[0]
		b = g.roster.renderer.OutpostEnd(b, x.node, x.to, outpostID(x.node, idEnd, 0))
		g.razed = g.razed[1:]
	}
	return b
}

// The kinds of what we ask of the service, in the ids of the stanzas.
const (
	idEnd       = 'e'
	idCreate    = 'c'
	idAdmit     = 'a'
	idSubscribe = 's'
	idPublish   = 'p'
)

// outpostID is the id of a stanza about a node: the service answers with it.
func outpostID(node string, kind byte, life uint64) string {
	return node + "." + string(rune(kind)) + strconv.FormatUint(life, 36)
}

// parseOutpostID is its inverse.
func parseOutpostID(id string) (node string, kind byte, life uint64, ok bool) {
	node, rest, ok := strings.Cut(id, ".")
	if !ok || len(rest) < 2 {
		return "", 0, 0, false
	}
	life, err := strconv.ParseUint(rest[1:], 36, 64)
	return node, rest[0], life, err == nil
}

// garrison says whether w, which c's walk is for, has to wait for its node.
// The node is then asked for.
func (g *Group) garrison(b []byte, c *cohort, w *Watch) (out []byte, waits bool) {
	o := w.outpost
	if o.state == manned && (c.walk.since > 0 || o.blank || c.partial != nil) {
		return b, false
	}
	if o.state == unmade || o.state == manned {
		o.life++
		o.state, o.blank = making, true
		g.roster.outposts.made.Add(1)
		g.expect(o)
		b = g.roster.renderer.OutpostMake(b, o.node, w.rec.Owner, w.to, OutpostIDs{
			End: outpostID(o.node, idEnd, o.life), Create: outpostID(o.node, idCreate, o.life),
			Admit: outpostID(o.node, idAdmit, o.life), Subscribe: outpostID(o.node, idSubscribe, o.life),
		})
	}
	w.leave()
	w.lag, o.held = &position{}, true
	return b, true
}

// expect sees to it that an answer that never comes is not waited for.
func (g *Group) expect(o *outpost) {
	o.rest()
	life := o.life
	o.alarm = time.AfterFunc(outpostPatience, func() {
		g.mu.Lock()
		silent := o.alarm != nil && o.life == life && o.state != manned
		g.mu.Unlock()
		if silent {
			g.roster.barOutposts("nothing")
		}
	})
}

// publish appends the entries that show, a stanza each. whole is false when the
// limit came first.
func (a *audience) publish(b []byte, limit int, c *cohort, w *Watch, entries []entry, to uint64) (out []byte, whole bool) {
	g, o, r := a.g, w.outpost, a.g.roster.renderer
	id := outpostID(o.node, idPublish, o.life)
	for i := c.partial.start(entries); i < len(entries); i++ {
		e := entries[i]
		if e.lo == e.hi {
			continue
		}
		if c.partial != nil && g.full(b, limit) {
			return b, false
		}
		b = r.PublishEnd(append(r.PublishStart(b, o.node, id), c.walk.buf[e.lo:e.hi]...))
		o.blank = false
		g.roster.outposts.published.Add(1)
		if c.partial == nil {
			c.partial = &partial{cursor: c.walk.version, seen: to}
		}
		c.partial.after = e.key
		c.partial.parts++
	}
	return b, true
}

// start is the first entry that has not been sent.
func (p *partial) start(entries []entry) int {
	if p == nil {
		return 0
	}
	for i := range entries {
		if entries[i].key > p.after {
			return i
		}
	}
	return len(entries)
}

// OutpostAnswered takes in what the server's PubSub service says to the stanza
// of that id: "" is yes, else it is the condition of an error. What is no id of
// ours is ignored.
func (r *Roster) OutpostAnswered(id, why string) {
	node, kind, life, ok := parseOutpostID(id)
	if !ok {
		return
	}
	if kind == idEnd { // of a node that was not there it is an error that nothing follows from
		if why != "" && why != notFound {
			r.log.Warn("a PubSub node could not be deleted", slog.String("condition", why))
		}
		return
	}
	if p := r.outposts.find(node); p.g != nil && !p.g.outpostAnswered(p.w, node, kind, life, why) {
		r.barOutposts(why)
	}
}

// The conditions that say something of one node: it is not there, and it is
// somebody else's. All others of a node that is to be made are about us.
const (
	notFound = "item-not-found"
	conflict = "conflict"
)

// outpostAnswered is OutpostAnswered for w; false if the service is of no use
// to anybody.
func (g *Group) outpostAnswered(w *Watch, node string, kind byte, life uint64, why string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	o := w.outpost
	if o == nil || o.node != node || o.life != life {
		return true
	}
	switch {
	case kind == idCreate && why != "" && why != conflict:
		return false
	case kind == idPublish && why == "":
		o.falls = 0
	case kind == idPublish && why == notFound:
		g.fall(w)
	case why != "":
		g.ground(w, why)
	case kind == idCreate && o.state == making:
		o.state = created
	case kind == idSubscribe && o.state == created:
		g.manned(w)
	}
	g.signal()
	return true
}

// manned lets w be told by its node, which is there. Who was not yet told which
// it is is told so first.
func (g *Group) manned(w *Watch) {
	o := w.outpost
	o.rest()
	o.state = manned
	if !o.told {
		o.told = true
		g.roster.outbox.Began(g.name, w.rec)
	}
	if o.held {
		w.release()
	}
}

// fall takes in that w's node is not there any more: it is made again.
func (g *Group) fall(w *Watch) {
	o := w.outpost
	if o.state != manned {
		return // it is known
	}
	g.roster.outposts.lost.Add(1)
	o.state = unmade
	if o.falls++; o.falls > maxFalls {
		g.ground(w, notFound)
		return
	}
	w.renew()
}

// barOutposts lets everybody be told from the groups until the next connection:
// the service said why, if it said anything.
func (r *Roster) barOutposts(why string) {
	if r.outposts.bar(true) {
		return
	}
	r.log.Error("THE SERVER'S PUBSUB SERVICE LETS US MAKE NO NODES: subscribers are told from the groups (rollcall doctor says what to do)",
		slog.String("condition", why))
	for _, g := range r.All() {
		g.mu.Lock()
		for _, w := range g.watches {
			if w.outpost != nil {
				r.outposts.refused.Add(1)
			}
			g.repost(w)
		}
		g.signal()
		g.mu.Unlock()
	}
}

// ground lets w be told from the group until the next connection.
func (g *Group) ground(w *Watch, why string) {
	g.roster.log.Warn("the server's PubSub service does not serve a subscriber, who is told from the group",
		"group", g.name, "service says", why)
	g.roster.outposts.refused.Add(1)
	if g.grounded == nil {
		g.grounded = map[string]bool{}
	}
	g.grounded[w.rec.ID] = true
	g.repost(w)
}

// repost lets w go the way that is in force for it now, from the beginning.
func (g *Group) repost(w *Watch) {
	if w.node >= NodeContact {
		return
	}
	m := g.manner(&w.rec)
	if m.outpost == w.manner.outpost {
		return
	}
	held := w.outpost != nil && w.outpost.held
	w.manner.outpost = m.outpost
	g.version++ // an audience that is there already may have been asked what is the latest
	g.man(w)
	who := g.watcher(w.rec.Owner)
	w.move(g.audienceOf(&who, w.node, &w.receiving, &w.manner), &who, (*Watch).decision, nil)
	w.renew()
	if held {
		w.release()
	}
}

// uproot forgets what stood in the service: nobody knows.
func (g *Group) uproot() {
	if g.roster.outposts.whose == nil {
		return
	}
	clear(g.grounded)
	for _, w := range g.watches {
		g.repost(w)
		o := w.outpost
		if o == nil {
			continue
		}
		o.rest()
		o.state, o.falls = unmade, 0
		o.life++
		if o.held {
			w.release()
		}
		w.renew()
	}
}

// Detached says that a connection has ended: the service will not answer.
func (r *Roster) Detached() {
	for _, g := range r.All() {
		g.mu.Lock()
		for _, w := range g.watches {
			if w.outpost != nil {
				w.outpost.rest()
			}
		}
		g.mu.Unlock()
	}
}

// EachOutpost calls f for each node of the group's that stands at the server's
// PubSub service, with the id of what ends it: we are about to be gone.
func (g *Group) EachOutpost(f func(node, id string)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, w := range g.watches {
		if w.outpost != nil && w.outpost.state != unmade {
			f(w.outpost.node, outpostID(w.outpost.node, idEnd, 0))
		}
	}
}
