package roster

import (
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// Watch is one subscription, or one contact: somewhere to tell, and how far
// it has been told. Guarded by Group.mu.
type Watch struct {
	rec       SubscriptionRecord
	node      Node
	receiving policy.Receiving
	to        []byte // the address, escaped for an attribute

	audience *audience
	cohort   *cohort // nil while held
	at       int     // index in cohort.watches
	lag      *lag    // non-nil while held
	own      *own    // nil for nearly all
	moved    uint64  // version at which it changed its audience
}

// lag is where a watch stood when it became unreachable.
type lag struct {
	cursor, seen uint64
	last         string
	turn         uint64
}

// own is what is different about one watch.
type own struct {
	exceptions map[*member]*exception
	seen       uint64 // last version visible to this watch
	last       string // contact: the line it shows
}

// exception is a decision about a member for one watch.
type exception struct {
	mask policy.Mask
	history
}

// cohort is the watches of one audience that have been told up to the same
// version.
type cohort struct {
	cursor uint64 // told up to; 0 = owed the full state
	seen   uint64 // last visible version told: the token they hold
	last   string // contact: the line they show
	turn   uint64 // of the group, in which it was last told something
	watch  []*Watch
	live   int // watches that are not nil

	done    int      // watch[:done] have had walk
	walk    *walk    // what they are being told
	partial *partial // watch[done] is in the middle of it
}

// partial is a state too large for one stanza that is under way to one watch.
// What was sent of it is not sent again, even when the rest is made anew from
// a later version: the watch then stands at the version it began with.
type partial struct {
	cursor, seen uint64
	after        string // sort key of the last item sent
	parts        int
}

func (a *audience) join(w *Watch, cursor, seen uint64, last string) {
	if cursor < a.floor {
		cursor, seen = 0, 0 // it missed a tombstone
	}
	for _, c := range a.cohorts {
		if c.cursor == cursor && (cursor == 0 || c.seen == seen && c.last == last) {
			c.add(w)
			return
		}
	}
	c := &cohort{cursor: cursor, seen: seen, last: last}
	a.cohorts = append(a.cohorts, c)
	c.add(w)
}

func (c *cohort) add(w *Watch) {
	w.cohort, w.at = c, len(c.watch)
	c.watch = append(c.watch, w)
	c.live++
}

// leave takes w out of its cohort. The hole is closed when no walk is under
// way; a partial state of w is given up.
func (w *Watch) leave() {
	c := w.cohort
	if c == nil {
		return
	}
	if c.partial != nil && c.done == w.at {
		c.partial = nil
	}
	c.watch[w.at] = nil
	c.live--
	w.cohort = nil
	if c.live == 0 {
		a := w.audience
		a.cohorts = slices.DeleteFunc(a.cohorts, func(x *cohort) bool { return x == c })
	}
}

// compact closes the holes.
func (c *cohort) compact() {
	if c.live == len(c.watch) {
		return
	}
	c.watch = slices.DeleteFunc(c.watch, func(w *Watch) bool { return w == nil })
	for i, w := range c.watch {
		w.at = i
	}
}

// addWatch makes a watch and owes it the full state.
func (g *Group) addWatch(rec SubscriptionRecord, node Node, r policy.Receiving) *Watch {
	w := &Watch{rec: rec, node: node, receiving: r, to: g.roster.renderer.Address(nil, rec.JID)}
	if node != NodeContact {
		g.watches[rec.ID] = w
	}
	g.byOwner[rec.Owner] = append(g.byOwner[rec.Owner], w)
	g.place(w)
	return w
}

func (g *Group) addContact(jid string) *Watch {
	return g.addWatch(SubscriptionRecord{Node: NodeContact.String(), JID: jid, Owner: jid}, NodeContact, policy.Receiving{})
}

// place puts w in its audience, from the beginning.
func (g *Group) place(w *Watch) {
	who := g.watcher(w.rec.Owner)
	w.audience = g.audienceOf(&who, w.node, &w.receiving)
	w.audience.watches++
	w.own = g.exceptions(w.audience, &who, &w.receiving)
	w.audience.join(w, 0, 0, "")
}

func (g *Group) dropWatch(w *Watch) {
	w.leave()
	w.audience.watches--
	w.audience.used = g.version
	if w.node != NodeContact {
		delete(g.watches, w.rec.ID)
	}
	rest := slices.DeleteFunc(g.byOwner[w.rec.Owner], func(x *Watch) bool { return x == w })
	if len(rest) == 0 {
		delete(g.byOwner, w.rec.Owner)
	} else {
		g.byOwner[w.rec.Owner] = rest
	}
}

// exceptions finds the members about whom the decision for who differs from
// that for his audience; nil if there are none.
func (g *Group) exceptions(a *audience, who *policy.Watcher, r *policy.Receiving) *own {
	var o *own
	g.candidates(who, r, func(m *member) {
		if mask := g.decideFor(a, m, who, r); mask != a.masks[m.slot] {
			if o == nil {
				o = &own{exceptions: map[*member]*exception{}}
			}
			o.exceptions[m] = &exception{mask: mask}
		}
	})
	return o
}

// candidates calls f for each member whose rules name who, and each that
// only he asked for.
func (g *Group) candidates(who *policy.Watcher, r *policy.Receiving, f func(*member)) {
	for m := range g.singles[who.JID] {
		f(m)
	}
	for m := range g.singles[domainOf(who.JID)] {
		f(m)
	}
	for _, j := range r.Members {
		if m := g.live(j); m != nil {
			f(m)
		}
	}
}

// domainOf is the index key of a JID's domain.
func domainOf(bare string) string { return bare[max(0, strings.IndexByte(bare, '@')):] }

func (g *Group) decideFor(a *audience, m *member, who *policy.Watcher, r *policy.Receiving) policy.Mask {
	s := m.subject()
	return expand(g.policy.Decide(g.now(), &s, who, r)) & a.key.node.kinds()
}

// index and unindex keep the table of members by whom their rules name.
func (g *Group) index(m *member) {
	if m.auth == nil {
		return
	}
	m.auth.Singles(func(who string) {
		if g.singles[who] == nil {
			g.singles[who] = map[*member]struct{}{}
		}
		g.singles[who][m] = struct{}{}
	})
	m.auth.Roles(func(role string) { g.roles[role]++ })
}

func (g *Group) unindex(m *member) {
	if m.auth == nil {
		return
	}
	m.auth.Singles(func(who string) {
		delete(g.singles[who], m)
		if len(g.singles[who]) == 0 {
			delete(g.singles, who)
		}
	})
	m.auth.Roles(func(role string) { g.roles[role]-- })
	m.auth = nil
}

// hold stops telling the watches of owner that go to the given resource, or
// with "" those that go to the bare JID; release goes on where it stopped.
// Unknown counts as reachable: only who was seen to leave is held.
func (g *Group) hold(owner, resource string) {
	for _, w := range g.byOwner[owner] {
		if w.lag == nil && w.goesTo(resource) {
			w.lag = &lag{}
			if c := w.cohort; c != nil {
				*w.lag = lag{c.cursor, c.seen, c.last, c.turn}
				if c.walk != nil && w.at < c.done {
					*w.lag = lag{c.walk.version, c.walk.seenBy(c), c.walk.line, c.turn}
				}
			}
			w.leave()
		}
	}
}

func (g *Group) release(owner, resource string) {
	for _, w := range g.byOwner[owner] {
		if w.lag != nil && w.goesTo(resource) {
			l := w.lag
			w.lag = nil
			w.audience.join(w, l.cursor, l.seen, l.last)
		}
	}
}

func (w *Watch) goesTo(resource string) bool {
	_, r, _ := strings.Cut(w.rec.JID, "/")
	return r == resource
}

// forget drops the exception about a tombstone that is freed. Who has not
// been told yet that it left gets the full state instead.
func (w *Watch) forget(m *member) {
	if w.own == nil || w.own.exceptions[m] == nil {
		return
	}
	delete(w.own.exceptions, m)
	switch {
	case w.lag != nil:
		if w.lag.cursor < m.version {
			*w.lag = lag{}
		}
	case w.cohort.cursor < m.version:
		w.reset()
	}
}

// reset owes w the full state again.
func (w *Watch) reset() {
	w.lag = nil
	w.leave()
	w.audience.join(w, 0, 0, "")
}
