package roster

import (
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// Connection is how well a device can be reached through the network: the
// smaller the better. It is not presence: who is interrupted is there, only
// nothing reaches him. The line comment is the wire name.
type Connection uint8

// The connections. As long as nobody has said anything else a device that is
// there is On.
const (
	On          Connection = iota // on
	Interrupted                   // interrupted
	Off                           // off
)

var connectionNames = [...]string{"on", "interrupted", "off"}

func (c Connection) String() string { return connectionNames[c] }

// ParseConnection is the inverse of [Connection.String].
func ParseConnection(s string) (Connection, error) {
	if i := slices.Index(connectionNames[:], s); i >= 0 {
		return Connection(i), nil
	}
	return 0, invalid("connection", "%q is none of %s", s, strings.Join(connectionNames[:], ", "))
}

// Connect takes in what somebody who knows the network says of a member's
// device, or with no resource of all that are there. It holds until the device
// gives a sign of life, or something else is said. What nobody may see is not
// held; of who is not there nothing is.
func (g *Group) Connect(bare, resource string, c Connection) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.connect(g.live(bare), resource, c)
}

func (g *Group) connect(m *member, resource string, c Connection) {
	if m == nil || !m.given() {
		return
	}
	if m.parked != nil && m.might&policy.Connection != 0 {
		m.parked.connect(resource, c)
	}
	if m.presence == nil || m.keeps&policy.Connection == 0 {
		return
	}
	if changed := m.presence.connect(resource, c); changed != 0 {
		g.changed(m, changed|m.presence.recombine(m.Combination))
	}
}

// connect says which kinds it changed; what is combined is the caller's to see to.
func (p *presence) connect(resource string, c Connection) (changed policy.Mask) {
	for i := range p.devices {
		if d := &p.devices[i]; (resource == "" || d.resource == resource) && d.connection != c {
			d.connection = c
			changed = deviceConnection
		}
	}
	return changed
}

// Interrupted takes in that something could not be delivered to the address for
// now: the device, or all behind a bare address, is there as far as anybody
// knows. Nothing is sent there until something is heard from there.
func (g *Group) Interrupted(bare, resource string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.connect(g.live(bare), resource, Interrupted)
	g.hold(bare, resource)
}
