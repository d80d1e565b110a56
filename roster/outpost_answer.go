package roster

import (
	"log/slog"
	"strconv"
	"strings"
)

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
