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
			a.fields = append(a.fields, c.entry(d, ""))
		default:
			f := c.entry(d, "")
			f.values = []string{c.say("%s (you are invited)", c.address(g))}
			a.fields = append(a.fields, f)
		}
	}
	return a
}

func (c *call) address(g *roster.Group) string { return g.Name() + "@" + c.s.cfg.Domain }

// groups lists those that the caller may know of, as many as fit.
func (c *call) groups(ctx context.Context) (*answer, error) {
	d, err := c.s.cfg.Roster.Directory(ctx, c.bare)
	if err != nil {
		return nil, err
	}
	a := &answer{title: c.say("Groups")}
	for i, g := range d.From(ctx, 0) {
		if len(a.fields) == maxListed {
			a.notes = append(a.notes, note{info, c.say("And %d more.", d.Len()-i)})
			break
		}
		a.fields = append(a.fields, c.entry(g, ""))
	}
	return a, nil
}

// entry is a group in a list: its name, and its address with what more there is
// to say.
func (c *call) entry(g *roster.Description, more string) field {
	address := g.Name + "@" + c.s.cfg.Domain
	text := address
	if more = oneLine(more); more != "" {
		text += " – " + shorten(more, maxNote)
	}
	return field{name: address, kind: data.TypeText, label: oneLine(g.People()), values: []string{text}}
}
