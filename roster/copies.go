package roster

import (
	"slices"
	"sync/atomic"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// What is the same bytes for many watchers may leave once, with a list of
// addresses, and be copied by the server (XEP-0033). The server does that
// beside its ordinary way, in an order of its own: what is sent to one watcher
// meanwhile could overtake an older word that waits there. So, until the
// service is known to have dealt with a stanza (it is aloft until then), to
// whom it went everything goes that way, if need be alone; and a question of
// his, whose answer cannot, waits for it. That others are told something delays
// nobody's answer: he could tell by it that something happened.
//
// A copy is counted as the stanza that it saves: what a watcher's queue in the
// server holds is the same.

// Multicast is a service that puts one stanza to many.
type Multicast struct {
	Service   string // its address; "" = there is none
	Domain    string // whose users it serves; all others are told one by one
	Messages  int    // addresses in one message; less than 2: none are sent that way
	Presences int    // the same of a presence
}

// multicast is a Multicast as turns need it.
type multicast struct {
	Multicast
	to     []byte // the service, escaped
	suffix string // of a bare JID of the domain
}

// copies counts what left by multicast.
type copies struct{ stanzas, copies, returned atomic.Uint64 }

// CopyStats says what left by multicast.
type CopyStats struct {
	Stanzas  uint64 // that went to the service
	Copies   uint64 // that it was to make of them
	Returned uint64 // stanzas that came back
}

// Copies returns the figures of this moment.
func (r *Roster) Copies() CopyStats {
	c := &r.copies
	return CopyStats{Stanzas: c.stanzas.Load(), Copies: c.copies.Load(), Returned: c.returned.Load()}
}

// SetMulticast says what service there is, from the next turns on. The order
// of what is aloft is kept.
func (r *Roster) SetMulticast(m Multicast) {
	if m.Service == "" {
		r.multicast.Store(nil)
		return
	}
	r.multicast.Store(&multicast{Multicast: m, to: r.renderer.Address(nil, m.Service), suffix: "@" + m.Domain})
}

// The bounds of one stanza, beside those of the service.
const (
	minCopies    = 2        // fewer leave singly
	maxAddresses = 32 << 10 // bytes of addresses: with the items it must be what servers take
	perCopy      = 128      // bytes of a stanza up to its address, about
)

// mail is what of a group leaves by multicast. Guarded by Group.mu.
type mail struct {
	via   *multicast // in this turn; nil = nothing does
	extra int        // bytes that the copies of this turn would have been more
	count int        // stanzas of this turn
	open  []batch

	suffix        string // of who may have something aloft
	flown, landed uint64 // stanzas: those that left, and those that have been dealt with
	acked         uint64 // those that the outbox knows to have been
	flights       []flight
	spare         [][]told // of flights that have landed
	hurry         bool     // this turn asks the outbox to find out what has been dealt with
	hurried       uint64   // up to that stanza somebody has asked already
	farewells     []farewell
	left          map[string]uint64 // what may be aloft to whose watch has ended, by owner
	paused        []*Watch
}

// farewell is a contact that ended while something was aloft to it.
type farewell struct {
	jid string
	seq uint64 // the last stanza that may be
}

// batch is a stanza that is being addressed.
type batch struct {
	rest     []byte // from behind the address on
	contact  bool
	interest policy.Mask
	bytes    int // of addresses
	told     []told
}

// told is a watch, and the version visible to it that it held before.
type told struct {
	w      *Watch
	before uint64
}

// flight is a stanza that is aloft.
type flight struct {
	seq  uint64
	id   string // "" = a contact's
	told []told
}

// startMail begins a turn.
func (g *Group) startMail(via *multicast) {
	m := &g.mail
	m.via, m.extra, m.count = via, 0, 0
	if via != nil {
		m.suffix = via.suffix
	}
	if m.hurry = g.hurries(); m.hurry {
		m.hurried = m.flown
	}
}

// full says whether the turn that may go on until b has limit bytes is over.
func (g *Group) full(b []byte, limit int) bool { return len(b)+g.mail.extra >= limit }

// joins is what is aloft to a watch of owner that begins: perhaps something
// that is to another one of his.
func (m *mail) joins(owner string) uint64 {
	if domainOf(owner) != m.suffix {
		return 0
	}
	return m.flown
}

// aloft says whether the last word to w may still be on its way round.
func (m *mail) aloft(w *Watch) bool { return w.flight > m.landed }

// waits says whether the group has to be silent until everything has landed:
// there is no service any more.
func (g *Group) waits() bool {
	m := &g.mail
	return m.flown > m.landed && !g.closed && m.via == nil
}

// aloftTo is the last stanza that may still be on its way to owner, 0 if
// there is none.
func (g *Group) aloftTo(owner string) (seq uint64) {
	m := &g.mail
	if m.flown == m.landed || g.closed {
		return 0
	}
	seq = m.left[owner]
	for _, w := range g.byOwner[owner] {
		seq = max(seq, w.flight)
	}
	if seq <= m.landed {
		return 0
	}
	return seq
}

// ripe says whether the answer to q may leave.
func (g *Group) ripe(q *Question) bool { return g.aloftTo(q.Watcher) == 0 }

// pauses holds w if a question of its owner waits, which would go on waiting.
func (g *Group) pauses(w *Watch) bool {
	m := &g.mail
	if len(g.asked) == 0 || !m.aloft(w) || g.asked[w.rec.Owner] == 0 || w.part() != nil {
		return false
	}
	p := w.position()
	w.leave()
	w.lag, w.paused = &p, true
	m.paused = append(m.paused, w)
	return true
}

// resume lets those go on who have been answered.
func (g *Group) resume() {
	m := &g.mail
	m.paused = slices.DeleteFunc(m.paused, func(w *Watch) bool {
		waits := w.paused && g.asked[w.rec.Owner] > 0
		if w.paused && !waits && slices.Contains(g.byOwner[w.rec.Owner], w) {
			w.release()
		}
		return !waits
	})
}

// hurries says whether something waits for the landing that the outbox does
// not know of yet.
func (g *Group) hurries() bool {
	m := &g.mail
	if m.flown == m.landed {
		return false
	}
	if g.waits() {
		return m.hurried < m.flown
	}
	for _, q := range g.questions {
		if m.hurried < g.aloftTo(q.Watcher) {
			return true
		}
	}
	n := len(m.farewells)
	return n > 0 && m.hurried < m.farewells[n-1].seq
}

// Copied is what the last turn has left to the server: stanzas to the
// multicast service, so many, whose copies are extra bytes more than was
// appended. hurry says that the group waits for all of its own to be dealt with
// (see [Group.Landed]). It is for the outbox, right after the turn.
func (g *Group) Copied() (extra, stanzas int, hurry bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return max(g.mail.extra, 0), g.mail.count, g.mail.hurry
}

// together adds w to those who are told rest, and says whether it could.
func (g *Group) together(w *Watch, rest []byte, before uint64, interest policy.Mask) bool {
	m, contact := &g.mail, w.node == NodeContact
	if m.via == nil || w.alone || len(w.tail) > 0 || domainOf(w.rec.Owner) != m.via.suffix {
		return false
	}
	most := m.via.Messages
	if contact {
		most = m.via.Presences
	}
	if most < minCopies || len(w.to) > maxAddresses/minCopies {
		return false
	}
	i := slices.IndexFunc(m.open, func(x batch) bool {
		return &x.rest[0] == &rest[0] && x.interest == interest && len(x.told) < most && x.bytes+len(w.to) <= maxAddresses
	})
	if i < 0 {
		i = len(m.open)
		m.open = append(m.open, batch{rest: rest, contact: contact, interest: interest, told: m.room()})
	}
	x := &m.open[i]
	x.told = append(x.told, told{w, before})
	x.bytes += len(w.to)
	m.extra += perCopy + len(w.to) + len(rest)
	return true
}

// room is an empty list, one that has been used if there is one.
func (m *mail) room() []told {
	if n := len(m.spare); n > 0 {
		t := m.spare[n-1]
		m.spare = m.spare[:n-1]
		return t
	}
	return nil
}

// back takes a list that is of no use any more.
func (m *mail) back(t []told) {
	clear(t)
	if len(m.spare) < 64 {
		m.spare = append(m.spare, t[:0])
	}
}

// post appends what was gathered.
func (g *Group) post(b []byte) []byte {
	m := &g.mail
	for i := range m.open {
		x := &m.open[i]
		n := len(b)
		if len(x.told) < minCopies && !m.aloft(x.told[0].w) {
			b = x.close(g, append(x.start(b, g, g.randomID(), x.told[0].w.to), x.rest...))
			m.back(x.told)
		} else {
			b = g.postBatch(b, x)
		}
		m.extra -= len(b) - n
	}
	clear(m.open)
	m.open = m.open[:0]
	return b
}

func (g *Group) postBatch(b []byte, x *batch) []byte {
	r, id := g.roster.renderer, g.randomID()
	b = append(x.start(b, g, id, g.mail.via.to), x.rest...)
	b = r.CopiesStart(b)
	for i := range x.told {
		b = r.CopyTo(b, x.told[i].w.to)
	}
	b = x.close(g, r.CopiesEnd(b))
	if x.contact {
		id = ""
	}
	g.mail.fly(g.roster, id, x.told)
	return b
}

// start appends the stanza up to behind its address.
func (x *batch) start(b []byte, g *Group, id string, to []byte) []byte {
	if x.contact {
		return append(g.roster.renderer.ContactStart(b, g.name), to...)
	}
	return append(g.roster.renderer.EventStart(b, g.name, id), to...)
}

func (x *batch) close(g *Group, b []byte) []byte {
	if x.contact {
		return g.roster.renderer.ContactEnd(b, x.interest)
	}
	return g.roster.renderer.EventClose(b)
}

// fly notes that a stanza to the service has left.
func (m *mail) fly(r *Roster, id string, to []told) {
	m.flown++
	m.count++
	for _, t := range to {
		t.w.flight = m.flown
	}
	m.flights = append(m.flights, flight{m.flown, id, to})
	r.copies.stanzas.Add(1)
	r.copies.copies.Add(uint64(len(to)))
}

// route is the address of a stanza for w alone: its own, or the service's when
// something is aloft to w. copyTo, before the stanza's end, makes that whole.
func (g *Group) route(w *Watch) []byte {
	if g.mail.aloft(w) {
		return g.mail.via.to
	}
	return w.to
}

func (g *Group) copyTo(b []byte, w *Watch, id string, before uint64) []byte {
	m := &g.mail
	if !m.aloft(w) {
		return b
	}
	r := g.roster.renderer
	b = r.CopiesEnd(r.CopyTo(r.CopiesStart(b), w.to))
	m.fly(g.roster, id, append(m.room(), told{w, before}))
	return b
}

// held is the version visible to w that it holds while it has not been told
// what its cohort is about to be.
func (w *Watch) held(c *cohort) uint64 {
	switch {
	case c.walk.since == 0:
		return 0
	case w.own != nil:
		return w.own.seen
	}
	return c.seen
}
