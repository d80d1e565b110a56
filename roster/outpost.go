package roster

import (
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
