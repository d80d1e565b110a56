package command

import (
	"context"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// groupsWord lists the groups that the caller may know of, mineWord those that
// he is in.
func groupsWord() word {
	return word{
		name: "groups", also: []string{"gruppen"}, at: atService,
		label: "Groups you may know of",
		usage: "groups – the groups here",
		run: func(ctx context.Context, c *call, _ values) (*answer, error) {
			a, err := c.groups(ctx)
			if err == nil && len(a.fields) == 0 {
				return told(c.say("There is no group here that you may know of.")), nil
			}
			return a, err
		},
	}
}

func mineWord() word {
	return word{
		name: "mine", also: []string{"meine", "my"}, at: atService,
		label: "Your groups",
		usage: "mine – the groups that you are in",
		run: func(_ context.Context, c *call, _ values) (*answer, error) {
			a := c.mine()
			if len(a.fields) == 0 {
				return told(c.say("You are in no group here.")), nil
			}
			return a, nil
		},
	}
}

// mine lists the groups that the caller is in or invited to.
func (c *call) mine() *answer {
	a := &answer{title: c.say("Groups")}
	all := c.s.cfg.Roster.GroupsOf(c.bare)
	for i, g := range all {
		d, err := g.Describe(c.bare)
		switch {
		case err != nil:
		case i >= maxListed:
			a.notes = []note{{info, c.say("And %d more.", len(all)-maxListed)}}
		case d.Member:
			a.tell(d.People(), c.address(g))
		default:
			a.tell(d.People(), c.say("%s (you are invited)", c.address(g)))
		}
	}
	return a
}

func (c *call) address(g *roster.Group) string { return g.Name() + "@" + c.s.cfg.Domain }

// groups lists those that the caller may know of.
func (c *call) groups(ctx context.Context) (*answer, error) {
	names, err := c.s.cfg.Roster.ListGroups(ctx)
	if err != nil {
		return nil, err
	}
	a, more := &answer{title: c.say("Groups")}, 0
	for _, name := range names {
		g, err := c.s.cfg.Roster.Group(ctx, name)
		if err != nil {
			continue // deleted meanwhile
		}
		d, err := g.Describe(c.bare)
		if err != nil {
			continue
		}
		if len(a.fields) == maxListed {
			more++
			continue
		}
		a.tell(d.People(), c.address(g))
	}
	if more > 0 {
		a.notes = append(a.notes, note{info, c.say("And %d more.", more)})
	}
	return a, nil
}
