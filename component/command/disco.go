package command

import (
	"encoding/xml"

	data "mellium.im/xmpp/form"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// Handles says whether q is a command, a registration, or a discovery request
// about commands.
func (s *Service) Handles(q *pubsub.Request) bool {
	switch q.Space {
	case NS, pubsub.NSRegister:
		return true
	case pubsub.NSInfo, pubsub.NSItems:
		var in frame.Scanner
		in.Reset(q.Payload)
		if !in.Next() || in.Kind != frame.Start {
			return false
		}
		node := string(in.Attr("node"))
		return node == NS || s.word(node) != nil
	}
	return false
}

// discover answers disco#items of the list of commands, and disco#info of the
// list and of each command (XEP-0050 §2.2, §2.3). A word that is not for the
// caller is one that is not there.
func (c *call) discover(b []byte, q *pubsub.Request) ([]byte, error) {
	var in struct {
		Node string `xml:"node,attr"`
	}
	if q.Set || xml.Unmarshal(q.Payload, &in) != nil {
		return b, pubsub.BadRequest
	}
	b = append(append(b, "<query xmlns='"...), q.Space...)
	b = append(frame.AppendAttr(append(b, "' node='"...), in.Node), "'>"...)
	var err error
	switch {
	case in.Node != NS:
		b, err = c.wordInfo(b, q, in.Node)
	case q.Space == pubsub.NSInfo:
		b = appendIdentity(b, "command-list", c.say("What you can do here"))
		b = appendFeatures(b, pubsub.NSInfo, pubsub.NSItems)
	default:
		b = c.listWords(b)
	}
	return append(b, "</query>"...), err
}

func (c *call) wordInfo(b []byte, q *pubsub.Request, node string) ([]byte, error) {
	w := c.s.word(node)
	if w == nil || !w.allows(c) {
		return b, roster.ErrNoNode
	}
	if q.Space == pubsub.NSItems {
		return b, nil // a command has no items
	}
	b = appendIdentity(b, "command-node", c.say(w.label))
	return appendFeatures(b, NS, data.NS), nil
}

func (c *call) listWords(b []byte) []byte {
	address := c.s.cfg.Domain
	if c.group != nil {
		address = c.group.Name() + "@" + address
	}
	for _, w := range c.words() {
		b = frame.AppendAttr(append(b, "<item jid='"...), address)
		b = frame.AppendAttr(append(b, "' node='"...), w.node())
		b = frame.AppendAttr(append(b, "' name='"...), c.say(w.label))
		b = append(b, "'/>"...)
	}
	return b
}

func appendIdentity(b []byte, typ, name string) []byte {
	b = append(append(b, "<identity category='automation' type='"...), typ...)
	return append(frame.AppendAttr(append(b, "' name='"...), name), "'/>"...)
}

func appendFeatures(b []byte, all ...string) []byte {
	for _, f := range all {
		b = append(append(append(b, "<feature var='"...), f...), "'/>"...)
	}
	return b
}
