package pubsub

import (
	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// Ended appends the notice that a subscription is no more
// (XEP-0060 §8.8.4).
func (r *Renderer) Ended(b []byte, group string, s *roster.SubscriptionRecord) []byte {
	return r.turned(b, group, s, "none")
}

// Began appends the notice that a subscription was approved (§8.6).
func (r *Renderer) Began(b []byte, group string, s *roster.SubscriptionRecord) []byte {
	return r.turned(b, group, s, "subscribed")
}

func (r *Renderer) turned(b []byte, group string, s *roster.SubscriptionRecord, state string) []byte {
	b = append(b, "<message type='headline' from='"...)
	b = r.group(b, group)
	b = attr(append(b, '\''), "to", s.JID)
	b = append(b, "><event xmlns='"+NSEvent+"'><subscription"...)
	b = attr(b, "node", NS+"#"+s.Node)
	b = frame.AppendAttr(append(b, " jid='"...), s.JID)
	b = append(b, "' subid='"...)
	b = frame.AppendAttr(b, s.ID)
	b = append(append(b, "' subscription='"...), state...)
	if s.Outpost == "" || r.PubSub == "" || state != "subscribed" {
		return append(b, "'/></event></message>"...)
	}
	b = publishedAt(append(b, "'>"...), r.PubSub, s.Outpost)
	return append(b, "</subscription></event></message>"...)
}
