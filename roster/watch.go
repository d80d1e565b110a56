package roster

import (
	"slices"
	"strings"
	"time"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// Watch is one subscription, or one contact: somewhere to tell, and how far
// it has been told. Guarded by Group.mu.
type Watch struct {
	rec       SubscriptionRecord
	node      Node
	receiving policy.Receiving
	manner    Manner
	to        []byte // the address, escaped for an attribute
	tail      []byte // what its events have at their end, beside what all have
	mine      bool   // of a subscription to all groups of its owner
	announced bool   // made by what a contact says of his device: never stored
	hook      string // it is a webhook's, which is not told but asks
	quiet     bool   // he is there, but not so that he wants to be told
	receipts  *receipts
	flight    uint64 // the last multicast stanza that went to it as well, see mail
	outpost   *outpost
	alone     bool // one that did came back: it goes without
	paused    bool // held while a question of his waits for that

	audience *audience
	cohort   *cohort   // nil while held
	at       int       // index in cohort.watches
	lag      *position // non-nil while held
	own      *own      // nil for nearly all
	moved    uint64    // version at which it changed its audience

	faces  map[string]struct{} // NodeResources: who stands in the contact list
	unsure bool                // and perhaps others
	vacant time.Time           // contact: since when it was shown that nobody is there; zero = somebody is
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

// join puts w where it stands.
func (a *audience) join(w *Watch, p position) {
	for _, c := range a.cohorts {
		if c.cursor == p.cursor && (p.cursor == 0 || w.own != nil || c.seen == p.seen && c.last == p.last) {
			c.turn = max(c.turn, p.turn)
			c.add(w)
			return
		}
	}
	c := &cohort{cursor: p.cursor, seen: p.seen, last: p.last, turn: p.turn}
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
	w := &Watch{rec: rec, node: node, receiving: r, to: g.roster.renderer.Address(nil, rec.JID), flight: g.mail.joins(rec.Owner)}
	if node < NodeContact {
		g.watches[rec.ID] = w
		w.manner = g.manner(&rec)
		g.man(w)
	}
	if w.mine = rec.Node == NodeMine; w.mine {
		g.roster.collection.note(rec, 1)
	}
	g.byOwner[rec.Owner] = append(g.byOwner[rec.Owner], w)
	g.heed(w)
	g.retail(rec.Owner)
	if g.optional(rec.Owner) {
		g.version++
		g.mark(rec.Owner)
	}
	g.place(w)
	return w
}

func (g *Group) addContact(jid string) *Watch {
	return g.addWatch(contactRecord(jid), NodeContact, policy.Receiving{})
}

// contactRecord is that of a contact who has set no receiving policy. It is
// stored as soon as he sets one.
func contactRecord(jid string) SubscriptionRecord {
	node := NodeContact.String()
	return SubscriptionRecord{ID: node + "/" + jid, Node: node, JID: jid, Owner: jid}
}

// place puts w in its audience, from the beginning.
func (g *Group) place(w *Watch) {
	who := g.watcher(w.rec.Owner)
	w.audience = g.audienceOf(&who, w.node, &w.receiving, &w.manner)
	w.audience.count(1)
	w.moved = max(g.standing(who.JID), w.audience.vouches)
	w.own = g.exceptions(w.audience, &who, &w.receiving)
	if ground := w.audience.ground(); w.own == nil && ground < w.moved && w.node != NodeContact {
		w.own = &own{}
	}
	if w.own != nil {
		w.own.floor = max(w.audience.ground(), w.moved)
	}
	w.reset()
}

// standing is the version of the last change of what jid may see, as far as
// it is his alone: his affiliation, his roles, what rules name him, what he
// wants. Tokens from before it are of no use to him.
func (g *Group) standing(jid string) uint64 {
	v := max(g.namedAll, g.named[jid], g.named[domainOf(jid)])
	if m := g.entry(jid); m != nil {
		v = max(v, m.access, m.gone)
		for _, role := range m.Roles {
			v = max(v, g.named[roleName+role])
		}
	}
	return v
}

// maxNamed bounds Group.named.
const maxNamed = 4096

// mark records that what is decided for a JID, for "@" and a domain, or for a
// role (see roleName), apart from others has changed.
func (g *Group) mark(name string) {
	if len(g.named) >= maxNamed {
		clear(g.named)
		g.namedAll = g.version
	}
	g.named[name] = g.version
}

// unsure makes all tokens that owner holds useless: he may have got them
// from a watch with other options than the one that he is seen by next.
func (g *Group) unsure(owner string) {
	g.mark(owner)
	for _, w := range g.byOwner[owner] {
		w.moved = g.version
	}
}

// optional says whether some watch of owner has options.
func (g *Group) optional(owner string) bool {
	return slices.ContainsFunc(g.byOwner[owner], func(w *Watch) bool {
		r := &w.receiving
		return r.Refuse || r.SameRole || len(r.Members) > 0 || len(r.Roles) > 0 || r.Attributes != 0
	})
}

func (g *Group) dropWatch(w *Watch) {
	if !slices.Contains(g.byOwner[w.rec.Owner], w) {
		return // with his contact, already
	}
	if g.optional(w.rec.Owner) {
		g.version++
		g.unsure(w.rec.Owner)
		g.signal()
	}
	w.leave()
	w.audience.count(-1)
	w.audience.used = g.version
	if w.node < NodeContact {
		delete(g.watches, w.rec.ID)
	}
	g.raze(w)
	g.mail.leaves(w)
	g.unheed(w)
	if w.mine {
		g.roster.collection.note(w.rec, -1)
	}
	rest := slices.DeleteFunc(g.byOwner[w.rec.Owner], func(x *Watch) bool { return x == w })
	if len(rest) == 0 {
		delete(g.byOwner, w.rec.Owner)
	} else {
		g.byOwner[w.rec.Owner] = rest
	}
	g.retail(w.rec.Owner)
	if g.hurries() || len(g.razed) > 0 {
		g.signal()
	}
	if w.node == NodeContact { // what his devices announced goes with it
		for _, x := range slices.Clone(g.byOwner[w.rec.Owner]) {
			if x.announced {
				g.dropWatch(x)
			}
		}
	}
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
func domainOf(bare string) string {
	if i := strings.IndexByte(bare, '@'); i >= 0 {
		return bare[i:]
	}
	return "@" + bare // a service
}

func (g *Group) decideFor(a *audience, m *member, who *policy.Watcher, r *policy.Receiving) policy.Mask {
	s := m.subject()
	return expand(g.policy.Decide(g.now(), &s, who, r)) & a.key.kinds()
}

// index and unindex keep the table of members by whom their rules name.
func (g *Group) index(m *member) {
	m.singles(func(who string) {
		if g.singles[who] == nil {
			g.singles[who] = map[*member]struct{}{}
		}
		g.singles[who][m] = struct{}{}
		g.mark(who)
	})
}

func (g *Group) unindex(m *member) {
	m.singles(func(who string) {
		delete(g.singles[who], m)
		if len(g.singles[who]) == 0 {
			delete(g.singles, who)
		}
		g.mark(who)
	})
}

// hold stops telling the watches of owner that go to the given resource, or
// with "" those that go to the bare JID; release goes on where it stopped.
// Unknown counts as reachable: only who was seen to leave is held.
func (g *Group) hold(owner, resource string) {
	if resource != "" {
		g.silent(owner, resource)
	}
	for _, w := range g.byOwner[owner] {
		if w.goesTo(resource) {
			w.hold()
		}
	}
}

func (w *Watch) hold() {
	w.paused = false
	if w.outpost != nil {
		w.outpost.held = false
	}
	w.doubt()
	if w.lag == nil {
		p := w.position()
		w.leave()
		w.lag = &p
	}
}

func (g *Group) release(owner, resource string) {
	for _, w := range g.byOwner[owner] {
		if w.goesTo(resource) {
			w.release()
		}
	}
}

func (w *Watch) release() {
	w.paused = false
	if w.outpost != nil {
		w.outpost.held = false
	}
	w.resend()
	if w.lag != nil && !w.quiet {
		p := *w.lag
		w.lag = nil
		w.audience.join(w, p)
	}
}

func (w *Watch) goesTo(resource string) bool {
	_, r, _ := strings.Cut(w.rec.JID, "/")
	return r == resource
}

// reset owes w the full state again.
func (w *Watch) reset() {
	w.lag = nil
	w.leave()
	w.forgetSent()
	if w.quiet {
		w.lag = &position{}
		return
	}
	w.audience.join(w, position{})
}

// renew owes w the full state again as soon as it can be reached.
func (w *Watch) renew() {
	if w.lag != nil {
		*w.lag = position{}
	} else {
		w.reset()
	}
}

// retail brings up to date what the events of owner's watches have at their
// end: which subscription it is, where one address has several (XEP-0060
// §6.1.6), and whether a receipt is asked for.
func (g *Group) retail(owner string) {
	for _, w := range g.byOwner[owner] {
		if w.node >= NodeContact {
			continue
		}
		t := Tail{Receipt: w.manner.Receipts, Collection: w.mine}
		for _, x := range g.byOwner[owner] {
			if x != w && x.node == w.node && x.rec.JID == w.rec.JID {
				t.SubID = w.rec.ID
			}
		}
		if w.tail = nil; t != (Tail{}) {
			w.tail = g.roster.renderer.EventTail(nil, &t)
		}
	}
}
