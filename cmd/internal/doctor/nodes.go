package doctor

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
)

const nsPubSub = "http://jabber.org/protocol/pubsub"

// nodes finds out whether the PubSub service of the configuration lets us make
// nodes: it makes one that nobody may read, and takes it away again.
func (e *exam) nodes(ctx context.Context) {
	if e.PubSub == "" {
		return
	}
	node := strings.ToLower(rand.Text())
	_, err := e.peer.request(ctx, "set", e.Link.Domain, e.PubSub, "<pubsub xmlns='"+nsPubSub+"'><create node='"+node+"'/><configure><x xmlns='jabber:x:data' type='submit'>"+
		"<field var='FORM_TYPE' type='hidden'><value>"+nsPubSub+"#node_config</value></field><field var='pubsub#access_model'><value>whitelist</value></field></x></configure></pubsub>")
	if err != nil {
		e.tell(Finding{Check: "nodes", Level: Bad, Says: "the PubSub service lets us make no nodes: " + clean(err.Error()),
			Means: "Subscribers are told from the groups themselves, as without delivery.to.",
			Remedy: e.lines(prosodyLines("below Component \""+e.PubSub+"\" \"pubsub\"", fmt.Sprintf("admins = { %q }", e.Link.Domain)),
				ejabberdLines("acl, access_rules and modules", fmt.Sprintf("acl:\n  rollcall:\n    server: %q\naccess_rules:\n  rollcall_nodes:\n    allow: rollcall\nmodules:\n  mod_pubsub:\n    host: %q\n    access_createnode: rollcall_nodes",
					e.Link.Domain, e.PubSub)))})
		return
	}
	if _, err := e.peer.request(ctx, "set", e.Link.Domain, e.PubSub, "<pubsub xmlns='"+nsPubSub+"#owner'><delete node='"+node+"'/></pubsub>"); err != nil {
		e.tell(Finding{Check: "nodes", Level: Bad, Says: "the PubSub service lets us make nodes, but not delete them: " + clean(err.Error()),
			Means: "An empty node that nobody may read was left there: " + node})
		return
	}
	e.tell(Finding{Check: "nodes", Level: Good, Says: "the PubSub service " + clean(e.PubSub) + " lets us make nodes"})
}
