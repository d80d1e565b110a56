package main

import (
	"context"
	"errors"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
)

type groupCmd struct {
	Create groupCreate `cmd:"" help:"Create a group."`
	List   groupList   `cmd:"" help:"List the names of all groups."`
	Show   groupShow   `cmd:"" help:"Show a group: its settings, its members, who watches."`
	Set    groupSet    `cmd:"" help:"Change settings of a group."`
	Delete groupDelete `cmd:"" help:"Delete a group with all that belongs to it."`

	Adopt   groupAdopt   `cmd:"" help:"Give a group to a source, which keeps its list from then on."`
	Release groupRelease `cmd:"" help:"Take a group from its source: it is this service's own from then on."`
}

// groupSettings are the flags that create and set have in common.
type groupSettings struct {
	Name        *string `help:"The group's name for people." placeholder:"TEXT"`
	Description *string `help:"What the group is." placeholder:"TEXT"`
	Language    *string `help:"The group's language, such as en or pt-BR." placeholder:"TAG"`
	Listed      *bool   `negatable:"" help:"Whether strangers may learn that the group exists."`
	Payload     *string `help:"Which nodes are published: both (all four), presence, separate (info, members, presence) or combined (group)." placeholder:"both|presence|separate|combined" enum:"both,presence,separate,combined"`
	Delivery    *string `help:"When changes leave: immediate, or at most once in so many milliseconds." placeholder:"immediate|MS"`
	Join        *string `help:"Who becomes a member by himself: invite (who was invited), approve (when an admin says yes) or open (everybody who may know of the group)." placeholder:"invite|approve|open" enum:"invite,approve,open"`
	Aggregate   *string `help:"When the group as a contact is there: any (somebody is), quorum:N (so many are), role:X (somebody with that role is)." placeholder:"any|quorum:N|role:X"`
	Avatar      *string `help:"The group's picture: a PNG, JPEG, GIF or WebP file of at most 64 KiB. An empty FILE brings the generated one back." placeholder:"FILE"`
}

func (g groupSettings) change(attrs map[string]*string) (admin.GroupChange, error) {
	c := admin.GroupChange{Title: g.Name, Description: g.Description, Language: g.Language,
		Listed: g.Listed, Payload: g.Payload, Delivery: g.Delivery, Join: g.Join, Aggregate: g.Aggregate, Attributes: attrs}
	if g.Avatar != nil {
		data, err := readPicture(*g.Avatar)
		if err != nil {
			return c, err
		}
		c.Avatar = &data
	}
	return c, nil
}

type groupCreate struct {
	Group string `arg:"" help:"The group's name in addresses: team in team@groups.example.org."`
	groupSettings
	Attr []attribute `help:"A free attribute of the group; may be repeated." placeholder:"NAME=VALUE" sep:"none"`
}

// Help implements [kong.HelpProvider].
func (groupCreate) Help() string {
	return `For example:

    rollcall group create team --name "Team" --attr phone=123`
}

// Run creates the group.
func (c *groupCreate) Run(s *session) error {
	attrs, err := newAttributes(c.Attr)
	if err != nil {
		return err
	}
	change, err := c.change(attrs)
	if err != nil {
		return err
	}
	return s.ask(func(ctx context.Context, cfg *config.Config, a *admin.Client) error {
		if err := a.CreateGroup(ctx, c.Group, change); err != nil {
			return err
		}
		s.printf("created %s\n", groupJID(cfg, c.Group))
		return nil
	})
}

type groupList struct {
	JSON bool `name:"json" help:"Print JSON: {\"groups\": [{\"name\": …}, …]}."`
}

// Run lists the groups, one name a line.
func (c *groupList) Run(s *session) error {
	return s.ask(func(ctx context.Context, _ *config.Config, a *admin.Client) error {
		list, err := a.ListGroups(ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			return s.printJSON(list)
		}
		for _, g := range list.Groups {
			s.printf("%s\n", printable(g.Name))
		}
		return nil
	})
}

