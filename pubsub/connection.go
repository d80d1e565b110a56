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
// for none, for that one. Who has no right to it learns nothing of the user.
func (s *Service) connection(g *roster.Group, q *Request) error {
	var w struct {
		JID   string `xml:"jid,attr"`
		State string `xml:"state,attr"`
	}
	if !q.Set || decode(q.Payload, &w) != nil {
		return BadRequest
	}
	j, err := jid.Parse(w.JID)
	if err != nil || j.Localpart() == "" {
		return bad("connection.jid", fmt.Errorf("%q is not an address like user@example.org/phone", w.JID))
	}
	c, err := roster.ParseConnection(w.State)
	if err != nil {
		return err
	}
	user, resource := j.Bare().String(), j.Resourcepart()
	groups := []*roster.Group{g}
	if g == nil {
		groups = s.Roster.GroupsOf(user)
	}
	may := q.Bare() == user || s.Network != nil && s.Network(q.Bare())
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
