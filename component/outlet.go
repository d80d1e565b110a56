package component

import (
	"bytes"
	"context"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/policy"
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
		o.s.departed(group, to)
	}
	o.s.Link.Out.Control(func(b []byte) []byte { return o.appendPresence(b, group, to, t) })
}

// appendPresence appends a presence stanza without any member's state.
func (o *outlet) appendPresence(b []byte, group, to string, t roster.PresenceType) []byte {
	return append(o.startPresence(b, group, to, t), "/>"...)
}

// appendInterest appends a presence that says nothing but what the group can
// do, and so which events it wants (XEP-0163 §4.3.2).
func (o *outlet) appendInterest(b []byte, group, to string, interest policy.Mask) []byte {
	b = append(frame.AppendAttr(append(b, "<presence from='"...), group), '@')
	b = append(append(b, o.s.cfg.Link.Domain...), "/"+pubsub.Resource+"' to='"...)
	b = append(frame.AppendAttr(b, to), "'>"...)
	return append(pubsub.AppendCaps(b, interest), "</presence>"...)
}

// appendRequest appends the request for a member's presence, with what people
// read before they say yes: the group's name (XEP-0172 §4.2) and a question,
// first, for Gajim cuts it off behind some thirty characters.
func (o *outlet) appendRequest(b []byte, g *roster.Group, title, to string) []byte {
	b = o.startPresence(b, g.Name(), to, roster.Subscribe)
	b = pubsub.AppendNick(append(b, '>'), title)
	b = append(b, "<status>May members see your status? You are in the group “"...)
	b = frame.AppendText(b, title)
	return append(b, "”.</status></presence>"...)
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

// departed takes in that the group hears of somebody's devices no more. It is
// another's turn to say so: the group may be in the middle of it.
func (s *Service) departed(group, jid string) {
	s.workers.put(group, func(context.Context) {
		if g := s.Roster.Loaded([]byte(group)); g != nil {
			g.Departed([]byte(jid), nil)
		}
	})
}

// Began implements [roster.Outbox].
func (o *outlet) Began(group string, rec roster.SubscriptionRecord) {
	r := pubsub.Renderer{Domain: o.s.cfg.Link.Domain, PubSub: o.s.cfg.PubSub}
	o.s.Link.Out.Control(func(b []byte) []byte { return r.Began(b, group, &rec) })
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

// withForm adds to the last message, that somebody wants to join, the form by
// which programs answer it (XEP-0060 §8.6).
func (o *outlet) withForm(b []byte, n *roster.Notice) []byte {
	const end = "</message>"
	text, isMessage := bytes.CutSuffix(b, []byte(end))
	if n.Kind != roster.Application || !isMessage {
		return b
	}
	rec := roster.SubscriptionRecord{Owner: n.About, Node: roster.NodeGroup.String()}
	with, err := pubsub.AppendApproval(text, &rec)
	if err != nil {
		return b
	}
	return append(with, end...)
}

// notice tells somebody about his membership.
func (o *outlet) notice(n roster.Notice) {
	o.s.Link.Out.Control(func(b []byte) []byte { return o.withForm(o.s.commands.Notice(b, n), &n) })
}

// maxTold is how much of the control lane may wait, in bytes, before somebody
// may tell others something: answers to everybody have to have room.
const maxTold = 1 << 20

// send is for what people tell each other.
func (s *Service) send(f func([]byte) []byte) bool {
	return s.Link.Out.Stats().Control <= maxTold && s.Link.Out.Control(f)
}
