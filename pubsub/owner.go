package pubsub

import (
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"slices"

	"mellium.im/xmpp/stanza"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// What the group's admins are asked as owners of its nodes (XEP-0060 §8).

type (
	wireOwnerNode struct {
		Node string    `xml:"node,attr"`
		Form *wireForm `xml:"jabber:x:data x"`
	}
	wireEntry struct {
		XMLName      xml.Name
		JID          string `xml:"jid,attr"`
		Subscription string `xml:"subscription,attr"`
		SubID        string `xml:"subid,attr"`
		Affiliation  string `xml:"affiliation,attr"`
	}
	wireEntries struct {
		Node    string      `xml:"node,attr"`
		Entries []wireEntry `xml:",any"`
	}
	wireOwner struct {
		Configure     *wireOwnerNode `xml:"configure"`
		Default       *wireOwnerNode `xml:"default"`
		Delete        *wireOwnerNode `xml:"delete"`
		Purge         *wireOwnerNode `xml:"purge"`
		Subscriptions *wireEntries   `xml:"subscriptions"`
		Affiliations  *wireEntries   `xml:"affiliations"`
		Set           *wireSet       `xml:"http://jabber.org/protocol/rsm set"`
	}
)

// maxEntries bounds what one request changes.
const maxEntries = 1000

// owner answers requests of the owner's namespace. Who has no power there is
// told so; to whom the group is not there, neither are its nodes.
func (s *Service) owner(ctx context.Context, b []byte, g *roster.Group, d *roster.Description, q *Request) ([]byte, error) {
	var w wireOwner
	if err := decode(q.Payload, &w); err != nil {
		return b, BadRequest
	}
	if w.Default != nil && !q.Set {
		return defaultConfig(b)
	}
	if d.Power < roster.Admin {
		return b, forbidden // §8.2.3.2 and the like
	}
	switch {
	case w.Configure != nil:
		return s.configure(ctx, b, g, d, w.Configure, q)
	case w.Delete != nil && q.Set: // §8.4: the group decides which nodes there are
		return b, unsupported("delete-nodes")
	case w.Purge != nil && q.Set: // §8.5: items are members
		return b, unsupported("purge-nodes")
	case w.Subscriptions != nil && len(w.Subscriptions.Entries) <= maxEntries:
		return nodeSubscriptions(ctx, b, g, d, w.Subscriptions, w.Set, q)
	case w.Affiliations != nil && len(w.Affiliations.Entries) <= maxEntries:
		return s.nodeAffiliations(ctx, b, g, d, w.Affiliations, w.Set, q)
	}
	return b, BadRequest
}

// owns says whether a node that an admin has to name exists.
func owns(d *roster.Description, node string) error {
	if node == "" {
		return nodeRequired
	}
	return named(d, node)
}

// nodeSubscriptions answers XEP-0060 §8.8.
func nodeSubscriptions(ctx context.Context, b []byte, g *roster.Group, d *roster.Description, w *wireEntries, set *wireSet, q *Request) ([]byte, error) {
	if err := owns(d, w.Node); err != nil {
		return b, err
	}
	n, err := parseNode(w.Node)
	if err != nil {
		return b, err
	}
	if q.Set {
		all, err := g.Subscribers(q.Bare(), n)
		if err != nil {
			return b, err
		}
		return b, w.each("subscriptions", func(e *wireEntry) error { return setSubscription(ctx, g, q.Bare(), n, e) },
			func(b []byte, e *wireEntry) []byte {
				now := "none"
				if slices.ContainsFunc(all, func(r roster.SubscriptionRecord) bool { return r.JID == e.JID && !r.Pending }) {
					now = "subscribed"
				}
				b = attr(attr(append(b, "<subscription"...), "jid", e.JID), "subscription", now)
				return append(b, "/>"...)
			})
	}
	all, err := g.Subscribers(q.Bare(), n)
	if err != nil {
		return b, err
	}
	b = append(attr(append(b, "<pubsub xmlns='"+NSOwner+"'><subscriptions"...), "node", w.Node), '>')
	all = slices.DeleteFunc(all, func(r roster.SubscriptionRecord) bool { return r.Pending }) // §8.8.1.2; see get-pending
	ids := make([]string, len(all))
	for i, rec := range all {
		ids[i] = rec.ID
	}
	return set.list(b, "subscriptions", ids, func(b []byte, i int) []byte {
		b = attr(attr(append(b, "<subscription"...), "jid", all[i].JID), "subid", all[i].ID)
		return append(b, " subscription='subscribed'/>"...)
	})
}

func setSubscription(ctx context.Context, g *roster.Group, actor string, n roster.Node, e *wireEntry) error {
	jid, err := bareJID(e.JID)
	if err != nil {
		return invalidJID
	}
	switch e.Subscription {
	case "":
		return nil // unchanged
	case "none":
		return g.Dismiss(ctx, actor, jid, n, e.SubID)
	case "subscribed":
		return g.Enlist(ctx, actor, jid, n)
	}
	return bad("subscription", errors.New("is neither none nor subscribed"))
}

// nodeAffiliations answers XEP-0060 §8.9: what people are in the group, for
// all its nodes.
func (s *Service) nodeAffiliations(ctx context.Context, b []byte, g *roster.Group, d *roster.Description, w *wireEntries, set *wireSet, q *Request) ([]byte, error) {
	if err := owns(d, w.Node); err != nil {
		return b, err
	}
	if q.Set {
		return b, w.each("affiliations", func(e *wireEntry) error { return s.setAffiliation(ctx, g, q.Bare(), e) },
			func(b []byte, e *wireEntry) []byte {
				b = attr(attr(append(b, "<affiliation"...), "jid", e.JID), "affiliation", affiliation(g.Power(e.JID)))
				return append(b, "/>"...)
			})
	}
	jids, powers, err := g.Affiliates(q.Bare())
	if err != nil {
		return b, err
	}
	b = append(attr(append(b, "<pubsub xmlns='"+NSOwner+"'><affiliations"...), "node", w.Node), '>')
	return set.list(b, "affiliations", jids, func(b []byte, i int) []byte {
		b = attr(attr(append(b, "<affiliation"...), "jid", jids[i]), "affiliation", affiliation(powers[i]))
		return append(b, "/>"...)
	})
}

// affiliation is a power in the words of PubSub: admins of the group are
// owners of its nodes.
func affiliation(a roster.Affiliation) string {
	if a == roster.Admin {
		a = roster.Owner
	}
	return a.String()
}

func (s *Service) setAffiliation(ctx context.Context, g *roster.Group, actor string, e *wireEntry) error {
	jid, err := bareJID(e.JID)
	if err != nil {
		return invalidJID
	}
	switch e.Affiliation {
	case "":
		return nil
	case "publisher", "publish-only": // §8.9.2.4
		return unsupported(e.Affiliation + "-affiliation")
	case "none":
		return g.Appoint(ctx, actor, jid, roster.None)
	case "outcast":
		return g.Appoint(ctx, actor, jid, roster.Outcast)
	case "member":
		if _, err := g.Member(jid); err != nil && s.Invites != nil && !s.Invites(actor) {
			return Busy
		}
		return g.Appoint(ctx, actor, jid, roster.Plain)
	case "owner":
		if g.Power(jid) >= roster.Admin {
			return nil
		}
		return g.Appoint(ctx, actor, jid, roster.Admin)
	}
	return bad("affiliation", errors.New("is unknown"))
}

// each lets every entry happen, and says which could not, as they are now
// (§8.8.2.4); the others did. The name is that of the list.
func (w *wireEntries) each(list string, do func(*wireEntry) error, now func([]byte, *wireEntry) []byte) error {
	seen := map[string]bool{}
	for i := range w.Entries {
		e := &w.Entries[i]
		if key := e.JID + "/" + e.SubID; seen[key] { // §8.9.2.6
			return BadRequest
		} else {
			seen[key] = true
		}
	}
	var first error
	var failed []byte
	for i := range w.Entries {
		if err := do(&w.Entries[i]); err != nil {
			first = cmp.Or(first, err)
			failed = now(failed, &w.Entries[i])
		}
	}
	if first == nil || len(w.Entries) == 1 {
		return first
	}
	e := refusal(stanza.Modify, stanza.NotAcceptable, "")
	b := append(attr(append([]byte("<pubsub xmlns='"+NSOwner+"'><"), list...), "node", w.Node), '>')
	e.With = string(append(append(append(append(b, failed...), "</"...), list...), "></pubsub>"...))
	return e
}

// maxList bounds a list of the admins', in bytes; there is more by pages
// (XEP-0059), also for who did not ask for them.
const maxList = 60 << 10

// list appends those of the entries that are asked for, and the end of what
// they stand in. ids name them, once each.
func (set *wireSet) list(b []byte, name string, ids []string, entry func([]byte, int) []byte) ([]byte, error) {
	lo, hi, err := set.run(ids)
	if err != nil {
		return b, err
	}
	p := &roster.Page{Index: lo, Count: len(ids)}
	start := len(b)
	for i := lo; i < hi && len(b)-start < maxList; i++ {
		if b, p.Last = entry(b, i), ids[i]; i == lo {
			p.First = ids[i]
		}
	}
	b = append(append(append(b, "</"...), name...), '>')
	if set != nil || p.First != "" && p.Last != ids[len(ids)-1] {
		b = resultSet(b, p)
	}
	return append(b, "</pubsub>"...), nil
}

// run is the part that is asked for, by index. What ids does not have is not
// found (XEP-0059 §2.2).
func (set *wireSet) run(ids []string) (lo, hi int, err error) {
	n := len(ids)
	if set == nil {
		return 0, n, nil
	}
	limit := n
	if set.Max != nil {
		if limit, err = count(*set.Max); err != nil {
			return 0, 0, BadRequest
		}
		limit = min(limit, n)
	}
	switch {
	case set.After != "":
		i := slices.Index(ids, set.After)
		if i < 0 {
			return 0, 0, roster.ErrNoNode
		}
		lo = i + 1
	case set.Before != nil:
		if hi = n; *set.Before != "" {
			if hi = slices.Index(ids, *set.Before); hi < 0 {
				return 0, 0, roster.ErrNoNode
			}
		}
		return max(0, hi-min(limit, maxBack)), hi, nil
	case set.Index != nil:
		if lo, err = count(*set.Index); err != nil {
			return 0, 0, BadRequest
		}
		lo = min(lo, n)
	}
	return lo, min(lo+limit, n), nil
}

// maxBack bounds a page that ends before something: with the longest addresses
// it has room, so that its end is not cut off.
const maxBack = 18
