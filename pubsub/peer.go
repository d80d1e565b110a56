package pubsub

import (
	"context"
	"errors"
	"strings"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// A peer, another service of groups that the configuration trusts, finds the
// presence of users of this server at the service's own node NS#presence. It is
// one group's node for each address that subscribes (see [roster.Roster.Entrust]).
// With his subscription, or later as its options, he says whom he wants to know
// of; to anybody else there is no such node.

// fieldGroup is the address of a group of the peer's whose members he wants to
// know of.
const fieldGroup = "{" + NS + "}group"

// nodes of a request, whatever it is.
func (w *wirePubSub) node() string {
	switch {
	case w.Subscribe != nil:
		return w.Subscribe.Node
	case w.Unsubscribe != nil:
		return w.Unsubscribe.Node
	case w.Items != nil:
		return w.Items.Node
	case w.Options != nil:
		return w.Options.Node
	case w.Subscriptions != nil:
		return w.Subscriptions.Node
	case w.Default != nil:
		return w.Default.Node
	}
	return ""
}

// isPeers says whether the request is a peer's, and what he is granted.
func (s *Service) isPeers(w *wirePubSub, q *Request) (rule string, ok bool) {
	if s.Peers == nil || w.node() != nodeName(roster.NodePresence) {
		return "", false
	}
	return s.Peers(q.Bare())
}

// peer answers a peer's request about NS#presence.
func (s *Service) peer(ctx context.Context, b []byte, w *wirePubSub, rule string, q *Request) ([]byte, error) {
	g, err := s.Roster.Group(ctx, roster.PeerGroup(q.Bare()))
	switch {
	case err == nil:
		g.Alive(q.From)
	case w.Subscribe == nil:
		return b, roster.ErrNoSubscription
	}
	switch {
	case w.Subscribe != nil && q.Set:
		return s.subscribePeer(ctx, b, w, rule, q)
	case w.Unsubscribe != nil && q.Set:
		if err := s.unsubscribe(ctx, g, w.Unsubscribe, q); err != nil || len(g.Subscriptions(q.Bare())) > 0 {
			return b, err
		}
		return b, s.Roster.DeleteGroup(ctx, g.Name())
	case w.Items != nil && !q.Set:
		return b, s.items(g, &roster.Description{Watches: true}, w, q)
	case w.Subscriptions != nil && !q.Set:
		return s.subscriptions(b, g, &roster.Description{Nodes: []roster.Node{roster.NodePresence}}, w.Subscriptions, q)
	case w.Options != nil && q.Set && w.Options.Form != nil && w.Options.Form.Type != "cancel":
		form, wish, given, err := peerForm(w.Options.Form)
		if err != nil {
			return b, err
		}
		if given {
			if _, err := s.Roster.Entrust(ctx, q.Bare(), rule, wish); err != nil {
				return b, option(err)
			}
		}
		o := *w.Options
		o.Form = form
		return s.options(ctx, b, g, &o, q)
	case w.Options != nil:
		return s.options(ctx, b, g, w.Options, q)
	}
	return b, refuseOther(w, q)
}

// subscribePeer makes the group what the request wishes, and then the
// subscription. Who says nothing of whom he wants has what he had, or else
// everybody.
func (s *Service) subscribePeer(ctx context.Context, b []byte, w *wirePubSub, rule string, q *Request) ([]byte, error) {
	jid, ok := subscriber(q, w.Subscribe.JID)
	if !ok {
		return b, invalidJID
	}
	wish, given := roster.PeerWish{Of: roster.PeerAll}, false
	if o := w.Options; o != nil && o.Form != nil {
		form, wanted, is, err := peerForm(o.Form)
		if err != nil {
			return b, err
		}
		if given = is; given {
			wish = wanted
		}
		with := *w.Options
		with.Form = form
		w.Options = &with
		if len(form.Fields) == 0 {
			w.Options = nil
		}
	}
	g, err := s.Roster.Group(ctx, roster.PeerGroup(q.Bare()))
	if err != nil || given {
		if g, err = s.Roster.Entrust(ctx, q.Bare(), rule, wish); err != nil {
			return b, option(err)
		}
	}
	if w.Options != nil && w.Options.Form != nil {
		wish, err := w.Options.Form.wish(roster.Wish{})
		if err != nil {
			return b, err
		}
		has, err := onlyOne(ctx, g, q.Bare(), jid, wish)
		if err != nil {
			return b, option(err)
		}
		if has {
			w.Options = nil
		}
	}
	return s.subscribe(ctx, b, g, w, q)
}

// onlyOne makes a peer's subscription that there is what he wishes now: who wants
// something else by another configuration is not told twice. has is false where
// there is none.
func onlyOne(ctx context.Context, g *roster.Group, owner, jid string, wish *roster.Wish) (has bool, err error) {
	for _, rec := range g.Subscriptions(owner) {
		if rec.JID != jid || rec.Node != roster.NodePresence.String() {
			continue
		}
		if !has {
			err = g.Reconfigure(ctx, owner, jid, roster.NodePresence, rec.ID, wish)
		} else {
			err = g.Unsubscribe(ctx, owner, jid, roster.NodePresence, rec.ID)
		}
		if err != nil && !errors.Is(err, roster.ErrNoSubscription) {
			return has, err
		}
		has = true
	}
	return has, nil
}

// peerForm takes out of a form whom a peer wants to know of; given is false if
// it does not say. An empty list is nobody.
func peerForm(f *wireForm) (rest *wireForm, wish roster.PeerWish, given bool, err error) {
	rest = &wireForm{Type: f.Type}
	for _, field := range f.Fields {
		of := ""
		switch field.Var {
		case fieldMembers:
			if wish.Members, err = jids(field.Values); err != nil {
				return nil, wish, false, optionError(fieldMembers, err)
			}
			of = roster.PeerList
		case fieldGroup:
			if of, err = bareJID(strings.TrimSpace(strings.Join(field.Values, ""))); err != nil {
				return nil, wish, false, optionError(fieldGroup, err)
			}
		case "FORM_TYPE", "":
			continue
		default:
			rest.Fields = append(rest.Fields, field)
			continue
		}
		if given {
			return nil, wish, false, optionError(fieldGroup, errEither)
		}
		wish.Of, given = of, true
	}
	return rest, wish, given, nil
}

var errEither = errors.New("cannot come with a list of members, or twice")

// peerAuthorization answers get and set of what a user of this server lets
// peers see.
func (s *Service) peerAuthorization(ctx context.Context, b []byte, q *Request) ([]byte, error) {
	if q.Set {
		a, err := ParseAuthorization(q.Payload)
		if err != nil {
			return b, err
		}
		return b, s.Roster.AuthorizePeers(ctx, q.Bare(), a)
	}
	a, err := s.Roster.PeerAuthorization(ctx, q.Bare())
	if err != nil {
		return b, err
	}
	if a == nil {
		return b, roster.ErrNoNode // he has said nothing
	}
	b = appendRules(appendAuthorization(b, a), a.Rules)
	return append(b, "</authorization>"...), nil
}
