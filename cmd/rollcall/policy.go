package main

import (
	"context"
	"errors"
	"strings"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
)

type policyCmd struct {
	Show policyShow `cmd:"" help:"Show what a user lets others see in a group."`
	Set  policySet  `cmd:"" help:"Set what a user lets others see in a group."`
}

type policyShow struct {
	Group string  `arg:"" help:"The group's name."`
	JID   userJID `arg:"" name:"jid" help:"The user's address."`
	JSON  bool    `name:"json" help:"Print JSON: {\"text\": \"…\", \"own\": true}."`
}

// Run shows the policy, a line for each sentence.
func (c *policyShow) Run(s *session) error {
	return s.ask(func(ctx context.Context, _ *config.Config, a *admin.Client) error {
		p, err := a.ShowPolicy(ctx, c.Group, string(c.JID))
		if err != nil {
			return err
		}
		if c.JSON {
			return s.printJSON(p)
		}
		if !p.Own {
			s.printf("# the group's default: %s has set none\n", printable(string(c.JID)))
		}
		s.printf("%s", p.Text)
		return nil
	})
}

type policySet struct {
	Group   string   `arg:"" help:"The group's name."`
	JID     userJID  `arg:"" name:"jid" help:"The user's address."`
	Line    []string `arg:"" optional:"" help:"A sentence of the policy."`
	Default bool     `help:"Take the policy back: the group's default counts."`
}

// Help implements [kong.HelpProvider].
func (policySet) Help() string {
	return `The policy is in force at once, and replaces the one there was. Each argument is one sentence: a rule (who: attributes), hide ADDRESSES, or share no. For example:

    rollcall policy set team alice@example.org \
        'members: availability' 'role:lead: all' 'hide eve@example.org'`
}

// Run sets the policy.
func (c *policySet) Run(s *session) error {
	if (len(c.Line) == 0) != c.Default {
		return usageError{errors.New("give the sentences of the policy, or --default (rollcall policy set --help tells more)")}
	}
	return s.ask(func(ctx context.Context, cfg *config.Config, a *admin.Client) error {
		if err := a.SetPolicy(ctx, c.Group, string(c.JID), strings.Join(c.Line, "\n")); err != nil {
			return err
		}
		s.printf("changed what %s lets others see in %s\n", printable(string(c.JID)), groupJID(cfg, c.Group))
		return nil
	})
}
