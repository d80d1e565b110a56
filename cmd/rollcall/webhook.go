package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
)

type webhookCmd struct {
	Add    webhookAdd    `cmd:"" help:"Tell a group's presence to a web address."`
	List   webhookList   `cmd:"" help:"List who is told of a group over the web, and how that goes."`
	Test   webhookTest   `cmd:"" help:"Post a test, and say what came of it."`
	Remove webhookRemove `cmd:"" help:"Tell a web address nothing any more."`
}

type webhookAdd struct {
	Group  string `arg:"" help:"The group's name."`
	Name   string `arg:"" help:"The webhook's name in the group: small letters, digits and hyphens. One of the same name is replaced."`
	URL    string `arg:"" name:"url" help:"Where changes are posted. https: unless it is in one of webhooks.networks."`
	Format string `help:"What is posted: json (typed changes) or multipart (RLMI and PIDF)." placeholder:"json|multipart" enum:"json,multipart" default:"json"`
}

// Help implements [kong.HelpProvider].
func (webhookAdd) Help() string {
	return `A webhook is a watcher like any other, with an address of its own, which is added to those who may watch. It sees what members let that address see; by default that is nobody. Members find it among their watchers. The secret, with which posts are signed (Standard Webhooks), is printed once. For example:

    rollcall webhook add team ci https://ci.example.org/presence
    rollcall policy set team alice@example.org 'members: all' \
        'jid:hook+ci+team@groups.example.org: availability show'`
}

// Run sets the webhook.
func (c *webhookAdd) Run(s *session) error {
	return s.ask(func(ctx context.Context, cfg *config.Config, a *admin.Client) error {
		made, err := a.SetWebhook(ctx, c.Group, admin.NewWebhook{Name: c.Name, URL: c.URL, Format: c.Format})
		if err != nil {
			return err
		}
		s.printf("%s of %s is told what members let %s see\nsecret %s\n", c.Name, groupJID(cfg, c.Group), made.Address, made.Secret)
		return nil
	})
}

type webhookList struct {
	Group string `arg:"" help:"The group's name."`
	JSON  bool   `name:"json" help:"Print JSON: {\"webhooks\": […]}."`
}

// Run lists the webhooks.
func (c *webhookList) Run(s *session) error {
	return s.ask(func(ctx context.Context, cfg *config.Config, a *admin.Client) error {
		list, err := a.Webhooks(ctx, c.Group)
		if err != nil {
			return err
		}
		if c.JSON {
			return s.printJSON(list)
		}
		if len(list.Webhooks) == 0 {
			s.printf("%s has no webhooks\n", groupJID(cfg, c.Group))
		}
		for _, w := range list.Webhooks {
			s.printf("%s  %s  %s  %s\n    %s\n", w.Name, printable(w.Where), w.Format, w.Address, printable(health(&w)))
		}
		return nil
	})
}

// health is how a webhook does, for people.
func health(w *admin.Webhook) string {
	switch {
	case w.Ended != "":
		return "ended: " + w.Ended
	case w.Failing != nil:
		return "fails since " + w.Failing.Local().Format(time.DateTime) + ": " + w.Said
	case w.Last != nil:
		return fmt.Sprintf("well: %d posts, the last at %s", w.Posts, w.Last.Local().Format(time.DateTime))
	}
	return "nothing posted yet"
}

type webhookName struct {
	Group string `arg:"" help:"The group's name."`
	Name  string `arg:"" help:"The webhook's name."`
}

type webhookTest struct{ webhookName }

var errTest = errors.New("the test did not arrive")

// Run tests the webhook.
func (c *webhookTest) Run(s *session) error {
	return s.ask(func(ctx context.Context, _ *config.Config, a *admin.Client) error {
		t, err := a.TestWebhook(ctx, c.Group, c.Name)
		if err != nil {
			return err
		}
		if !t.OK {
			return fmt.Errorf("%w: %s; the service's log may say more", errTest, t.Said)
		}
		s.printf("the test arrived: %s\n", t.Said)
		return nil
	})
}

type webhookRemove struct{ webhookName }

// Run removes the webhook.
func (c *webhookRemove) Run(s *session) error {
	return s.ask(func(ctx context.Context, cfg *config.Config, a *admin.Client) error {
		if err := a.RemoveWebhook(ctx, c.Group, c.Name); err != nil {
			return err
		}
		s.printf("%s of %s is told nothing any more\n", printable(c.Name), groupJID(cfg, c.Group))
		return nil
	})
}
