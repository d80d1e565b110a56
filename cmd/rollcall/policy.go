package main

import (
	"context"
	"errors"
	"strings"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
)

type policyCmd struct {
	Show policyShow `cmd:"" help:"Show a group's policy, or what a user lets others see in it."`
	Set  policySet  `cmd:"" help:"Set a group's policy, or what a user lets others see in it."`
}

// policyOwner is whose policy it is: an address, or "" for the group.
type policyOwner string

// UnmarshalText implements [encoding.TextUnmarshaler].
func (p *policyOwner) UnmarshalText(text []byte) error {
	if string(text) == "group" {
		return nil
	}
	return (*userJID)(p).UnmarshalText(text)
}

type policyShow struct {
	Group string      `arg:"" help:"The group's name."`
	Whose policyOwner `arg:"" optional:"" help:"A user's address, or group (the default): the group's policy."`
	JSON  bool        `name:"json" help:"Print JSON: {\"text\": \"…\", \"own\": true}."`
}

// Run shows the policy, a line for each sentence.
func (c *policyShow) Run(s *session) error {
	return s.ask(func(ctx context.Context, _ *config.Config, a *admin.Client) error {
		p, err := a.ShowPolicy(ctx, c.Group, string(c.Whose))
		if err != nil {
			return err
		}
		if c.JSON {
			return s.printJSON(p)
		}
		if !p.Own {
			s.printf("# the group's default: %s has set none\n", printable(string(c.Whose)))
		}
		s.printf("%s", p.Text)
		return nil
	})
}

type policySet struct {
	Group   string      `arg:"" help:"The group's name."`
	Whose   policyOwner `arg:"" help:"A user's address, or group: the group's policy."`
	Line    []string    `arg:"" optional:"" help:"A sentence of the policy."`
	Default bool        `help:"Take the policy back: a user's gives way to the group's default, a group's to that of a new group."`
}

// Help implements [kong.HelpProvider].
func (policySet) Help() string {
	return `The policy is in force at once, and replaces the one there was. Each argument is one sentence of a user's policy: a rule (who: attributes), hide ADDRESSES, or share no. For example:

    rollcall policy set team alice@example.org \
        'members: availability' 'role:lead: all' 'hide eve@example.org'

A group's policy has sentences of its own: watch (who may watch), basic (who sees the member list), collect and collect-from (what is acquired, and of whom), default (a rule for members who set none) and require (what all must share with the members). What no sentence speaks of is as in a new group. A default that shows more than before holds for each member when he has said yes. For example:

    rollcall policy set team group 'watch members domain:partner.org' \
        'default members: availability show' 'require availability'`
}

// Run sets the policy.
func (c *policySet) Run(s *session) error {
	if (len(c.Line) == 0) != c.Default {
		return usageError{errors.New("give the sentences of the policy, or --default (rollcall policy set --help tells more)")}
	}
	return s.ask(func(ctx context.Context, cfg *config.Config, a *admin.Client) error {
		if err := a.SetPolicy(ctx, c.Group, string(c.Whose), strings.Join(c.Line, "\n")); err != nil {
			return err
		}
		if c.Whose == "" {
			s.printf("changed the policy of %s\n", groupJID(cfg, c.Group))
			return nil
		}
		s.printf("changed what %s lets others see in %s\n", printable(string(c.Whose)), groupJID(cfg, c.Group))
		return nil
	})
}
