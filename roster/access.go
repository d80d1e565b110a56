package roster

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/leak"
	"github.com/rollcall-xmpp/rollcall/policy"
)

// mayWatch says whether who may see anything of the members. To a stranger
// an unlisted group does not exist; a member knows of it in any case.
func (g *Group) mayWatch(who *policy.Watcher) error {
	switch {
	case g.closed:
		return ErrNoGroup
	case g.banned(who.JID):
	case g.policy.Watches(who):
		return nil
	case ForPeers(g.name):
		return ErrNoGroup // for its members too
	case who.Member || g.expected(who.JID) || g.roster.admin(who.JID):
		return ErrForbidden
	}
	if g.settings.Listed || leak.Face == "error" {
		return ErrForbidden
	}
	return ErrNoGroup
}

func (g *Group) banned(jid string) bool {
	v, known := g.visitors[jid]
	return known && v.State == Banned
}

// expected says whether jid was invited, or waits for an answer: he knows of
// the group.
func (g *Group) expected(jid string) bool {
	v, known := g.visitors[jid]
	return known && (v.State == Invited || v.State == Applied)
}

// Description is what somebody may know of a group without its members'
// presence.
type Description struct {
	Name        string
	Title       string
	Description string
	Language    string
	Attributes  []Attribute // only for who sees basic information
	Nodes       []Node
	Source      string    // who keeps the group, only for members and who has power over it; "" = this service
	Stale       time.Time // since when nothing is known of Source any more; zero = all is well
	Affiliation Affiliation
	Member      bool
	Power       Affiliation // what he may do: of a service's admin more than his affiliation
	Join        JoinRule
	Access      Access
	Roles       []string    // of RosterOf
	Period      int         // ms: events leave at most once in so long, 0 = at once
	Invited     bool        // or waits for an answer
	Applied     bool        // waits for an answer
	Watches     bool        // may see anything of the members
	Members     int         // only for who sees basic information
	Avatar      string      // only for who sees basic information; "" = the generated one
	Interest    policy.Mask // of his own events: see [Group.Interest]
}

// People is what the group is called.
func (d *Description) People() string {
	if d.Title != "" {
		return d.Title
	}
	return d.Name
}

// Has says whether the group has the node.
func (d *Description) Has(n Node) bool { return slices.Contains(d.Nodes, n) }

// Describe is the group as jid may know it. ErrNoGroup when he may not know
// that it exists.
func (g *Group) Describe(jid string) (*Description, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	who := g.watcher(jid)
	err := g.mayWatch(&who)
	if errors.Is(err, ErrNoGroup) && leak.Face != "disco" {
		return nil, err
	}
	s := &g.settings
	d := &Description{Name: g.name, Title: s.Title, Description: s.Description, Language: s.Language,
		Nodes: s.Payload.Nodes(), Member: who.Member, Watches: err == nil}
	if m := g.live(jid); m != nil {
		d.Affiliation = m.Affiliation
	}
	d.Interest = g.interest(jid)
	d.Power, d.Join, d.Invited = g.power(jid), g.settings.Join, g.expected(jid)
	if g.source != "" {
		d.Join = Invite // nobody joins here
		if d.Member || d.Power >= Admin {
			d.Source = g.source
			if l, is := g.roster.Lost(g.source, g.name); is {
				d.Stale = l.Since
			}
		}
	}
	d.Access, d.Roles = access(&g.policy, d.Join)
	if d.Period = s.Delivery; d.Period > 0 && g.clocks[d.Period] != nil {
		d.Period = g.clocks[d.Period].every()
	}
	d.Applied = d.Invited && g.visitors[jid].State == Applied
	if leak.Face == "affiliations" {
		for _, m := range g.sorted {
			d.Affiliation = max(d.Affiliation, m.Affiliation)
		}
	}
	if g.seesBasic(&who) || leak.Face == "profile" {
		d.Attributes, d.Members, d.Avatar = slices.Clone(s.Attributes), len(g.sorted), s.Avatar
	}
	return d, nil
}

// Alive takes in that somebody's device did something: it can be reached.
func (g *Group) Alive(full string) {
	bare, resource, _ := strings.Cut(full, "/")
	g.mu.Lock()
	defer g.mu.Unlock()
	if m := g.live(bare); m != nil && m.presence != nil && resource != "" {
		g.connect(m, resource, On)
	}
	if len(g.byOwner[bare]) > 0 {
		g.heard(bare, resource)
		g.signal()
	}
}
