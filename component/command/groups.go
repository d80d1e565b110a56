package command

import (
	"context"

	data "mellium.im/xmpp/form"

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
			a, err := c.groups(ctx, func(*roster.Description) bool { return true })
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
		run: func(ctx context.Context, c *call, _ values) (*answer, error) {
			a, err := c.groups(ctx, func(d *roster.Description) bool { return d.Member })
			if err == nil && len(a.fields) == 0 {
				return told(c.say("You are in no group here.")), nil
			}
			return a, err
		},
	}
}

// groups lists those that the caller may know of and keep says yes to.
func (c *call) groups(ctx context.Context, keep func(*roster.Description) bool) (*answer, error) {
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
		if err != nil || !keep(d) {
			continue
		}
		if len(a.fields) == maxListed {
			more++
			continue
		}
		a.fields = append(a.fields, field{name: name, kind: data.TypeText, label: d.People(), values: []string{name + "@" + c.s.cfg.Domain}})
	}
	if more > 0 {
		a.notes = append(a.notes, note{info, c.say("And %d more.", more)})
	}
	return a, nil
}
