package roster

import (
	"slices"
	"sync"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// Origin says where the presence of the server's own users comes from. Members
// of other domains are asked for theirs, whatever it is.
type Origin uint8

// The origins. The line comment is the name in the configuration.
const (
	FromSubscription Origin = iota // subscription: each member is asked (RFC 6121 §3.1)
	FromServer                     // server: nobody is asked, the server tells of all its users (XEP-0356 §6)
	FromBoth                       // both: each member is asked, and the server says sooner who is gone
)

var originNames = [...]string{"subscription", "server", "both"}

func (o Origin) String() string { return originNames[o] }

// ParseOrigin is the inverse of [Origin.String].
func ParseOrigin(s string) (Origin, error) {
	if i := slices.Index(originNames[:], s); i >= 0 {
		return Origin(i), nil
	}
	return 0, invalid("presence.from", "%q is none of subscription, server, both", s)
}

// census is what the server says of its users, and which groups they are in. A
// roster without this origin has none.
//
// It holds of nobody more than some group may show of him, and of who is in no
// group that he is there, for he may be in one tomorrow and the server says
// nothing twice.
type census struct {
	origin Origin
	ours   func(jid string) bool

	order sync.Mutex // held over Group.Hear, so that no older word overtakes; before Group.mu
	found []*Group   // scratch of who has order

	mu    sync.Mutex          // a leaf
	first map[string]*Group   // the groups of each of them: one,
	more  map[string][]*Group // and the others, of the few who are in several
	there map[string][]device // who is available
	epoch uint32              // of the connection, in device.sweep
	whole bool                // what the server has said in this epoch is all there is
	all   bool                // every group is in memory
}

func newCensus(o Origin, ours func(string) bool) *census {
	if o == FromSubscription || ours == nil {
		return nil
	}
	return &census{origin: o, ours: ours, first: map[string]*Group{}, more: map[string][]*Group{}, there: map[string][]device{}}
}

// lends says whether jid's presence is the server's to tell.
func (c *census) lends(jid string) bool { return c != nil && c.origin == FromServer && c.ours(jid) }

// lends says whether somebody else tells of jid's presence, who is not asked
// for it: his server, or a peer.
func (r *Roster) lends(jid string) bool {
	return r.census.lends(jid) || r.taken != nil && r.taken(jid)
}

// Borrowed lists those of the members whom of is true of whose presence is a
// peer's to tell, and what is acquired of them. again says, once, that more of
// some is wanted than was held before, so that the peer has to tell it again.
// Who had granted his presence to the group himself is not among them.
func (g *Group) Borrowed(of func(jid string) bool) (jids []string, kinds policy.Mask, again bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, 0, false
	}
	for _, m := range g.sorted {
		if m.borrowed(g.roster) && m.shares && m.given() && of(m.JID) {
			jids = append(jids, m.JID)
			kinds |= m.might
			if _, more := g.recalls[m]; more {
				again = true
				delete(g.recalls, m)
			}
		}
	}
	return jids, kinds, again
}

// Unknown takes in, at once, that nothing is known any more of members whose
// presence is a peer's to tell. They look offline, but may be reached: what
// others are told they are told too.
func (g *Group) Unknown(jids ...string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, jid := range jids {
		if m := g.live(jid); m != nil && m.lent && m.Ask != Granted {
			g.silence(m)
		}
	}
}

// enter takes in that jid is in g.
func (c *census) enter(jid string, g *Group) {
	if c == nil || !c.ours(jid) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch at := c.first[jid]; {
	case at == nil:
		c.first[jid] = g
	case at != g && !slices.Contains(c.more[jid], g):
		c.more[jid] = append(c.more[jid], g)
	}
}

// leave takes in that he is not any more.
func (c *census) leave(jid string, g *Group) {
	if c == nil || !c.ours(jid) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	more := c.more[jid]
	if c.first[jid] != g {
		more = slices.DeleteFunc(more, func(x *Group) bool { return x == g })
	} else if delete(c.first, jid); len(more) > 0 {
		c.first[jid], more = more[len(more)-1], more[:len(more)-1]
	}
	if c.more[jid] = more; len(more) == 0 {
		delete(c.more, jid)
	}
	c.reduce(jid, 0)
}

// groups appends those of jid.
func (c *census) groups(all []*Group, jid []byte) []*Group {
	c.mu.Lock()
	defer c.mu.Unlock()
	if g := c.first[string(jid)]; g != nil {
		all = append(append(all, g), c.more[string(jid)]...)
	}
	return all
}

