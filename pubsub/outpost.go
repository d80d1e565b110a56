package pubsub

import (
	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// Nodes at the server's own PubSub service have no options that anybody else
// could use: nobody may look or subscribe but by us, and nothing is kept, not
// even the last item.

// outpostForm is how a node is made (XEP-0060 §8.1.3).
var outpostForm = [...][2]string{
	{"FORM_TYPE", NSPubSub + "#node_config"},
	{"pubsub#access_model", "whitelist"},
	{"pubsub#publish_model", "publishers"},
	{"pubsub#persist_items", "0"},
	{"pubsub#max_items", "1"},
	{"pubsub#send_last_published_item", "never"},
	{"pubsub#deliver_payloads", "1"},
	{"pubsub#deliver_notifications", "1"},
	{"pubsub#notify_delete", "1"},
	{"pubsub#notify_config", "0"},
	{"pubsub#notify_retract", "0"},
	{"pubsub#presence_based_delivery", "0"},
	{"pubsub#notification_type", "headline"},
}

// request appends the start of what is asked of the service.
func (r *Renderer) request(b []byte, id, space string) []byte {
	b = append(append(b, "<iq type='set' from='"...), r.Domain...)
	b = frame.AppendAttr(append(b, "' to='"...), r.PubSub)
	b = attr(append(b, '\''), "id", id)
	return append(append(append(b, "><pubsub xmlns='"...), space...), "'>"...)
}

const requestEnd = "</pubsub></iq>"

// OutpostMake implements [roster.Renderer]: XEP-0060 §8.4, §8.1.3, §8.9.2 and
// §8.8.2. Prosody lets nobody be subscribed to a whitelisted node who is not on
// the list.
func (r *Renderer) OutpostMake(b []byte, node, owner string, to []byte, ids roster.OutpostIDs) []byte {
	b = r.deleteNode(b, node, ids.End)
	b = attr(append(r.request(b, ids.Create, NSPubSub), "<create"...), "node", node)
	b = append(b, "/><configure><x xmlns='jabber:x:data' type='submit'>"...)
	for i, f := range outpostForm {
		b = append(append(b, "<field var='"...), f[0]...)
		if i == 0 {
			b = append(b, "' type='hidden"...)
		}
		b = append(append(append(b, "'><value>"...), f[1]...), "</value></field>"...)
	}
	b = append(b, "</x></configure>"+requestEnd...)
	b = attr(append(r.request(b, ids.Admit, NSOwner), "<affiliations"...), "node", node)
	b = attr(append(b, "><affiliation"...), "jid", owner)
	b = append(b, " affiliation='member'/></affiliations>"+requestEnd...)
	return r.setSubscription(b, node, to, ids.Subscribe, "subscribed")
}

// OutpostEnd implements [roster.Renderer].
func (r *Renderer) OutpostEnd(b []byte, node string, to []byte, id string) []byte {
	return r.deleteNode(r.setSubscription(b, node, to, id, "none"), node, id)
}

// AbandonOutpost appends that a node is no more, which its subscriber is told
// (XEP-0060 §8.4.2).
func (r *Renderer) AbandonOutpost(b []byte, node, id string) []byte { return r.deleteNode(b, node, id) }

func (r *Renderer) deleteNode(b []byte, node, id string) []byte {
	b = attr(append(r.request(b, id, NSOwner), "<delete"...), "node", node)
	return append(b, "/>"+requestEnd...)
}

// DeleteNode is what is asked of the service to delete a node.
func DeleteNode(node string) string {
	b := attr([]byte("<pubsub xmlns='"+NSOwner+"'><delete"), "node", node)
	return string(append(b, "/></pubsub>"...))
}

func (r *Renderer) setSubscription(b []byte, node string, to []byte, id, state string) []byte {
	b = attr(append(r.request(b, id, NSOwner), "<subscriptions"...), "node", node)
	b = append(append(b, "><subscription jid='"...), to...)
	b = attr(append(b, '\''), "subscription", state)
	return append(b, "/></subscriptions>"+requestEnd...)
}

// PublishStart implements [roster.Renderer]: XEP-0060 §7.1.
func (r *Renderer) PublishStart(b []byte, node, id string) []byte {
	b = attr(append(r.request(b, id, NSPubSub), "<publish"...), "node", node)
	return append(b, '>')
}

// PublishEnd implements [roster.Renderer].
func (r *Renderer) PublishEnd(b []byte) []byte { return append(b, "</publish>"+requestEnd...) }

// publishedAt says to a subscriber where what he subscribed to is published.
func publishedAt(b []byte, service, node string) []byte {
	b = append(b, "<published xmlns='"+NS+"'"...)
	return append(attr(attr(b, "service", service), "node", node), "/>"...)
}
