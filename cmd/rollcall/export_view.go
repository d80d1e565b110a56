package main

import (
	"context"
	"fmt"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
	"github.com/rollcall-xmpp/rollcall/internal/interchange"
)

// exportView is the part of export that shows presence.
type exportView struct {
	As     userJID `help:"Print what this user sees of the one group named, now." placeholder:"WATCHER"`
	Format string  `help:"With --as: json, xml, multipart or pidf." default:"json" enum:"json,xml,multipart,pidf" placeholder:"FORMAT"`
	Member userJID `help:"With pidf: the member." placeholder:"JID"`
}

func (c *exportView) run(s *session, group string) error {
	if (c.Format == "pidf") != (c.Member != "") {
		return usageError{fmt.Errorf("--format pidf and --member belong together: the document is about one member (rollcall export --help tells more)")}
	}
	return s.ask(func(ctx context.Context, cfg *config.Config, a *admin.Client) error {
		v, err := a.ViewGroup(ctx, group, string(c.As))
		if err != nil {
			return err
		}
		if c.Format == "xml" {
			s.printf("%s\n", v.XML)
			return nil
		}
		g, err := interchange.Read(group+"@"+cfg.Domain, []byte(v.XML))
		if err != nil {
			return err
		}
		return c.print(s, g)
	})
}

func (c *exportView) print(s *session, g *interchange.Group) error {
	switch c.Format {
	case "multipart":
		return g.Multipart(s.Stdout)
	case "pidf":
		m := g.Member(string(c.Member))
		if m == nil {
			return fmt.Errorf("%s sees no member %s in %s", c.As, c.Member, g.JID)
		}
		text, err := interchange.PIDF(m)
		if err != nil {
			return err
		}
		s.printf("%s", text)
		return nil
	}
	return s.printJSON(g)
}
