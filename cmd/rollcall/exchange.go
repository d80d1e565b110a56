package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/exchange"
)

type exportCmd struct {
	Group []string `arg:"" optional:"" help:"A group's name; without one, all groups."`
	exportView
}

// Help implements [kong.HelpProvider].
func (exportCmd) Help() string {
	return `Prints JSON with all that the service remembers of the groups, for rollcall import. It holds personal data: mind where the output goes.

    rollcall export > groups.json

With --as it prints instead what a watcher sees of one group at this moment, under the policies of its members, of the group, and his own. The formats are JSON; xml, the items as he would be given them; multipart, for systems that speak SIMPLE: a list of the members in RLMI (RFC 4662) and a PIDF document for each; and pidf, that document of one member.

    rollcall export team --as alice@example.org
    rollcall export team --as alice@example.org --format multipart`
}

// Run prints the export.
func (c *exportCmd) Run(s *session) error {
	if c.As != "" {
		if len(c.Group) != 1 {
			return usageError{errors.New("--as is about one group (rollcall export --help tells more)")}
		}
		return c.exportView.run(s, c.Group[0])
	}
	return s.askLong(func(ctx context.Context, _ *config.Config, a *admin.Client) error {
		names := c.Group
		if len(names) == 0 {
			list, err := a.ListGroups(ctx)
			if err != nil {
				return err
			}
			for _, g := range list.Groups {
				names = append(names, g.Name)
			}
		}
		p := s.progress("export", "groups")
		defer p.end()
		w := exchange.NewWriter(s.Stdout)
		for i, name := range names {
			g, err := a.Export(ctx, name)
			if err != nil {
				return err
			}
			if err := w.Group(&g); err != nil {
				return err
			}
			p.tell(i+1, len(names))
		}
		return w.Close()
	})
}

type importCmd struct {
	File         string `arg:"" help:"The file; - is standard input."`
	From         string `help:"Whose file it is: rollcall's own export, the groups_file of prosody's mod_groups, or what ejabberdctl says of shared roster groups." default:"rollcall" enum:"rollcall,prosody,ejabberd" placeholder:"SERVER"`
	SkipExisting bool   `help:"Leave out groups that are there already; else nothing is imported if there is one."`
}

// Help implements [kong.HelpProvider].
func (importCmd) Help() string {
	return `Creates the groups of the file, each as a whole or not at all. What a file of prosody or ejabberd says that has no place here is told. ejabberd's is made so:

    for g in $(ejabberdctl srg_list example.org); do
      echo "[$g]"
      ejabberdctl srg_get_info "$g" example.org
      ejabberdctl srg_get_members "$g" example.org
    done > groups.txt
    rollcall import --from ejabberd groups.txt`
}

// Run imports the file.
func (c *importCmd) Run(s *session) error {
	groups, ignored, err := c.read()
	if err != nil {
		return fmt.Errorf("import %s: %w", c.File, err)
	}
	return s.askLong(func(ctx context.Context, _ *config.Config, a *admin.Client) error {
		there, err := a.ListGroups(ctx)
		if err != nil {
			return err
		}
		known := map[string]bool{}
		for _, g := range there.Groups {
			known[g.Name] = true
		}
		all := len(groups)
		groups = slices.DeleteFunc(groups, func(g exchange.Group) bool { return known[g.Name] && c.SkipExisting })
		for _, g := range groups {
			if known[g.Name] {
				return fmt.Errorf("import %s: group %s exists already (nothing was imported; --skip-existing leaves it out)", c.File, g.Name)
			}
		}
		p := s.progress("import", "groups")
		defer p.end()
		members := 0
		for i := range groups {
			if err := a.Import(ctx, &groups[i]); err != nil {
				return fmt.Errorf("import group %s, after %d others: %w (repair the file, then import it with --skip-existing)", groups[i].Name, i, err)
			}
			members += len(groups[i].Members)
			p.tell(i+1, len(groups))
		}
		p.end()
		s.printf("imported %s, %s\n", count(len(groups), "group"), count(members, "member"))
		if all > len(groups) {
			s.printf("left out %s that exist already\n", count(all-len(groups), "group"))
		}
		for _, line := range ignored {
			s.printf("ignored  %s\n", printable(line))
		}
		return nil
	})
}

func (c *importCmd) read() (groups []exchange.Group, ignored []string, err error) {
	var in io.Reader = os.Stdin
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return nil, nil, err
		}
		defer f.Close()
		in = f
	}
	foreign := exchange.Prosody
	switch c.From {
	case "rollcall":
		err = exchange.Read(in, func(g *exchange.Group) error {
			groups = append(groups, *g)
			return nil
		})
		return groups, nil, err
	case "ejabberd":
		foreign = exchange.Ejabberd
	}
	f, err := foreign(in)
	if err != nil {
		return nil, nil, err
	}
	if len(f.Groups) == 0 {
		return nil, nil, errors.New("there is no group in it")
	}
	return f.Groups, f.Ignored, nil
}

// askLong is ask for work that takes as long as it takes.
func (s *session) askLong(f func(context.Context, *config.Config, *admin.Client) error) error {
	return s.asking(s.ctx, f)
}
