package main

import (
	"context"
	"fmt"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// nodes is a node of the server's PubSub service for each group, where every
// member publishes his state as his item and to which all subscribe. Nothing
// is kept.
type nodes struct {
	nothing
	size size
}

const nsPubSub = "http://jabber.org/protocol/pubsub"

func (n *nodes) options(server string) lab.Options {
	o := plain(server)
	if server == "prosody" { // where only admins make nodes
		o.Extra.Component = prosodyPubSub + "\tadmins = { "
		for g := range n.size.Groups {
			o.Extra.Component += fmt.Sprintf("%q, ", bareJID(g*n.size.Members))
		}
		o.Extra.Component += "}\n"
		return o
	}
	o.Extra.Modules = ejabberdPubSub
	return o
}

const prosodyPubSub = `Component "` + topics + `" "pubsub"
	modules_enabled = {}
	storage = "memory"
`

const ejabberdPubSub = `
  mod_pubsub:
    host: "` + topics + `"
    access_createnode: all
    last_item_cache: false
    plugins: ["flat"]
`

// nodeConfig is the node's best configuration for this: who may publish is
// everybody, for the sake of comparison with a room.
const nodeConfig = `<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/pubsub#node_config</value></field>` +
	`<field var='pubsub#persist_items'><value>0</value></field><field var='pubsub#access_model'><value>open</value></field>` +
	`<field var='pubsub#publish_model'><value>open</value></field><field var='pubsub#deliver_payloads'><value>1</value></field>` +
	`<field var='pubsub#send_last_published_item'><value>never</value></field><field var='pubsub#presence_based_delivery'><value>0</value></field>` +
	`<field var='pubsub#notification_type'><value>headline</value></field></x>`

func (*nodes) service() string { return topics }

func (n *nodes) open(ctx context.Context, x *cell) error {
	for i, s := range x.seats {
		node := groupName(n.size.group(i))
		if i%n.size.Members == 0 {
			make := "<pubsub xmlns='" + nsPubSub + "'><create node='" + node + "'/><configure>" + nodeConfig + "</configure></pubsub>"
			if _, err := s.ask(ctx, topics, "set", make); err != nil {
				return err
			}
		}
		s.say("<presence/>")
		join := "<pubsub xmlns='" + nsPubSub + "'><subscribe node='" + node + "' jid='" + s.jid + "'/></pubsub>"
		if _, err := s.ask(ctx, topics, "set", join); err != nil {
			return err
		}
	}
	return nil
}

func (n *nodes) change(b []byte, member int, seq uint32) []byte {
	b = append(b, "<iq type='set' id='p' to='"+topics+"'><pubsub xmlns='"+nsPubSub+"'><publish node='"...)
	b = append(append(b, groupName(n.size.group(member))...), "'><item id='"...)
	b = append(append(b, bareJID(member)...), "'><presence xmlns='jabber:client'>"...)
	return append(state(b, member, seq), "</presence></item></publish></pubsub></iq>"...)
}
