package pubsub

import (
	"context"
	"fmt"

	"mellium.im/xmpp/jid"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// connection takes in what somebody who knows the network says of a user's
// device: the user, whom he trusts with it, or whom the admin of the service has
// named for it. At the service it is for all groups of the user, at a group, nil
// for none, for that one. Who has no right to it learns nothing of the user, and
// who is not trusted nothing of a group that he does not know.
func (s *Service) connection(g *roster.Group, q *Request) error {
	user, resource, c, err := readConnection(q)
	may := q.Bare() == user || s.Network != nil && s.Network(q.Bare())
	groups := []*roster.Group{g}
	switch {
	case g == nil && err == nil:
		groups = s.Roster.GroupsOf(user)
	case g != nil && (err != nil || !g.Trusts(user, q.Bare()).Has(policy.Connection)):
		if _, stranger := g.Describe(q.Bare()); stranger != nil {
			return stranger
		}
	}
	if err != nil {
		return err
	}
	known := may
	for _, g := range groups {
		if may || g.Trusts(user, q.Bare()).Has(policy.Connection) {
			known = true
			g.Connect(user, resource, c)
		}
	}
	if !known {
		return forbidden
	}
	return nil
}

func readConnection(q *Request) (user, resource string, c roster.Connection, err error) {
	var w struct {
		JID   string `xml:"jid,attr"`
		State string `xml:"state,attr"`
	}
	if !q.Set || decode(q.Payload, &w) != nil {
		return "", "", 0, BadRequest
	}
	j, err := jid.Parse(w.JID)
	if err != nil || j.Localpart() == "" {
		return "", "", 0, bad("connection.jid", fmt.Errorf("%.80q is not an address like user@example.org/phone", w.JID))
	}
	c, err = roster.ParseConnection(w.State)
	return j.Bare().String(), j.Resourcepart(), c, err
}

// combination answers get and set of the rule by which the requester's devices
// become his one state.
func combination(ctx context.Context, b []byte, g *roster.Group, q *Request) ([]byte, error) {
	var w struct {
		By *string `xml:"by,attr"`
	}
	if decode(q.Payload, &w) != nil || q.Set != (w.By != nil) {
		return b, BadRequest
	}
	if q.Set {
		by, err := roster.ParseCombination(*w.By)
		if err != nil {
			return b, err
		}
		return b, g.Combine(ctx, q.Bare(), by)
	}
	by, err := g.Combination(q.Bare())
	if err != nil {
		return b, err
	}
	return append(attr(append(b, "<combination xmlns='"+NS+"'"...), "by", by.String()), "/>"...), nil
}