// note takes in what the server says of a device. Of what is there only what
// keeps has is held; held is false for who lets nobody see anything.
func (c *census) note(jid, resource []byte, p *Presence, keeps policy.Mask, held bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	devices := c.there[string(jid)]
	i := slices.IndexFunc(devices, func(d device) bool { return d.resource == string(resource) })
	switch {
	case p.Show == Offline && len(resource) == 0, !held:
		delete(c.there, string(jid))
		return
	case p.Show == Offline && i < 0:
		return
	case p.Show == Offline:
		if devices = slices.Delete(devices, i, i+1); len(devices) == 0 {
			delete(c.there, string(jid))
			return
		}
	case i < 0:
		if !(&presence{devices: devices}).room(resource) {
			return
		}
		i = len(devices)
		devices = append(devices, device{resource: string(resource)})
		fallthrough
	default:
		var spare Presence
		devices[i].set(p.kept(keeps, &spare), 0, c.epoch)
	}
	c.there[string(jid)] = devices
}

// reduce forgets what keeps does not have of jid; all of him if that is
// nothing and he is in a group. mu is held.
func (c *census) reduce(jid string, keeps policy.Mask) {
	devices, known := c.there[jid]
	if !known || c.origin == FromBoth {
		return
	}
	if keeps == 0 && c.first[jid] != nil {
		delete(c.there, jid)
		return
	}
	var spare Presence
	for i := range devices {
		devices[i].set(devices[i].said().kept(keeps, &spare), 0, devices[i].sweep)
	}
}

// narrow takes in that less of jid may be held than before. What other groups
// may still hold they have.
func (c *census) narrow(jid string, keeps policy.Mask) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reduce(jid, keeps)
}

// devices are those of jid that the server has spoken of in this epoch.
func (c *census) devices(jid string) (all []device) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range c.there[jid] {
		if d.sweep == c.epoch {
			all = append(all, d)
		}
	}
	return all
}

// absent says that jid is not there: the server has told of all who are.
func (c *census) absent(jid string) bool {
	if c == nil || !c.ours(jid) {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.origin == FromBoth && c.whole && len(c.there[jid]) == 0
}

// HearServer takes in what the server says of a device of one of its own users,
// unasked (XEP-0356 §6), and calls hear for each group that has a use for it: it
// lets that group [Group.Hear] it, now or, as long as it keeps the order, later.
func (r *Roster) HearServer(bare, resource []byte, p *Presence, hear func(g *Group)) {
	c := r.census
	if c == nil || !c.ours(string(bare)) {
		return
	}
	c.order.Lock()
	defer c.order.Unlock()
	c.found = c.groups(c.found[:0], bare)
	var keeps policy.Mask
	n := 0
	for _, g := range c.found {
		if might, takes := g.takes(bare, p); takes {
			keeps |= might
			c.found[n] = g
			n++
		}
	}
	c.note(bare, resource, p, c.holds(keeps), c.origin == FromBoth || len(c.found) == 0 || keeps != 0)
	for _, g := range c.found[:n] {
		hear(g)
	}
	clear(c.found)
}

// holds is what may be held of somebody of whom the groups may show so much.
func (c *census) holds(keeps policy.Mask) policy.Mask {
	if c.origin == FromBoth {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.all {
		return policy.All // one that is not loaded may
	}
	return keeps
}

// takes says whether g hears from the server itself of a member, and what it
// may show of him. Where the subscription is the truth the server only takes
// away: who has blocked the group is there for his server, and not for us.
func (g *Group) takes(bare []byte, p *Presence) (might policy.Mask, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.entryBytes(bare)
	switch {
	case m == nil || m.gone > 0 || !m.given():
		return 0, false
	case !m.lent:
		return 0, p.Show == Offline
	}
	return m.might, true
}

// Recall lets g hear again what the server has said of members whom it did not
// know then, or of whom it did not want to know.
func (g *Group) Recall() {
	c := g.roster.census
	if c == nil || c.origin != FromServer {
		return
	}
	c.order.Lock()
	defer c.order.Unlock()
	g.mu.Lock()
	var all []string
	var left memberSet
	for m := range g.recalls {
		if c.ours(m.JID) {
			all = append(all, m.JID)
		} else {
			left.add(m) // of these a peer tells: see Borrowed
		}
	}
	g.recalls = left
	g.mu.Unlock()
	for _, jid := range all {
		for _, d := range c.devices(jid) {
			g.Hear([]byte(jid), []byte(d.resource), d.said())
		}
	}
}

// recall has [Group.Recall] called for m.
func (g *Group) recall(m *member) {
	if !m.lent {
		return
	}
	if g.recalls.add(m); !g.building {
		g.roster.outbox.Wanted(g)
	}
}

// given says whether m's presence may be taken in: he granted it himself, or
// it is the server's to tell and he has not refused.
func (m *member) given() bool {
	return (m.Ask == Granted || m.lent && m.Ask != Refused) && !m.withdrawn
}
