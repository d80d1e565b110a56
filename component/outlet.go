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
	if t == roster.Unsubscribe {
		o.s.herald.forget(group, to)
	}
	o.s.Link.Out.Control(func(b []byte) []byte { return o.appendPresence(b, group, to, t) })
}

// appendPresence appends a presence stanza without any member's state.
func (o *outlet) appendPresence(b []byte, group, to string, t roster.PresenceType) []byte {
	return append(o.startPresence(b, group, to, t), "/>"...)
}

// appendInterest appends a presence that says nothing but what the group can
// do, and so which events it wants (XEP-0163 §4.3.2).
func (o *outlet) appendInterest(b []byte, g *roster.Group, to string) []byte {
	b = append(frame.AppendAttr(append(b, "<presence from='"...), g.Name()), '@')
	b = append(append(b, o.s.cfg.Link.Domain...), "/"+pubsub.Resource+"' to='"...)
	b = append(frame.AppendAttr(b, to), "'>"...)
	return append(pubsub.AppendCaps(b, g.Interest(to)), "</presence>"...)
}

// appendRequest appends the request for a member's presence, with what people
// read before they say yes: the group's name (XEP-0172 §4.2) and a question.
func (o *outlet) appendRequest(b []byte, g *roster.Group, title, to string) []byte {
	b = o.startPresence(b, g.Name(), to, roster.Subscribe)
	b = pubsub.AppendNick(append(b, '>'), title)
	b = append(b, "<status>You are in the group “"...)
	b = frame.AppendText(b, title)
	return append(b, "”. May its members see when you are available?</status></presence>"...)
}

func (o *outlet) startPresence(b []byte, group, to string, t roster.PresenceType) []byte {
	b = append(b, "<presence from='"...)
	b = frame.AppendAttr(b, group)
	b = append(append(b, '@'), o.s.cfg.Link.Domain...)
	if t == roster.Unavailable {
		b = append(b, "/"+pubsub.Resource...)
	}
	b = frame.AppendAttr(append(b, "' to='"...), to)
	b = append(append(b, "' type='"...), t.String()...)
	return append(b, '\'')
}

// Gone implements [roster.Outbox].
func (o *outlet) Gone(group, to string, members []string) {
	r := pubsub.Renderer{Domain: o.s.cfg.Link.Domain}
	o.s.Link.Out.Control(func(b []byte) []byte {
		for _, jid := range members {
			b = r.Address(r.ResourceStart(b, group, jid), to)
			b = r.Member(b, roster.NodeResources, &roster.Item{JID: jid})
		}
		return b
	})
}

// Ended implements [roster.Outbox].
func (o *outlet) Ended(group string, rec roster.SubscriptionRecord) {
	r := pubsub.Renderer{Domain: o.s.cfg.Link.Domain}
	o.s.Link.Out.Control(func(b []byte) []byte { return r.Ended(b, group, &rec) })
}

// notice tells somebody about his membership.
func (o *outlet) notice(n roster.Notice) {
	o.s.Link.Out.Control(func(b []byte) []byte { return o.s.commands.Notice(b, n) })
}
