package pubsub

import (
	"strings"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// The namespaces.
const (
	NS         = "urn:xmpp:tmp:group-presence:0"
	NSPubSub   = "http://jabber.org/protocol/pubsub"
	NSOwner    = "http://jabber.org/protocol/pubsub#owner"
	NSErrors   = "http://jabber.org/protocol/pubsub#errors"
	NSEvent    = "http://jabber.org/protocol/pubsub#event"
	NSInfo     = "http://jabber.org/protocol/disco#info"
	NSItems    = "http://jabber.org/protocol/disco#items"
	NSRegister = "jabber:iq:register" // answered by component/command
	NSRSM      = "http://jabber.org/protocol/rsm"
	NSIdle     = "urn:xmpp:idle:1"
	NSJSON     = "urn:xmpp:json:0" // XEP-0335
	NSHeaders  = "http://jabber.org/protocol/shim"
	NSReceipts = "urn:xmpp:receipts"
	NSAddress  = "http://jabber.org/protocol/address"
	NSPing     = "urn:xmpp:ping"
	NSNick     = "http://jabber.org/protocol/nick"
	nsVersion  = "jabber:iq:version"
	nsLast     = "jabber:iq:last"
	NSCaps     = "http://jabber.org/protocol/caps"
	NSCaps2    = "urn:xmpp:caps"
	NSHashes   = "urn:xmpp:hashes:2"
	nsTime     = "urn:xmpp:time"
	nsCommands = "http://jabber.org/protocol/commands" // answered by component/command
	nsData     = "jabber:x:data"
	nsStanzas  = "urn:ietf:params:xml:ns:xmpp-stanzas"
	nsPresence = "jabber:client"

	nsVCard      = "vcard-temp"
	NSUpdate     = "vcard-temp:x:update"
	nsVCard4     = "urn:ietf:params:xml:ns:vcard-4.0"
	nsVCard4Node = "urn:xmpp:vcard4"
	nsAvatarMeta = "urn:xmpp:avatar:metadata"
	nsAvatarData = "urn:xmpp:avatar:data"
	nsReach      = "urn:xmpp:reach:0"
	nsActivity   = "http://jabber.org/protocol/activity"
)

// nodeMine is the collection of all groups of whoever asks.
const nodeMine = NS + "#my-groups"

// Resource is the resource of a group's aggregate presence, for ever: clients
// keep a stale one beside a new one.
const Resource = "group"

// nodeName is the node's name on the wire.
func nodeName(n roster.Node) string { return NS + "#" + n.String() }

// parseNode is its inverse. roster.ErrNoNode.
func parseNode(s string) (roster.Node, error) {
	suffix, ok := strings.CutPrefix(s, NS+"#")
	if !ok {
		return 0, roster.ErrNoNode
	}
	return roster.ParseNode(suffix)
}
