package roster

import "github.com/rollcall-xmpp/rollcall/policy"

// Node is what a watch looks at: one of the group's PubSub nodes, or its
// aggregate presence as a contact.
type Node uint8

// The nodes. The line comment is the suffix of the node's name.
const (
	NodeInfo      Node = iota // info
	NodeMembers               // members
	NodePresence              // presence
	NodeGroup                 // group
	NodeContact               // contact: not a PubSub node
	NodeResources             // resources: the members in the contact list, neither
)

var nodeNames = [...]string{"info", "members", "presence", "group", "contact", "resources"}

func (n Node) String() string { return nodeNames[n] }

// ParseNode reads the suffix of a PubSub node's name.
func ParseNode(s string) (Node, error) {
	for n, name := range nodeNames[:NodeContact] {
		if s == name {
			return Node(n), nil
		}
	}
	return 0, ErrNoNode
}

// Nodes are the PubSub nodes that exist under p, in order.
func (p Payload) Nodes() []Node {
	switch p {
	case PresenceOnly:
		return []Node{NodePresence}
	case Separate:
		return []Node{NodeInfo, NodeMembers, NodePresence}
	case Combined:
		return []Node{NodeGroup}
	}
	return []Node{NodeInfo, NodeMembers, NodePresence, NodeGroup}
}

// Has says whether n exists under p. The contact always does.
func (p Payload) Has(n Node) bool {
	switch n {
	case NodeContact, NodeResources:
		return true
	case NodeGroup:
		return p == Both || p == Combined
	case NodePresence:
		return p != Combined
	}
	return p == Both || p == Separate
}

// A change has kinds: the attributes of policy, and three more for what stands
// inside a device and is seen only together with it. Each kind has a version
// of its own, so that a watcher who may not see one is not told of it.
const (
	deviceShow policy.Mask = 1 << (policy.Words + iota)
	deviceConnection
	deviceCapabilities
	presenceKinds = 1<<kinds - 1
	kinds         = policy.Words + 3
)

// expand adds the kinds that follow from two attributes together.
func expand(m policy.Mask) policy.Mask {
	if m.Has(policy.Devices | policy.Show) {
		m |= deviceShow
	}
	if m.Has(policy.Devices | policy.Connection) {
		m |= deviceConnection
	}
	if m.Has(policy.Devices | policy.Capabilities) {
		m |= deviceCapabilities
	}
	return m
}

// kinds are those that the node's items can show.
func (n Node) kinds() policy.Mask {
	switch n {
	case NodeInfo:
		return 0
	case NodeMembers:
		return policy.Named | policy.Basic
	case NodePresence:
		return presenceKinds&^policy.Counted | policy.Named
	case NodeResources:
		return policy.Named | policy.Basic | policy.Availability | policy.Show | policy.Status | policy.Idle | policy.Willingness |
			policy.Mood | policy.Activity | policy.Tune | policy.Location | policy.Timezone
	}
	return presenceKinds | policy.Named | policy.Basic | policy.Enrolled
}

// info says whether the node has the item of the group's attributes.
func (n Node) info() bool { return n == NodeInfo || n == NodeGroup }