type groupShow struct {
	Group string `arg:"" help:"The group's name."`
	JSON  bool   `name:"json" help:"Print JSON, with the same facts."`
}

// Run shows the group.
func (c *groupShow) Run(s *session) error {
	return s.ask(func(ctx context.Context, cfg *config.Config, a *admin.Client) error {
		g, err := a.ShowGroup(ctx, c.Group)
		if err != nil {
			return err
		}
		if c.JSON {
			return s.printJSON(g)
		}
		s.printf("%s", viewGroup(groupJID(cfg, g.Name), g))
		return nil
	})
}

type groupSet struct {
	Group string `arg:"" help:"The group's name."`
	groupSettings
	Attr []attribute `help:"A free attribute of the group; may be repeated. NAME= removes it." placeholder:"NAME=VALUE" sep:"none"`
}

// Help implements [kong.HelpProvider].
func (groupSet) Help() string {
	return `What is not given stays as it is. For example, a new description and one attribute less:

    rollcall group set team --description "On shift" --attr phone=`
}

// Run changes the settings.
func (c *groupSet) Run(s *session) error {
	if c.groupSettings == (groupSettings{}) && len(c.Attr) == 0 {
		return usageError{errors.New("nothing to change: give what to set, such as --name \"Team\" (rollcall group set --help tells more)")}
	}
	attrs, err := changedAttributes(c.Attr)
	if err != nil {
		return err
	}
	change, err := c.change(attrs)
	if err != nil {
		return err
	}
	return s.ask(func(ctx context.Context, cfg *config.Config, a *admin.Client) error {
		if err := a.ChangeGroup(ctx, c.Group, change); err != nil {
			return err
		}
		s.printf("changed %s\n", groupJID(cfg, c.Group))
		return nil
	})
}

type groupDelete struct {
	Group string `arg:"" help:"The group's name."`
}

// Run deletes the group.
func (c *groupDelete) Run(s *session) error {
	return s.ask(func(ctx context.Context, cfg *config.Config, a *admin.Client) error {
		if err := a.DeleteGroup(ctx, c.Group); err != nil {
			return err
		}
		s.printf("deleted %s\n", groupJID(cfg, c.Group))
		return nil
	})
}

type groupAdopt struct {
	Group  string `arg:"" help:"The group's name."`
	Source string `arg:"" help:"The source's name in the configuration."`
}

// Help implements [kong.HelpProvider].
func (groupAdopt) Help() string {
	return `Policies, subscriptions and what members have granted stay. Who is not on the source's list leaves with its next reading. Afterwards the list can only be changed at the source.`
}

// Run gives the group to the source.
func (c *groupAdopt) Run(s *session) error {
	return s.ask(func(ctx context.Context, cfg *config.Config, a *admin.Client) error {
		if err := a.SetSource(ctx, c.Group, c.Source); err != nil {
			return err
		}
		s.printf("%s is kept by %s now\n", groupJID(cfg, c.Group), printable(c.Source))
		return nil
	})
}

type groupRelease struct {
	Group string `arg:"" help:"The group's name."`
}

// Help implements [kong.HelpProvider].
func (groupRelease) Help() string {
	return `The group stays as it is, with all that belongs to it. The source, if it still has a group of that name, is not heard about it any more; the log says so.`
}

// Run takes the group from its source.
func (c *groupRelease) Run(s *session) error {
	return s.ask(func(ctx context.Context, cfg *config.Config, a *admin.Client) error {
		if err := a.SetSource(ctx, c.Group, ""); err != nil {
			return err
		}
		s.printf("%s is kept here now\n", groupJID(cfg, c.Group))
		return nil
	})
}

// groupJID is the group's address, for people.
func groupJID(cfg *config.Config, name string) string { return printable(name) + "@" + cfg.Domain }
