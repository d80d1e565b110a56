package roster

import (
	"slices"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// Presence is one presence stanza of a device, decoded. The slices belong to
// the caller; what is kept is copied.
type Presence struct {
	Show     Show // Offline: the device is gone
	Priority int8
	Delayed  bool   // told again by a server (XEP-0203): no sign of life
	Status   []byte // text, entities expanded; of several languages see [AppendStatus]
	Idle     []byte // XEP-0319 since, as sent
	Photo    []byte // XEP-0153: the hash of his picture; empty = he has none, nil = nothing is said
	At       int64  // when the device said it, Unix seconds; 0 = not known: now
	Can      *Capabilities

	connection Connection // of one that waited to be shown
}

// device is one resource of a member.
type device struct {
	resource   string
	show       Show
	priority   int8
	connection Connection
	sweep      uint32 // the sweep in which it was last heard of
	status     string
	idle       string
	at         uint64 // when it spoke last: the greater is the more recent
	can        *Capabilities
}

// set takes in what the device said.
func (d *device) set(s *Presence, at uint64, sweep uint32) (changed policy.Mask) {
	text := cut(s.Status)
	same := d.show == s.Show && d.priority == s.Priority && d.status == string(text) && d.idle == string(s.Idle)
	if !s.Delayed || d.at == 0 || !same && s.At > 0 {
		d.at = at // who is only told of again is no more recent for it
	}
	if d.show != s.Show {
		d.show, changed = s.Show, deviceShow
	}
	if !s.Delayed && d.connection != s.connection {
		d.connection = s.connection
		changed |= deviceConnection
	}
	if !d.can.equal(s.Can) {
		changed |= deviceCapabilities
	}
	d.priority, d.sweep, d.can = s.Priority, sweep, s.Can
	if d.status != string(text) {
		d.status = string(text)
	}
	if d.idle != string(s.Idle) {
		d.idle = string(s.Idle)
	}
	return changed
}

// said is the presence that d last sent.
func (d *device) said() *Presence {
	return &Presence{Show: d.show, Priority: d.priority, Status: []byte(d.status), Idle: []byte(d.idle), Can: d.can, connection: d.connection}
}

// moment is where a stanza stands among all that a group heard: by the second
// in which it was said, and within it in the order in which they came. What a
// server tells again comes in no order.
func (p *Presence) moment(clock uint64) uint64 {
	const order = 30 // bits
	if p.At <= 0 {
		return clock
	}
	at := uint64(p.At) << order
	if p.Delayed {
		return at
	}
	return at | clock&(1<<order-1)
}

// state is what a member's devices combine to.
type state struct {
	show       Show
	connection Connection
	status     string
	idle       string
}

// presence is the soft state of a member who was ever heard of. Guarded by
// Group.mu.
type presence struct {
	state
	at      [kinds]uint64 // version of the last change of each kind
	devices []device      // sorted by resource
}

// combine is the member's one state, by the rule that he has chosen.
func (p *presence) combine(by Combination) state {
	if len(p.devices) == 0 {
		return state{}
	}
	best := p.best(by)
	connection := best.connection
	for i := range p.devices {
		connection = min(connection, p.devices[i].connection)
	}
	return state{best.show, connection, best.status, best.idle}
}

// best is the device that speaks for the member; there is one.
func (p *presence) best(by Combination) *device {
	best := &p.devices[0]
	for i := range p.devices[1:] {
		if d := &p.devices[i+1]; d.before(best, by) {
			best = d
		}
	}
	return best
}

func (p *presence) find(resource []byte) (int, bool) {
	for i := range p.devices {
		if d := p.devices[i].resource; d >= string(resource) {
			return i, d == string(resource)
		}
	}
	return len(p.devices), false
}

// The bounds of the devices kept of one member; more are ignored.
const (
	MaxDevices     = 32
	MaxDeviceNames = 2048 // bytes of all resources together
)

// room says whether one more device can be kept.
func (p *presence) room(resource []byte) bool {
	size := len(resource)
	for i := range p.devices {
		size += len(p.devices[i].resource)
	}
	return len(p.devices) < MaxDevices && size <= MaxDeviceNames
}

// set takes one stanza in and says which kinds it changed.
func (p *presence) set(by Combination, resource []byte, s *Presence, clock uint64, sweep uint32) (changed policy.Mask) {
	i, known := p.find(resource)
	if !known && (s.Show == Offline && len(resource) > 0 || s.Show != Offline && !p.room(resource)) {
		return 0
	}
	if s.Can != nil && !p.capable(i) {
		spare := *s
		spare.Can, s = nil, &spare
	}
	could, moves := p.before(i, known, s)
	switch {
	case s.Show == Offline && len(resource) == 0:
		if len(p.devices) > 0 {
			changed = policy.Devices
		}
		p.devices = nil
	case s.Show == Offline:
		p.devices = slices.Delete(p.devices, i, i+1)
		changed = policy.Devices
	case !known:
		p.devices = slices.Insert(p.devices, i, device{resource: string(resource)})
		changed = policy.Devices | p.devices[i].set(s, s.moment(clock), sweep)
	default:
		changed = p.devices[i].set(s, s.moment(clock), sweep)
	}
	return changed | p.after(could, moves) | p.recombine(by)
}

// cut bounds a status as [MaxStatus] says, between two characters.
func cut(text []byte) []byte {
	n := MaxStatus
	if len(text) <= n || text[0] == statusLang && len(text) <= MaxStatuses {
		return text
	}
	for n > 0 && text[n]&0xC0 == 0x80 {
		n--
	}
	return text[:n]
}

// recombine brings the combined state up to date and says what changed.
func (p *presence) recombine(by Combination) (changed policy.Mask) {
	now := p.combine(by)
	if (now.show == Offline) != (p.show == Offline) {
		changed |= policy.Counted | policy.Availability | policy.Connection
	}
	if now.connection != p.connection {
		changed |= policy.Connection
	}
	if now.show.String() != p.show.String() {
		changed |= policy.Show
	}
	if now.status != p.status {
		changed |= policy.Status
	}
	if now.idle != p.idle {
		changed |= policy.Idle
	}
	p.state = now
	return changed
}

// expire drops the devices not heard of since the given sweep began.
func (p *presence) expire(by Combination, sweep uint32) (changed policy.Mask) {
	old := func(d device) bool { return d.sweep != sweep }
	if !slices.ContainsFunc(p.devices, old) {
		return 0
	}
	could := p.can()
	p.devices = slices.DeleteFunc(p.devices, old)
	return policy.Devices | p.after(could, true) | p.recombine(by)
}

// content says which kinds of m have anything to show, whatever the mask.
func (m *member) content() policy.Mask {
	c := m.presence.content()
	if c != 0 && m.published != nil {
		c |= m.published.held
	}
	if c != 0 {
		c |= m.speaks()
	}
	return c
}

// content says which kinds of p have anything to show, whatever the mask: a
// decision about the others makes no visible difference.
func (p *presence) content() policy.Mask {
	if p == nil || p.show == Offline {
		return 0
	}
	m := policy.Counted | policy.Availability | policy.Connection | policy.Devices | deviceConnection
	if p.show.String() != "" {
		m |= policy.Show
	}
	if p.status != "" {
		m |= policy.Status
	}
	if p.idle != "" {
		m |= policy.Idle
	}
	for i := range p.devices {
		if p.devices[i].show.String() != "" {
			m |= deviceShow
		}
		if p.devices[i].can != nil {
			m |= policy.Capabilities | deviceCapabilities
		}
	}
	return m
}
