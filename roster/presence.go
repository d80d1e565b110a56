package roster

import (
	"slices"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// Show is the availability of a device or of a member, in the order of the
// combination rule: the greater is the more available. The line comment is
// the wire name (RFC 6121 §4.7.2.1).
type Show uint8

// The shows.
const (
	Offline Show = iota // type='unavailable'
	XA                  // xa
	Away                // away
	DND                 // dnd
	Online              // no <show/>
	Chat                // chat
)

var showNames = [...]string{"", "xa", "away", "dnd", "", "chat"}

// String is the text of <show/>; "" where there is none.
func (s Show) String() string { return showNames[s] }

// ParseShow reads the text of <show/>; what RFC 6121 does not know counts as
// plain availability.
func ParseShow(b []byte) Show {
	switch string(b) {
	case "away":
		return Away
	case "xa":
		return XA
	case "dnd":
		return DND
	case "chat":
		return Chat
	}
	return Online
}

// Presence is one presence stanza of a device, decoded. The slices belong to
// the caller; what is kept is copied.
type Presence struct {
	Show     Show // Offline: the device is gone
	Priority int8
	Status   []byte // text, entities expanded
	Idle     []byte // XEP-0319 since, as sent
	Photo    []byte // XEP-0153: the hash of his picture; empty = he has none, nil = nothing is said
}

// MaxStatus bounds a status text, in bytes; a longer one is cut.
const MaxStatus = 1024

// device is one resource of a member.
type device struct {
	resource string
	show     Show
	priority int8
	status   string
	idle     string
	at       uint64 // order of arrival: the greater is the more recent
	sweep    uint32 // the sweep in which it was last heard of
}

// before is the combination rule: whether d speaks for the member rather
// than o. Devices that take no messages (negative priority) speak last; then
// the most available, the highest priority, the most recent, the name.
func (d *device) before(o *device) bool {
	if neg := d.priority < 0; neg != (o.priority < 0) {
		return !neg
	}
	switch {
	case d.show != o.show:
		return d.show > o.show
	case d.priority != o.priority:
		return d.priority > o.priority
	case d.at != o.at:
		return d.at > o.at
	}
	return d.resource < o.resource
}

// state is what a member's devices combine to.
type state struct {
	show   Show
	status string
	idle   string
}

// presence is the soft state of a member who was ever heard of. Guarded by
// Group.mu.
type presence struct {
	state
	at      [kinds]uint64 // version of the last change of each kind
	devices []device      // sorted by resource
}

func (p *presence) combine() state {
	if len(p.devices) == 0 {
		return state{}
	}
	best := &p.devices[0]
	for i := range p.devices[1:] {
		if d := &p.devices[i+1]; d.before(best) {
			best = d
		}
	}
	return state{best.show, best.status, best.idle}
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
func (p *presence) set(resource []byte, s *Presence, at uint64, sweep uint32) (changed policy.Mask) {
	i, known := p.find(resource)
	switch {
	case s.Show == Offline && len(resource) == 0:
		if len(p.devices) > 0 {
			changed = policy.Devices
		}
		p.devices = nil
	case s.Show == Offline:
		if !known {
			return 0
		}
		p.devices = slices.Delete(p.devices, i, i+1)
		changed = policy.Devices
	case !known:
		if !p.room(resource) {
			return 0
		}
		p.devices = slices.Insert(p.devices, i, device{resource: string(resource)})
		changed = policy.Devices | p.devices[i].set(s, at, sweep)
	default:
		changed = p.devices[i].set(s, at, sweep)
	}
	return changed | p.recombine()
}

func (d *device) set(s *Presence, at uint64, sweep uint32) (changed policy.Mask) {
	if d.show != s.Show {
		d.show, changed = s.Show, deviceShow
	}
	d.priority, d.at, d.sweep = s.Priority, at, sweep
	if text := cut(s.Status); d.status != string(text) {
		d.status = string(text)
	}
	if d.idle != string(s.Idle) {
		d.idle = string(s.Idle)
	}
	return changed
}

func cut(text []byte) []byte {
	if len(text) <= MaxStatus {
		return text
	}
	n := MaxStatus
	for n > 0 && text[n]&0xC0 == 0x80 {
		n--
	}
	return text[:n]
}

// recombine brings the combined state up to date and says what changed.
func (p *presence) recombine() (changed policy.Mask) {
	now := p.combine()
	if (now.show == Offline) != (p.show == Offline) {
		changed |= policy.Counted | policy.Availability | policy.Connection
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
func (p *presence) expire(sweep uint32) (changed policy.Mask) {
	n := len(p.devices)
	p.devices = slices.DeleteFunc(p.devices, func(d device) bool { return d.sweep != sweep })
	if len(p.devices) == n {
		return 0
	}
	return policy.Devices | p.recombine()
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
	m := policy.Counted | policy.Availability | policy.Devices | deviceConnection
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
	}
	return m
}
