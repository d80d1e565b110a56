package component

import (
	"sync"
	"time"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// pace holds back presence of members who change it more often than anybody
// could read. Nothing is lost: the latest word of each device is told as soon as
// its member may change again.
type pace struct {
	now func() time.Time

	mu      sync.Mutex
	limits  *limiter         // by group and member
	held    map[string]*late // by group and device
	max     int
	alarm   *time.Timer
	delayed uint64 // changes that were held back
	full    uint64 // attributes for which their member has no room
}

// late is a presence stanza that waits, or something that was published.
type late struct {
	g              *roster.Group
	key            string // of the limit
	bare, resource []byte
	p              roster.Presence
	told           *roster.Told // instead of p

	kind    policy.Mask // of what was published, 0 = it is presence
	payload []byte
	allowed roster.Precision // of payload, if it is where he is
}

// say lets its group hear it. mu is held, so that an older word cannot overtake.
func (c *pace) say(l *late) {
	fits := true
	switch {
	case l.told != nil:
		l.g.HearTold(string(l.bare), l.told)
	case l.kind == 0:
		l.g.Hear(l.bare, l.resource, &l.p)
	case l.kind == policy.Location:
		fits = l.g.HearPlace(string(l.bare), l.allowed, l.payload)
	default:
		fits = l.g.HearItem(string(l.bare), l.kind, l.payload)
	}
	if !fits {
		c.full++
	}
}

const (
	maxLate  = 10_000
	pacePoll = 250 * time.Millisecond
)

func newPace(rate, burst float64, now func() time.Time) *pace {
	return &pace{now: now, limits: newLimiter(rate, burst), held: map[string]*late{}, max: maxLate}
}

// set puts another limit in force. Who waits goes on waiting for his turn.
func (c *pace) set(rate, burst float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.limits = newLimiter(rate, burst)
}

// hear lets g hear p now, or later. It never waits, and keeps nothing of the
// caller's.
func (c *pace) hear(g *roster.Group, bare, resource []byte, p *roster.Presence) {
	key := make([]byte, 0, 256)
	key = append(append(append(key, g.Name()...), '\n'), bare...)
	end := len(key)
	key = append(append(key, '/'), resource...)

	c.mu.Lock()
	defer c.mu.Unlock() // over Hear as well, so that an older word cannot overtake
	if len(c.held) > 0 {
		if l := c.held[string(key)]; l != nil {
			l.g = g
			l.copy(p)
			l.p.At = c.now().Unix()
			c.delayed++
			return
		}
	}
	now := c.now()
	if s := now.Unix(); p.At == 0 || p.At > s {
		p.At = s
	}
	// A stranger's word is ignored there: it takes no room here.
	if c.limits.allow(key[:end], now) || len(c.held) >= c.max || !g.Grants(string(bare)) {
		g.Hear(bare, resource, p)
		return
	}
	c.delayed++
	l := &late{g: g, key: string(key[:end]), bare: append([]byte(nil), bare...), resource: append([]byte(nil), resource...)}
	l.copy(p)
	c.hold(string(key), l)
}

// told lets g hear what a peer tells of a member, now or later. t is good for
// ever.
func (c *pace) told(g *roster.Group, bare string, t *roster.Told) {
	limit := g.Name() + "\n" + bare
	key := limit + "/" + peerDevice
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.held[key]; l != nil {
		l.g, l.told = g, t
		c.delayed++
		return
	}
	l := &late{g: g, key: limit, bare: []byte(bare), told: t}
	if c.limits.allow([]byte(limit), c.now()) || len(c.held) >= c.max {
		c.say(l)
		return
	}
	c.delayed++
	c.hold(key, l)
}

// published lets g hear what a member published, now or later: an event is one
// change more of his. What was asked for is heard at once. payload is good for
// ever; allowed is what it shows if it is where he is.
func (c *pace) published(g *roster.Group, bare string, kind policy.Mask, payload []byte, allowed roster.Precision, asked bool) {
	limit := g.Name() + "\n" + bare
	key := limit + "\n" + kind.String()
	c.mu.Lock()
	defer c.mu.Unlock()
	if asked {
		delete(c.held, key) // it is older
	} else if l := c.held[key]; l != nil {
		l.g, l.payload, l.allowed = g, payload, allowed
		c.delayed++
		return
	}
	l := &late{g: g, key: limit, bare: []byte(bare), kind: kind, payload: payload, allowed: allowed}
	if asked || c.limits.allow([]byte(limit), c.now()) || len(c.held) >= c.max {
		c.say(l)
		return
	}
	c.delayed++
	c.hold(key, l)
}

// capable lets g hear what a device was found to be able to do, with what waits
// of it.
func (c *pace) capable(g *roster.Group, bare, resource string, can *roster.Capabilities) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.held[g.Name()+"\n"+bare+"/"+resource]; l != nil {
		l.p.Can = can
		return
	}
	g.HearCapabilities(bare, resource, can)
}

// outlived says whether by now its member lets nobody see what waits, or less of
// where he is: the group does not take it in then.
func (l *late) outlived() bool {
	switch {
	case l.told != nil:
		return l.g.Acquired(string(l.bare)) == 0
	case l.payload == nil:
		return false
	case !l.g.Keeps(l.bare, l.kind):
		return true
	case l.kind != policy.Location:
		return false
	}
	now, err := l.g.Precision(string(l.bare))
	return err != nil || l.allowed < now
}

// hold lets l wait.
func (c *pace) hold(key string, l *late) {
	c.held[key] = l
	if c.alarm == nil {
		c.alarm = time.AfterFunc(pacePoll, c.tell)
	}
}

func (l *late) copy(p *roster.Presence) {
	l.p = *p
	status := p.Status[:min(len(p.Status), roster.MaxStatuses)] // the group cuts it between characters
	l.p.Status = append([]byte(nil), status...)
	l.p.Idle = append([]byte(nil), p.Idle...)
	if p.Photo != nil {
		l.p.Photo = append([]byte{}, p.Photo...)
	}
}

// tell lets those be heard who may change again.
func (c *pace) tell() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.alarm != nil { // there is one at most: each goes on for as long as somebody waits
		c.alarm.Stop()
		c.alarm = nil
	}
	now := c.now()
	for key, l := range c.held {
		if l.outlived() || c.limits.allow([]byte(l.key), now) {
			c.say(l)
			delete(c.held, key)
		}
	}
	if len(c.held) > 0 {
		c.alarm = time.AfterFunc(pacePoll, c.tell)
	}
}

// forget forgets what waits of a device.
func (c *pace) forget(g *roster.Group, bare, resource string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.held, g.Name()+"\n"+bare+"/"+resource)
}

// drop forgets what waits: the link is lost, and a probe will tell.
func (c *pace) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.held)
	if c.alarm != nil {
		c.alarm.Stop()
		c.alarm = nil
	}
}

// crowded is how many attributes found no room.
func (c *pace) crowded() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.full
}

// stats is how many changes were held back, and how many are now.
func (c *pace) stats() (delayed uint64, held int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.delayed, len(c.held)
}
