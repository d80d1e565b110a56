package main

import (
	"context"
	"errors"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
)

type memberCmd struct {
	Add    memberAdd    `cmd:"" help:"Add a member to a group."`
	Set    memberSet    `cmd:"" help:"Change a member."`
	Remove memberRemove `cmd:"" help:"Remove a member from a group."`
	List   memberList   `cmd:"" help:"List the members of a group."`
}

// memberSettings are the flags that add and set have in common.
type memberSettings struct {
	Nick        *string  `help:"The member's name in the group." placeholder:"TEXT"`
	Role        []string `help:"What the member does in the group, one word; may be repeated." placeholder:"WORD" sep:"none" xor:"roles"`
	Affiliation *string  `help:"The member's power in the group." placeholder:"owner|admin|member|outcast" enum:"owner,admin,member,outcast"`
}

func (m memberSettings) change(attrs map[string]*string) admin.MemberChange {
	change := admin.MemberChange{Nick: m.Nick, Affiliation: m.Affiliation, Attributes: attrs}
	if len(m.Role) > 0 {
		change.Roles = &m.Role
	}
	return change
}

type memberAdd struct {
	Group string  `arg:"" help:"The group's name."`
	JID   userJID `arg:"" name:"jid" help:"The user's address, such as alice@example.org."`
	memberSettings
	Attr []attribute `help:"A free attribute of the member; may be repeated." placeholder:"NAME=VALUE" sep:"none"`
}

// Help implements [kong.HelpProvider].
func (memberAdd) Help() string {
	return `The group then asks the user for presence, once. For example:

    rollcall member add team alice@example.org --nick Alice --role lead`
}

// Run adds the member.
func (c *memberAdd) Run(s *session) error {
	attrs, err := newAttributes(c.Attr)
	if err != nil {
		return err
	}
	return s.ask(func(ctx context.Context, cfg *config.Config, a *admin.Client) error {
		if err := a.AddMembers(ctx, c.Group, admin.NewMember{JID: string(c.JID), MemberChange: c.change(attrs)}); err != nil {
			return err
		}
		s.printf("added %s to %s\n", printable(string(c.JID)), groupJID(cfg, c.Group))
		return nil
	})
}

type memberSet struct {
	Group string  `arg:"" help:"The group's name."`
	JID   userJID `arg:"" name:"jid" help:"The member's address."`
	memberSettings
	NoRoles bool        `help:"Take all roles away." xor:"roles"`
	Attr    []attribute `help:"A free attribute of the member; may be repeated. NAME= removes it." placeholder:"NAME=VALUE" sep:"none"`
}

// Help implements [kong.HelpProvider].
func (memberSet) Help() string {
	return `What is not given stays as it is; the roles that are given replace those there were. For example:

    rollcall member set team bo@example.org --role lead --attr title=`
}

// Run changes the member.
func (c *memberSet) Run(s *session) error {
	if c.Nick == nil && len(c.Role) == 0 && !c.NoRoles && len(c.Attr) == 0 && c.Affiliation == nil {
		return usageError{errors.New("nothing to change: give what to set, such as --nick Alice (rollcall member set --help tells more)")}
	}
	attrs, err := changedAttributes(c.Attr)
	if err != nil {
		return err
	}
	change := c.change(attrs)
	if c.NoRoles {
		change.Roles = &[]string{}
	}
	return s.ask(func(ctx context.Context, cfg *config.Config, a *admin.Client) error {
		if err := a.ChangeMember(ctx, c.Group, string(c.JID), change); err != nil {
			return err
		}
		s.printf("changed %s in %s\n", printable(string(c.JID)), groupJID(cfg, c.Group))
		return nil
	})
}

type memberRemove struct {
	Group string  `arg:"" help:"The group's name."`
	JID   userJID `arg:"" name:"jid" help:"The member's address."`
}

// Run removes the member.
func (c *memberRemove) Run(s *session) error {
	return s.ask(func(ctx context.Context, cfg *config.Config, a *admin.Client) error {
		if err := a.RemoveMember(ctx, c.Group, string(c.JID)); err != nil {
			return err
		}
		s.printf("removed %s from %s\n", printable(string(c.JID)), groupJID(cfg, c.Group))
		return nil
	})
}

type memberList struct {
	Group string `arg:"" help:"The group's name."`
	JSON  bool   `name:"json" help:"Print JSON: {\"members\": […]}, as in group show."`
}

// Run lists the members.
func (c *memberList) Run(s *session) error {
	return s.ask(func(ctx context.Context, cfg *config.Config, a *admin.Client) error {
		g, err := a.ShowGroup(ctx, c.Group)
		if err != nil {
			return err
		}
		if c.JSON {
			return s.printJSON(struct {
				Members []admin.Member `json:"members"`
			}{g.Members})
		}
		if len(g.Members) == 0 {
			s.printf("%s has no members\n", groupJID(cfg, c.Group))
			return nil
		}
		s.printf("%s", viewMembers(g.Members))
		return nil
	})
}
