package pubsub

import (
	"context"
	"errors"
	"time"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// Service answers the requests of PubSub and service discovery.
type Service struct {
	Roster *roster.Roster
	Domain string // of the service
	PubSub string // the server's own PubSub service; "" = it is not used
	Title  string // its name for people

	Began time.Time        // when the service did
	Now   func() time.Time // nil = time.Now

	// Invites says whether somebody may invite one more person now, and counts
	// it; nil = yes.
	Invites func(bare string) bool

	// Network says whether somebody may say how users' devices are connected;
	// nil = nobody but the users.
	Network func(bare string) bool

	// Peers says whether somebody is a peer, and what he is granted of who has
	// said nothing (see [roster.Roster.Entrust]); nil = there are none.
	Peers func(bare string) (rule string, ok bool)

	// Reports says whether bot may say one thing more on a member's behalf now; nil
	// = always.
	Reports func(bot, member string) bool
}

// Handles says whether the service answers requests with this payload.
func (s *Service) Handles(space string) bool {
	switch space {
	case NSPubSub, NSOwner, NSInfo, NSItems, NS, nsVCard, nsVCard4, nsLast:
		return true
	}
	return false
}

// Handle answers q: it appends the answer to b, or nothing when the answer
// will come in the group's turn. It may wait for the store.
func (s *Service) Handle(ctx context.Context, b []byte, q *Request) []byte {
	start := len(b)
	b, err := s.dispatch(ctx, AppendIQ(b, "result", q.To, q.From, q.ID), q)
	var e Error
	switch {
	case err == nil:
		return append(append(b, "</iq>"...), q.after...)
	case errors.Is(err, errLater):
		return b[:start]
	case !errors.As(err, &e):
		e = Refusal(err)
	}
	return AppendError(b[:start], q.To, q.From, q.ID, e)
}

// errLater: the question was put to the group.
var errLater = errors.New("answered in the group's turn")

// Fail appends the answer to a request whose handling broke.
func (s *Service) Fail(b []byte, q *Request) []byte {
	return AppendError(b, q.To, q.From, q.ID, Refusal(nil))
}

// dispatch appends the payload of the result, or says why there is none.
func (s *Service) dispatch(ctx context.Context, b []byte, q *Request) ([]byte, error) {
	if q.Group == "" {
		return s.serviceRequest(ctx, b, q)
	}
	g, err := s.Roster.Group(ctx, q.Group)
	if err != nil {
		return b, err
	}
	if q.Space == NS && q.Local == "connection" {
		return b, s.connection(g, q)
	}
	if q.Space == NS && q.Local == "report" { // who is trusted need not know the group otherwise
		return s.report(ctx, b, g, q)
	}
	d, err := g.Describe(q.Bare())
	if err != nil {
		return b, err
	}
	g.Alive(q.From)
	switch {
	case q.Space == NSInfo && !q.Set:
		return groupInfo(b, d, q)
	case q.Space == NSItems && !q.Set:
		return groupItems(b, q.Group+"@"+s.Domain, d, q)
	case q.Space == NS && q.Local == "authorization":
		return authorization(ctx, b, g, q)
	case q.Space == NS && q.Local == "combination":
		return combination(ctx, b, g, q)
	case q.Space == NS && q.Local == "willing":
		return s.willingness(ctx, b, g, q)
	case q.Space == NS && q.Local == "trust":
		return trust(ctx, b, g, q)
	case q.Space == NS && q.Local == "location":
		return location(ctx, b, g, q)
	case q.Space == nsCommands:
		return s.pending(b, g, d, q)
	case q.Space == NSOwner:
		return s.owner(ctx, b, g, d, q)
	case q.Space == nsVCard || q.Space == nsVCard4:
		return s.vcard(ctx, b, g, d, q)
	case q.Space == nsLast:
		return s.last(b, g, q)
	case q.Space == NSPubSub:
		return s.pubsub(ctx, b, g, d, q)
	}
	return b, BadRequest
}

func (s *Service) pubsub(ctx context.Context, b []byte, g *roster.Group, d *roster.Description, q *Request) ([]byte, error) {
	var w wirePubSub
	if err := decode(q.Payload, &w); err != nil {
		return b, BadRequest
	}
	switch {
	case w.Items != nil && !q.Set:
		if p, ok := profileOf(w.Items.Node); ok {
			return s.profileItems(b, d, w.Items, &p)
		}
		return b, s.items(g, d, &w, q)
	case w.Subscriptions != nil && !q.Set:
		return s.subscriptions(b, g, d, w.Subscriptions, q)
	case w.Affiliations != nil && !q.Set:
		return affiliations(b, d, w.Affiliations)
	case w.Subscribe != nil && q.Set:
		return s.subscribe(ctx, b, g, &w, q)
	case w.Options != nil:
		return s.options(ctx, b, g, w.Options, q)
	case w.Default != nil && !q.Set:
		return defaults(b, d, w.Default)
	case w.Unsubscribe != nil && q.Set:
		return b, s.unsubscribe(ctx, g, w.Unsubscribe, q)
	}
	return b, refuseOther(&w, q)
}

// subscribe answers XEP-0060 §6.1. The full state follows as an event.
func (s *Service) subscribe(ctx context.Context, b []byte, g *roster.Group, w *wirePubSub, q *Request) ([]byte, error) {
	jid, ok := subscriber(q, w.Subscribe.JID)
	if !ok {
		return b, invalidJID
	}
	n, err := requiredNode(w.Subscribe.Node)
	if err != nil {
		return b, err
	}
	var wish *roster.Wish
	if w.Options != nil && w.Options.Form != nil { // §6.3.7: subscribe and configure
		// They MUST NOT be there, but aioxmpp says them twice.
		if o := w.Options; o.Node != "" && o.Node != w.Subscribe.Node || o.JID != "" && o.JID != w.Subscribe.JID {
			return b, BadRequest
		}
		if wish, err = w.Options.Form.wish(roster.Wish{}); err != nil {
			return b, err
		}
	}
	rec, err := g.SubscribeWith(ctx, q.Bare(), jid, n, wish)
	if err != nil {
		return b, option(err)
	}
	b = s.subscriptionAt(append(b, "<pubsub xmlns='"+NSPubSub+"'>"...), &rec)
	if wish != nil && !rec.Pending {
		if b, err = s.inForce(b, g, &rec, n); err != nil {
			return b, err
		}
	}
	return append(b, "</pubsub>"...), nil
}

// inForce appends the options of a new subscription as they are (§6.3.7).
func (s *Service) inForce(b []byte, g *roster.Group, rec *roster.SubscriptionRecord, n roster.Node) ([]byte, error) {
	wish, _, err := g.Wish(rec.Owner, rec.JID, n, rec.ID)
	if err != nil {
		return b, nil // it has ended already
	}
	b = attr(attr(attr(append(b, "<options"...), "node", nodeName(n)), "jid", rec.JID), "subid", rec.ID)
	b, err = appendForm(append(b, '>'), "result", &wish)
	return append(b, "</options>"...), err
}

func subscription(b []byte, rec *roster.SubscriptionRecord) []byte {
	b = attr(append(b, "<subscription"...), "node", NS+"#"+rec.Node)
	b = attr(attr(b, "jid", rec.JID), "subid", rec.ID)
	if rec.Pending {
		return append(b, " subscription='pending'/>"...)
	}
	return append(b, " subscription='subscribed'/>"...)
}

// subscriptionAt is subscription with the node at the server's own PubSub
// service through which it is told, if it is.
func (s *Service) subscriptionAt(b []byte, rec *roster.SubscriptionRecord) []byte {
	b = subscription(b, rec)
	if rec.Outpost == "" || rec.Pending || s.PubSub == "" {
		return b
	}
	b = publishedAt(append(b[:len(b)-len("/>")], '>'), s.PubSub, rec.Outpost)
	return append(b, "</subscription>"...)
}

// unsubscribe answers XEP-0060 §6.2.
func (s *Service) unsubscribe(ctx context.Context, g *roster.Group, w *wireNode, q *Request) error {
	if w.JID == "" {
		return jidRequired
	}
	jid, err := own(q, w.JID)
	if err != nil {
		return err
	}
	n, err := requiredNode(w.Node)
	if err != nil {
		return err
	}
	return g.Unsubscribe(ctx, q.Bare(), jid, n, w.SubID)
}

// items puts the request of XEP-0060 §6.5 to the group.
func (s *Service) items(g *roster.Group, d *roster.Description, w *wirePubSub, q *Request) error {
	n, err := requiredNode(w.Items.Node)
	if err != nil {
		return err
	}
	ask, err := w.question(q, n)
	if err != nil {
		return BadRequest
	}
	if !d.Watches {
		return roster.ErrForbidden // no room in the queue for who gets nothing
	}
	if err := g.Ask(ask); errors.Is(err, roster.ErrLimit) {
		return Busy
	} else if err != nil {
		return err
	}
	return errLater
}

// subscriptions answers XEP-0060 §5.6.
func (s *Service) subscriptions(b []byte, g *roster.Group, d *roster.Description, w *wireNode, q *Request) ([]byte, error) {
	if err := named(d, w.Node); err != nil {
		return b, err
	}
	b = append(b, "<pubsub xmlns='"+NSPubSub+"'><subscriptions"...)
	b = append(optional(b, "node", w.Node), '>')
	for _, rec := range g.Subscriptions(q.Bare()) {
		if w.Node == "" || w.Node == NS+"#"+rec.Node {
			b = s.subscriptionAt(b, &rec)
		}
	}
	return append(b, "</subscriptions></pubsub>"...), nil
}

// affiliations answers XEP-0060 §5.7. In the words of PubSub, admins of the
// group are owners of its nodes.
func affiliations(b []byte, d *roster.Description, w *wireNode) ([]byte, error) {
	if err := named(d, w.Node); err != nil {
		return b, err
	}
	b = append(b, "<pubsub xmlns='"+NSPubSub+"'><affiliations"...)
	b = append(optional(b, "node", w.Node), '>')
	for _, n := range d.Nodes {
		if d.Affiliation == roster.None || w.Node != "" && w.Node != nodeName(n) {
			continue
		}
		b = attr(append(b, "<affiliation"...), "node", nodeName(n))
		b = append(attr(b, "affiliation", affiliation(d.Affiliation)), "/>"...)
	}
	return append(b, "</affiliations></pubsub>"...), nil
}

// named says whether a node that a request may name exists.
func named(d *roster.Description, node string) error {
	if node == "" {
		return nil
	}
	if n, err := parseNode(node); err != nil || !d.Has(n) {
		return roster.ErrNoNode
	}
	return nil
}

func requiredNode(name string) (roster.Node, error) {
	if name == "" {
		return 0, nodeRequired
	}
	return parseNode(name)
}

// refuseOther says what kind of no a request gets that is not served.
func refuseOther(w *wirePubSub, q *Request) error {
	if len(w.Other) == 0 {
		return BadRequest
	}
	switch name := w.Other[0].XMLName.Local; {
	case q.Set && (name == "publish" || name == "retract"):
		return forbidden // only the service publishes
	case q.Set && (name == "create" || name == "configure"):
		return unsupported("create-nodes")
	}
	return BadRequest
}
