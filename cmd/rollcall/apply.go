package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/apply"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
	"github.com/rollcall-xmpp/rollcall/roster"
)

type applyCmd struct {
	File   string `arg:"" help:"The file, in YAML; - is standard input."`
	DryRun bool   `help:"Only say what would be done."`
	Prune  bool   `help:"Delete the groups that the file does not mention."`
	JSON   bool   `name:"json" help:"Print JSON: {\"steps\": [{\"sign\": \"+\", \"group\": …, \"member\": …, \"detail\": …}, …], \"done\": true}."`
}

// Help implements [kong.HelpProvider].
func (applyCmd) Help() string {
	return `Makes groups and members what the file says. What it does not mention of a group stays; what it mentions is meant in full: members that are not in the list leave. What members themselves let others see is theirs and not in it. A line with + is made, with ~ changed, with - removed. Keys of a group: title, description, language, listed, payload, delivery, join, aggregate, policy, avatar (a file with a picture), attributes, members. For example:

    groups:
      team:
        title: Team
        join: approve
        policy: |
          watch anyone
          default members: availability show
        attributes: {phone: "123"}
        members:
          alice@example.org: {nick: Alice, roles: [lead]}
          bob@example.org:`
}

// Run applies the file.
func (c *applyCmd) Run(s *session) error {
	f, err := c.read()
	if err != nil {
		return fmt.Errorf("apply %s: %w", c.File, err)
	}
	return s.askLong(func(ctx context.Context, _ *config.Config, a *admin.Client) error {
		steps, err := c.steps(ctx, a, f)
		if err != nil {
			return err
		}
		p := s.progress("apply", "steps")
		defer p.end()
		for i, step := range steps {
			if !c.DryRun {
				if err := step.Do(ctx, a); err != nil {
					return fmt.Errorf("apply %s: %s: %w (%d of %d steps are done; apply it again to go on)", c.File, step, err, i, len(steps))
				}
			}
			p.tell(i+1, len(steps))
		}
		p.end()
		return c.tell(s, steps)
	})
}

func (c *applyCmd) tell(s *session, steps []apply.Step) error {
	if c.JSON {
		return s.printJSON(struct {
			Steps []apply.Step `json:"steps"`
			Done  bool         `json:"done"`
		}{append([]apply.Step{}, steps...), !c.DryRun})
	}
	group := ""
	for _, step := range steps {
		if step.Member != "" && step.Group != group {
			s.printf("  group %s\n", printable(step.Group))
		}
		group = step.Group
		s.printf("%s\n", printable(step.String()))
	}
	switch {
	case len(steps) == 0:
		s.printf("nothing to do\n")
	case c.DryRun:
		s.printf("%s to do\n", count(len(steps), "step"))
	default:
		s.printf("%s done\n", count(len(steps), "step"))
	}
	return nil
}

func (c *applyCmd) read() (*apply.File, error) {
	var in io.Reader = os.Stdin
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	return apply.Read(in, func(name string) ([]byte, error) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(c.File), name) // of -, where we are
		}
		return os.ReadFile(name)
	})
}

func (c *applyCmd) steps(ctx context.Context, a *admin.Client, f *apply.File) (steps []apply.Step, err error) {
	for _, name := range slices.Sorted(maps.Keys(f.Groups)) {
		g, err := a.ShowGroup(ctx, name)
		switch {
		case errors.Is(err, roster.ErrNoGroup):
			steps = append(steps, apply.Compare(name, nil, f.Groups[name])...)
		case err != nil:
			return nil, err
		default:
			steps = append(steps, apply.Compare(name, &g, f.Groups[name])...)
		}
	}
	if !c.Prune {
		return steps, nil
	}
	list, err := a.ListGroups(ctx)
	if err != nil {
		return nil, err
	}
	for _, named := range list.Groups {
		if f.Groups[named.Name] != nil {
			continue
		}
		g, err := a.ShowGroup(ctx, named.Name)
		if err != nil && !errors.Is(err, roster.ErrNoGroup) {
			return nil, err
		}
		if err == nil && g.Source == "" && !roster.ForPeers(g.Name) { // another's group is not ours to end, and what users have said is theirs
			steps = append(steps, apply.Prune(g.Name))
		}
	}
	return steps, nil
}
