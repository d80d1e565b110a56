package pubsub

import (
	"context"
	"slices"

	"mellium.im/xmpp/disco/info"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// What discovery lists is what a test has exercised.
var (
	// The service is not identity pubsub/service, each group is: where Gajim
	// sees that, it shows a tree of nodes, and offers no commands of what is in
	// it.
	serviceIdentities = []info.Identity{{Category: "component", Type: "presence"}}
	serviceFeatures   = slices.Concat([]string{NSInfo, NSItems, NSPubSub}, pubsubFeatures("collections", "multi-subscribe", "retrieve-default-sub",
		"retrieve-subscriptions", "subscribe", "subscription-options"), []string{NSRSM, NSHeaders, nsCommands}, selfFeatures)

	// selfFeatures are what the service and every address of a group tell of
	// themselves.
	selfFeatures = []string{nsVersion, NSPing, nsTime, nsLast, nsVCard, nsVCard4}

	// A group is never identity conference/text: clients would make a room
	// of the contact.
	groupIdentities = []info.Identity{
		{Category: "pubsub", Type: "service"},
		{Category: "pubsub", Type: "pep"},
		{Category: "client", Type: "bot"},
	}
	groupFeatures = slices.Concat([]string{NSInfo, NSItems, NSPubSub}, pubsubFeatures("access-whitelist", "auto-subscribe", "config-node", "filtered-notifications", "get-pending",
		"item-ids", "last-published", "leased-subscription", "manage-subscriptions", "member-affiliation", "meta-data", "modify-affiliations",
		"multi-subscribe", "outcast-affiliation", "persistent-items", "presence-notifications", "retrieve-affiliations", "retrieve-default",
		"retrieve-default-sub", "retrieve-items", "retrieve-subscriptions", "subscribe", "subscription-notifications", "subscription-options"),
		[]string{NSRSM, NSHeaders, NSReceipts, NSJSON, nsCommands, NSNick, NS}, selfFeatures)

	// headerFeatures are the headers of events (XEP-0131 §4).
	headerFeatures = []string{NSHeaders + "#Collection", NSHeaders + "#SubID"}

	mineIdentities = []info.Identity{{Category: "pubsub", Type: "collection"}}
	mineFeatures   = []string{NSInfo, NSItems, NSPubSub}

	nodeIdentities = []info.Identity{{Category: "pubsub", Type: "leaf"}}
	nodeFeatures   = []string{NSInfo, NSItems, NSPubSub, NS}

	profileFeatures = []string{NSInfo, NSItems, NSPubSub}
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

// Registers says whether whom d is for can register with the group (XEP-0077):
// he is a member, or may ask to be one.
func Registers(d *roster.Description) bool {
	return d.Member || d.Power != roster.Outcast && (d.Invited || d.Join != roster.Invite)
}

// groupInfo answers disco#info of a group or of one of its nodes.
func groupInfo(b []byte, d *roster.Description, q *Request) ([]byte, error) {
	var w wireQuery
	if err := decode(q.Payload, &w); err != nil {
		return b, BadRequest
	}
	if b, ok := resourceInfo(b, q, w.Node, d.Interest); ok {
		return b, nil
	}
	if w.Node == NSHeaders {
		return discoInfo(b, w.Node, "", nil, headerFeatures), nil
	}
	if w.Node == "" {
		features := groupFeatures
		if Registers(d) {
			features = append(slices.Clone(features), NSRegister)
		}
		return discoInfo(b, "", d.People(), groupIdentities, features), nil
	}
	if _, ok := profileOf(w.Node); ok {
		return discoInfo(b, w.Node, d.People(), nodeIdentities, profileFeatures), nil
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
		_, ok := profileOf(w.Node)
		if n, err := parseNode(w.Node); !ok && (err != nil || !d.Has(n)) {
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
	case q.Space == NS && q.Local == "authorization" && s.Peers != nil && s.Roster.Ours(q.Bare()):
		return s.peerAuthorization(ctx, b, q)
	case q.Space == NS && q.Local == "connection":
		return b, s.connection(nil, q)
	case q.Space == NS && q.Local == "willing":
		return s.willingness(ctx, b, nil, q)
	case q.Space == NS && q.Local == "report":
		return s.report(ctx, b, nil, q)
	case q.Space == NS:
		return b, Unavailable // policies stand at a group
	case q.Space == NSPubSub:
		return s.mine(ctx, b, q)
	case q.Space == NSOwner:
		return b, forbidden // nobody owns the collection
	case q.Set && (q.Space == nsVCard || q.Space == nsVCard4 || q.Space == nsLast):
		return b, forbidden
	case q.Set:
		return b, BadRequest
	case q.Space == nsVCard || q.Space == nsVCard4:
		return s.card().answer(b, q)
	case q.Space == nsLast:
		return s.uptime(b, q)
	case decode(q.Payload, &w) != nil:
		return b, BadRequest
	case w.Node == NSHeaders && q.Space == NSInfo:
		return discoInfo(b, w.Node, "", nil, headerFeatures), nil
	case w.Node == nodeMine && q.Space == NSInfo:
		return discoInfo(b, w.Node, "All my groups", mineIdentities, mineFeatures), nil
	case w.Node == nodeMine:
		return s.myGroups(b, q)
	case w.Node != "":
		return b, roster.ErrNoNode
	case q.Space == NSInfo:
		return discoInfo(b, "", s.Title, serviceIdentities, serviceFeatures), nil
	}
	return s.serviceItems(ctx, b, w.Set, q)
}

// maxListed is how many groups one answer lists, whether or not pages were
// asked for (XEP-0059 §2.1).
const maxListed = 100

// serviceItems lists the groups that the requester may know of, a page at a
// time.
func (s *Service) serviceItems(ctx context.Context, b []byte, set *wireSet, q *Request) ([]byte, error) {
	d, err := s.Roster.Directory(ctx, q.Bare())
	if err != nil {
		return b, err
	}
	lo, hi, err := set.page(d)
	if err != nil {
		return b, err
	}
	p := &roster.Page{Wanted: set != nil || hi < d.Len(), Count: d.Len()}
	b = query(b, NSItems, "")
	for i, g := range d.From(ctx, lo) {
		if i >= hi {
			break
		}
		if p.Last = g.Name; p.First == "" {
			p.First, p.Index = g.Name, i
		}
		b = attr(append(b, "<item"...), "jid", g.Name+"@"+s.Domain)
		b = append(attr(b, "name", g.People()), "/>"...)
	}
	if p.Wanted {
		b = resultSet(b, p)
	}
	return append(b, "</query>"...), nil
}

// page is the part of d that is asked for, by index: behind a name, before it,
// from an index, the last ones (XEP-0059 §2). A name that is there no more
// stands where it stood.
func (set *wireSet) page(d *roster.Directory) (lo, hi int, err error) {
	n, limit := d.Len(), maxListed
	if set == nil {
		return 0, min(limit, n), nil
	}
	if set.Max != nil {
		if limit, err = count(*set.Max); err != nil {
			return 0, 0, BadRequest
		}
	}
	limit = min(limit, maxListed)
	switch {
	case set.Before != nil && (set.After != "" || set.Index != nil), set.After != "" && set.Index != nil:
		return 0, 0, BadRequest
	case set.Before != nil:
		hi = n
		if *set.Before != "" {
			hi, _ = d.Find(*set.Before)
		}
		return max(0, hi-limit), hi, nil
	case set.After != "":
		i, found := d.Find(set.After)
		if lo = i; found {
			lo++
		}
	case set.Index != nil:
		if lo, err = count(*set.Index); err != nil {
			return 0, 0, BadRequest
		}
	}
	return lo, min(max(lo, lo+limit), n), nil
}
