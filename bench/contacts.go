package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// contacts has everybody of a group in everybody's roster, both ways: the
// server's own shared roster groups.
type contacts struct {
	nothing
	size size
	dir  string
}

// on leaves out what ejabberd takes minutes to set up.
func (c *contacts) on(server string) bool {
	return server == "prosody" || server == "ejabberd" && c.size.Members <= 200
}

func (c *contacts) options(server string) lab.Options {
	o := plain(server)
	if server == "prosody" {
		c.dir, _ = os.MkdirTemp("", "rollcall-bench-") // without one Prosody says so
		file := filepath.Join(c.dir, "groups.txt")
		_ = os.WriteFile(file, c.file(), 0o600)
		o.Extra.Host = fmt.Sprintf("modules_enabled = { \"groups\" }\n\tgroups_file = %q\n", file)
		return o
	}
	o.Extra.Modules = "\n  mod_shared_roster: {}\n"
	return o
}

// file is how mod_groups wants it.
func (c *contacts) file() []byte {
	var b strings.Builder
	for m := range c.size.clients() {
		if m%c.size.Members == 0 {
			fmt.Fprintf(&b, "[%s]\n", groupName(c.size.group(m)))
		}
		fmt.Fprintf(&b, "%s\n", bareJID(m))
	}
	return []byte(b.String())
}

func (*contacts) service() string { return host }

// prepare makes the groups while nobody is there who would be told of each.
func (c *contacts) prepare(ctx context.Context, x *cell) error {
	if x.server.Name() == "ejabberd" {
		return c.share(ctx, x.server)
	}
	return nil
}

func (c *contacts) open(_ context.Context, x *cell) error {
	for _, s := range x.seats {
		s.say("<presence/>")
	}
	return nil
}

// share makes the users first and each group twice: who is added to a group
// that is shown already, or comes to be while he is in one, costs a push to each
// of the others, whether they are there or not.
func (c *contacts) share(ctx context.Context, s lab.Server) error {
	for m := range c.size.clients() {
		if err := s.AddUser(ctx, userName(m), password); err != nil {
			return err
		}
	}
	group := func(name, display string) error {
		return lab.EjabberdCommand(ctx, s, "srg_create", map[string]string{"group": name, "host": host, "label": name, "description": name, "display": display})
	}
	for g := range c.size.Groups {
		name := groupName(g)
		if err := group(name, ""); err != nil {
			return err
		}
		for m := g * c.size.Members; m < (g+1)*c.size.Members; m++ {
			err := lab.EjabberdCommand(ctx, s, "srg_user_add", map[string]string{"user": userName(m), "host": host, "group": name, "grouphost": host})
			if err != nil {
				return err
			}
		}
		if err := group(name, name); err != nil {
			return err
		}
	}
	return nil
}

func (c *contacts) change(b []byte, member int, seq uint32) []byte {
	return append(state(append(b, "<presence>"...), member, seq), "</presence>"...)
}

func (c *contacts) close() error {
	if c.dir == "" {
		return nil
	}
	return os.RemoveAll(c.dir)
}
