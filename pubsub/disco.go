package pubsub

import (
	"context"
	"slices"
	"strings"

	"mellium.im/xmpp/disco/info"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// What discovery lists is what a test has exercised.
var (
	serviceIdentities = []info.Identity{
		{Category: "component", Type: "presence"},
		{Category: "pubsub", Type: "service"},
	}
	serviceFeatures = []string{NSInfo, NSItems, NSRSM, nsCommands, nsVersion, NSPing, nsTime}

	// A group is never identity conference/text: clients would make a room
	// of the contact.
	groupIdentities = []info.Identity{
		{Category: "pubsub", Type: "service"},
		{Category: "client", Type: "bot"},
	}
	groupFeatures = slices.Concat([]string{NSInfo, NSItems, NSPubSub}, pubsubFeatures("access-whitelist", "config-node", "get-pending",
		"item-ids", "last-published", "leased-subscription", "manage-subscriptions", "member-affiliation", "meta-data", "modify-affiliations",
		"multi-subscribe", "outcast-affiliation", "persistent-items", "presence-notifications", "retrieve-affiliations", "retrieve-default",
		"retrieve-default-sub", "retrieve-items", "retrieve-subscriptions", "subscribe", "subscription-notifications", "subscription-options"),
		[]string{NSRSM, NSHeaders, NSHeaders + "#SubID", NSReceipts, nsCommands, nsVersion, NSPing, nsTime, NS})

	nodeIdentities = []info.Identity{{Category: "pubsub", Type: "leaf"}}
	nodeFeatures   = []string{NSInfo, NSItems, NSPubSub, NS}
)

func pubsubFeatures(names ...string) (all []string) {
	for _, n := range names {
		all = append(all, NSPubSub+"#"+n)
	}
	return all
}

// nodeTitles are the nodes' names for people.
var nodeTitles = map[roster.Node]string{
	roster.NodeInfo:     "attributes",
	roster.NodeMembers:  "members",
	roster.NodePresence: "presence of the members",
	roster.NodeGroup:    "members and their presence",
}

// wireQuery is a discovery request (XEP-0030).
type wireQuery struct {
	Node string   `xml:"node,attr"`
	Set  *wireSet `xml:"http://jabber.org/protocol/rsm set"`
}

func query(b []byte, space, node string) []byte {
	return append(optional(attr(append(b, "<query"...), "xmlns", space), "node", node), '>')
}

func discoInfo(b []byte, node, name string, ids []info.Identity, features []string) []byte {
	b = query(b, NSInfo, node)
	for _, id := range ids {
		b = attr(attr(append(b, "<identity"...), "category", id.Category), "type", id.Type)
		b = append(optional(b, "name", name), "/>"...)
	}
	for _, f := range features {
		b = append(attr(append(b, "<feature"...), "var", f), "/>"...)
	}
	return append(b, "</query>"...)
}

// groupInfo answers disco#info of a group or of one of its nodes.
func groupInfo(b []byte, d *roster.Description, q *Request) ([]byte, error) {
	var w wireQuery
	if err := decode(q.Payload, &w); err != nil {
		return b, BadRequest
	}
	if b, ok := resourceInfo(b, q, w.Node); ok {
		return b, nil
	}
	if w.Node == "" {
		return discoInfo(b, "", d.People(), groupIdentities, groupFeatures), nil
	}
	n, err := parseNode(w.Node)
	if err != nil || !d.Has(n) {
		return b, roster.ErrNoNode
	}
	b = discoInfo(b, w.Node, d.People()+": "+nodeTitles[n], nodeIdentities, nodeFeatures)
	b, err = appendData(b[:len(b)-len("</query>")], "result", metaData(d, n))
	return append(b, "</query>"...), err
}

// groupItems answers disco#items of a group: its nodes. A node's items are
// members' state; they are retrieved, not discovered.
func groupItems(b []byte, address string, d *roster.Description, q *Request) ([]byte, error) {
	var w wireQuery
	if err := decode(q.Payload, &w); err != nil {
		return b, BadRequest
	}
	if w.Node != "" {
		if n, err := parseNode(w.Node); err != nil || !d.Has(n) {
			return b, roster.ErrNoNode
		}
		return append(query(b, NSItems, w.Node), "</query>"...), nil
	}
	b = query(b, NSItems, "")
	for _, n := range d.Nodes {
		b = attr(attr(append(b, "<item"...), "jid", address), "node", nodeName(n))
		b = append(attr(b, "name", d.People()+": "+nodeTitles[n]), "/>"...)
	}
	return append(b, "</query>"...), nil
}

// serviceRequest answers what is asked of the service itself.
func (s *Service) serviceRequest(ctx context.Context, b []byte, q *Request) ([]byte, error) {
	var w wireQuery
	switch {
	case q.Space == NS:
		return b, Unavailable // policies stand at a group
	case q.Space == NSPubSub || q.Space == NSOwner:
		return b, unsupported("subscribe") // each group is a service of its own
	case q.Set:
		return b, BadRequest
	case decode(q.Payload, &w) != nil:
		return b, BadRequest
	case w.Node != "":
		return b, roster.ErrNoNode
	case q.Space == NSInfo:
		return discoInfo(b, "", s.Title, serviceIdentities, serviceFeatures), nil
	}
	return s.serviceItems(ctx, b, w.Set, q)
}

// maxListed is how many groups one answer lists.
const maxListed = 100

// serviceItems lists the groups that the requester may know of, a page at a
// time.
func (s *Service) serviceItems(ctx context.Context, b []byte, set *wireSet, q *Request) ([]byte, error) {
	names, err := s.Roster.ListGroups(ctx)
	if err != nil {
		return b, err
	}
	limit, after := maxListed, ""
	if set != nil {
		if set.Max != nil {
			if limit, err = count(*set.Max); err != nil {
				return b, BadRequest
			}
		}
		limit, after = min(limit, maxListed), set.After
	}
	b = query(b, NSItems, "")
	page := roster.Page{Wanted: set != nil, Index: -1}
	shown := 0
	for _, name := range names {
		g, err := s.Roster.Group(ctx, name)
		if err != nil {
			continue // deleted meanwhile
		}
		d, err := g.Describe(q.Bare())
		if err != nil {
			continue
		}
		page.Count++
		if after != "" && strings.Compare(name, after) <= 0 {
			continue
		}
		if shown == limit {
			page.Wanted = true
			continue
		}
		if shown++; page.Index < 0 {
			page.Index, page.First = page.Count-1, name
		}
		page.Last = name
		b = attr(append(b, "<item"...), "jid", name+"@"+s.Domain)
		b = append(attr(b, "name", d.People()), "/>"...)
	}
	if page.Wanted {
		b = resultSet(b, &page)
	}
	return append(b, "</query>"...), nil
}
