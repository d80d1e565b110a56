package pubsub

import (
	"context"
	"errors"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// The service has one collection node (XEP-0248), NS#my-groups: all groups that
// whoever asks is a member of. Who subscribes to it hears of each of them from
// the group itself; there is nothing to retrieve from it but which they are.

// mine answers PubSub requests to the service.
func (s *Service) mine(ctx context.Context, b []byte, q *Request) ([]byte, error) {
	var w wirePubSub
	if err := decode(q.Payload, &w); err != nil {
		return b, BadRequest
	}
	if rule, is := s.isPeers(&w, q); is {
		return s.peer(ctx, b, &w, rule, q)
	}
	switch {
	case w.Subscriptions != nil && !q.Set:
		return s.mySubscriptions(b, w.Subscriptions.Node, q)
	case w.Affiliations != nil && !q.Set:
		b = optional(append(b, "<pubsub xmlns='"+NSPubSub+"'><affiliations"...), "node", w.Affiliations.Node)
		return append(b, "/></pubsub>"...), nil
	case w.Default != nil && !q.Set:
		b = optional(append(b, "<pubsub xmlns='"+NSPubSub+"'><default"...), "node", w.Default.Node)
		b, err := appendForm(append(b, '>'), "form", &roster.Wish{})
		return append(b, "</default></pubsub>"...), err
	case w.Items != nil && !q.Set:
		return b, unsupported("retrieve-items") // XEP-0248 §5: of a collection
	case w.Subscribe != nil && q.Set:
		return s.subscribeMine(ctx, b, &w, q)
	case w.Unsubscribe != nil && q.Set:
		jid, err := s.ofMine(w.Unsubscribe.Node, w.Unsubscribe.JID, q)
		if err != nil {
			return b, err
		}
		return b, s.Roster.UnsubscribeMine(ctx, q.Bare(), jid, w.Unsubscribe.SubID)
	case w.Options != nil:
		return s.myOptions(ctx, b, w.Options, q)
	}
	return b, refuseOther(&w, q)
}

// ofMine is the address of a subscription that a request names.
func (s *Service) ofMine(node, jid string, q *Request) (string, error) {
	switch {
	case node == "":
		return "", nodeRequired
	case node != nodeMine:
		return "", roster.ErrNoNode
	case jid == "":
		return "", jidRequired
	}
	return own(q, jid)
}

func (s *Service) subscribeMine(ctx context.Context, b []byte, w *wirePubSub, q *Request) ([]byte, error) {
	jid, ok := subscriber(q, w.Subscribe.JID)
	if !ok {
		return b, invalidJID
	}
	if _, err := s.ofMine(w.Subscribe.Node, jid, q); err != nil {
		return b, err
	}
	var wish *roster.Wish
	if w.Options != nil && w.Options.Form != nil {
		var err error
		if wish, err = w.Options.Form.deep().wish(roster.Wish{}); err != nil {
			return b, err
		}
	}
	rec, err := s.Roster.SubscribeMine(ctx, q.Bare(), jid, wish)
	if err != nil {
		return b, option(err)
	}
	b = append(b, "<pubsub xmlns='"+NSPubSub+"'>"...)
	return append(subscription(b, &rec), "</pubsub>"...), nil
}

// deep is f without the options that only collections have, as far as they say
// what happens anyway (XEP-0248 §6.1): items of all nodes below.
func (f *wireForm) deep() *wireForm {
	g := &wireForm{Type: f.Type}
	for _, field := range f.Fields {
		only := len(field.Values) == 1
		if field.Var == "pubsub#subscription_type" && only && field.Values[0] == "items" ||
			field.Var == "pubsub#subscription_depth" && only && (field.Values[0] == "all" || field.Values[0] == "1") {
			continue
		}
		g.Fields = append(g.Fields, field)
	}
	return g
}

func (s *Service) mySubscriptions(b []byte, node string, q *Request) ([]byte, error) {
	if node != "" && node != nodeMine {
		return b, roster.ErrNoNode
	}
	b = optional(append(b, "<pubsub xmlns='"+NSPubSub+"'><subscriptions"...), "node", node)
	b = append(b, '>')
	for _, rec := range s.Roster.Mine(q.Bare()) {
		b = subscription(b, &rec)
	}
	return append(b, "</subscriptions></pubsub>"...), nil
}

func (s *Service) myOptions(ctx context.Context, b []byte, w *wireOptions, q *Request) ([]byte, error) {
	jid, err := s.ofMine(w.Node, w.JID, q)
	if err != nil {
		return b, err
	}
	wish, rec, err := s.Roster.MyWish(q.Bare(), jid, w.SubID)
	switch {
	case err != nil:
		return b, err
	case !q.Set:
		b = append(b, "<pubsub xmlns='"+NSPubSub+"'><options"...)
		b = attr(attr(attr(b, "node", w.Node), "jid", jid), "subid", rec.ID)
		b, err = appendForm(append(b, '>'), "form", &wish)
		return append(b, "</options></pubsub>"...), err
	case w.Form == nil:
		return b, BadRequest
	case w.Form.Type == "cancel":
		return b, nil
	}
	changed, err := w.Form.deep().wish(wish)
	if err != nil {
		return b, err
	}
	return b, option(s.Roster.ReconfigureMine(ctx, q.Bare(), jid, rec.ID, changed))
}

// myGroups answers disco#items of the collection: the node of each group that
// its subscribers hear of.
func (s *Service) myGroups(b []byte, q *Request) ([]byte, error) {
	b = query(b, NSItems, nodeMine)
	for _, g := range s.Roster.GroupsOf(q.Bare()) {
		d, err := g.Describe(q.Bare())
		if err != nil || !d.Member || !d.Watches {
			if err != nil && !errors.Is(err, roster.ErrNoGroup) {
				return b, err
			}
			continue
		}
		n := roster.NodePresence
		if d.Has(roster.NodeGroup) {
			n = roster.NodeGroup
		}
		b = attr(attr(append(b, "<item"...), "jid", g.Name()+"@"+s.Domain), "node", nodeName(n))
		b = append(attr(b, "name", d.People()), "/>"...)
	}
	return append(b, "</query>"...), nil
}
