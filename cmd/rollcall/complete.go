package main

import (
	"context"
	"time"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/manual"
)

// completeCmd answers the shells' scripts in packaging/completions.
type completeCmd struct {
	Words []string `arg:"" optional:"" passthrough:"all" help:"The command line so far, behind rollcall; the last word is being typed."`
}

// Run prints a candidate a line and, behind a tab, what it means.
func (c *completeCmd) Run(s *session) error {
	words := c.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	for _, candidate := range manual.Complete(s.model, words, s.live) {
		s.printf("%s\t%s\n", printable(candidate.Word), candidate.Help)
	}
	return nil
}

// live asks the running service for groups and members. Whoever types should
// not have to wait, nor read errors.
func (s *session) live(argument string, before []string) (words []string) {
	cfg, err := config.Load(s.configPath)
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(s.ctx, time.Second)
	defer cancel()
	a := admin.NewClient(cfg.Admin.Socket)
	switch {
	case argument == "group":
		list, err := a.ListGroups(ctx)
		if err != nil {
			return nil
		}
		for _, g := range list.Groups {
			words = append(words, g.Name)
		}
	case argument == "jid" && len(before) > 0:
		g, err := a.ShowGroup(ctx, before[0])
		if err != nil {
			return nil
		}
		for _, m := range g.Members {
			words = append(words, m.JID)
		}
	}
	return words
}
