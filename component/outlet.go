package component

import (
	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// outlet is the roster's [roster.Outbox]: turns go to the bulk lane,
// subscriptions to the control lane.
type outlet struct{ s *Service }

var _ roster.Outbox = (*outlet)(nil)

// Ready implements [roster.Outbox].
func (o *outlet) Ready(g *roster.Group) { o.s.Link.Out.Ready(g) }

// Wanted implements [roster.Outbox].
func (o *outlet) Wanted(g *roster.Group) { o.s.attend.put(g) }

// Presence implements [roster.Outbox].
func (o *outlet) Presence(group, to string, t roster.PresenceType) {
	o.s.Link.Out.Control(func(b []byte) []byte { return o.appendPresence(b, group, to, t, "") })
}

// appendPresence appends a presence stanza without any member's state. nick is
// what a request calls the group (XEP-0172 §4.2).
func (o *outlet) appendPresence(b []byte, group, to string, t roster.PresenceType, nick string) []byte {
	b = append(b, "<presence from='"...)
	b = frame.AppendAttr(b, group)
	b = append(append(b, '@'), o.s.cfg.Link.Domain...)
	if t == roster.Unavailable {
		b = append(b, "/"+pubsub.Resource...)
	}
	b = frame.AppendAttr(append(b, "' to='"...), to)
	b = append(append(b, "' type='"...), t.String()...)
	if nick == "" {
		return append(b, "'/>"...)
	}
	b = append(b, "'><nick xmlns='http://jabber.org/protocol/nick'>"...)
	return append(frame.AppendText(b, nick), "</nick></presence>"...)
}

// Ended implements [roster.Outbox].
func (o *outlet) Ended(group string, rec roster.SubscriptionRecord) {
	r := pubsub.Renderer{Domain: o.s.cfg.Link.Domain}
	o.s.Link.Out.Control(func(b []byte) []byte { return r.Ended(b, group, &rec) })
}
