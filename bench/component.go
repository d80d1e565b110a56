package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

const nodePresence = "urn:xmpp:tmp:group-presence:0#presence"

// wanted are the options of a subscription to what the other ways tell as well:
// show and status, but no devices.
const wanted = `<options><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/pubsub#subscribe_options</value></field>` +
	`<field var='{urn:xmpp:tmp:group-presence:0}attributes'><value>availability</value><value>show</value><value>status</value></field>%s</x></options>`

// asJSON is one option more.
const asJSON = `<field var='{urn:xmpp:tmp:group-presence:0}format'><value>json</value></field>`

// component is Rollcall: the program itself, attached to the server. Its
// variants differ in what watchers are told in, and in who makes the copies.
type component struct {
	size size
	name string
	dir  string
	prog string
	run  *lab.Program
}

// on says no where nobody else could make the copies or keep a list: in process.
func (c *component) on(server string) bool {
	return server != "" && (server != "fake" || c.name == "rollcall" || c.name == "rollcall-json")
}

func (c *component) options(server string) lab.Options {
	o := plain(server)
	switch {
	case c.name == "rollcall-pubsub" && server == "prosody":
		o.Extra.Component = prosodyPubSub + "\tadmins = { \"" + ours + "\" }\n" // nobody else makes nodes
	case c.name == "rollcall-pubsub":
		o.Extra.Modules = ejabberdPubSub
	case c.name == "rollcall-multicast" && server == "prosody":
		o.Extra.Global += fmt.Sprintf("plugin_paths = { %q }\n", modules())
		o.Extra.Host = "modules_enabled = { \"rollcall_multicast\" }\nmulticast_senders = { \"" + ours + "\" }"
	case c.name == "rollcall-multicast":
		o.Extra.Modules = "\n  mod_multicast:\n    host: \"" + copies + "\"\n    access: all\n    limits:\n      local:\n        message: infinite\n        presence: infinite\n      remote:\n        message: infinite\n        presence: infinite\n"
	}
	return o
}

// modules is the directory of our module for Prosody.
func modules() string {
	dir, err := filepath.Abs(filepath.Join("packaging", "prosody"))
	if err != nil {
		return "packaging/prosody"
	}
	return dir
}

// delivery is what the configuration says of who makes the copies.
func (c *component) delivery() string {
	switch c.name {
	case "rollcall-pubsub":
		return "[delivery]\nto = \"pubsub\"\npubsub = \"" + topics + "\"\n"
	case "rollcall-multicast":
		return "[delivery]\nmulticast = \"auto\"\n"
	}
	return ""
}

func (*component) service() string { return ours }

func (c *component) pids() []int {
	if c.run == nil {
		return nil
	}
	return c.run.PIDs()
}

func (c *component) config() string { return filepath.Join(c.dir, "rollcall.toml") }

// prepare writes the configuration, and looks whether this build knows it.
func (c *component) prepare(ctx context.Context, x *cell) (err error) {
	if c.dir, err = os.MkdirTemp("", "rollcall-bench-"); err != nil {
		return err
	}
	c.prog = x.program
	text := fmt.Sprintf("domain = %q\n[server]\naddress = %q\nhost = %q\nsecret = %q\n[limits]\nchanges = 0\n[http]\nlisten = \"\"\n[log]\nlevel = \"warn\"\n%s",
		ours, x.server.ComponentAddr(), host, x.server.Secret(), c.delivery())
	if err := os.WriteFile(c.config(), []byte(text), 0o600); err != nil {
		return err
	}
	said, err := exec.CommandContext(ctx, c.prog, "check", "-config", c.config()).CombinedOutput()
	if err != nil && c.delivery() != "" && strings.Contains(string(said), "delivery") {
		return fmt.Errorf("%w: this rollcall cannot be configured so", errNotHere)
	}
	return nil
}

// open starts the program, makes the groups, and subscribes everybody.
func (c *component) open(ctx context.Context, x *cell) (err error) {
	for _, s := range x.seats {
		s.say("<presence/>")
	}
	c.run, err = lab.StartProgram(lab.ProgramOptions{Dir: c.dir, Log: filepath.Join(c.dir, "rollcall.log")}, c.prog, "run", "-config", c.config())
	if err != nil {
		return err
	}
	if err := c.groups(ctx); err != nil {
		return err
	}
	for i, s := range x.seats {
		if c.name == "rollcall-contacts" {
			if err := c.befriend(ctx, x, i); err != nil {
				return err
			}
			continue
		}
		format := ""
		if c.name == "rollcall-json" {
			format = asJSON
		}
		join := "<pubsub xmlns='" + nsPubSub + "'><subscribe node='" + nodePresence + "' jid='" + s.jid + "'/>" + fmt.Sprintf(wanted, format) + "</pubsub>"
		if err := x.persist(ctx, func() error {
			_, err := s.ask(ctx, groupName(c.size.group(i))+"@"+ours, "set", join)
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// befriend has the group in a member's contact list, and each member in it as a
// resource of the group: what corresponds to the occupants of a room.
func (c *component) befriend(ctx context.Context, x *cell, i int) error {
	s, group := x.seats[i], groupName(c.size.group(i))+"@"+ours
	for _, step := range []struct{ says, hears string }{
		{"<presence to='" + group + "' type='subscribe'/>", group + "/group"},
		{"<message to='" + group + "' type='chat'><body>receive each</body></message>", group + "/user"},
	} {
		met := s.await(func(raw []byte) bool {
			return bytes.HasPrefix(raw, []byte("<presence")) && bytes.Contains(raw, []byte(step.hears))
		})
		s.say(step.says)
		if err := x.wait(ctx, met, "have "+group+" as a contact"); err != nil {
			return err
		}
	}
	return nil
}

// verify sees to it that what is measured is what the figures are of: when the
// server's PubSub service is of no use, rollcall tells everybody itself.
func (c *component) verify(ctx context.Context, x *cell) error {
	if c.name != "rollcall-pubsub" {
		return nil
	}
	for i, s := range x.seats {
		list, err := s.ask(ctx, groupName(c.size.group(i))+"@"+ours, "get", "<pubsub xmlns='"+nsPubSub+"'><subscriptions/></pubsub>")
		if err != nil {
			return err
		}
		if !bytes.Contains(list, []byte("<published ")) {
			return fmt.Errorf("%s is not told by the server's PubSub: %s", s.jid, list)
		}
	}
	return nil
}

// groups makes them by `rollcall apply`, as soon as there is somebody to do it.
func (c *component) groups(ctx context.Context) error {
	var b strings.Builder
	b.WriteString("groups:\n")
	for m := range c.size.clients() {
		if m%c.size.Members == 0 {
			fmt.Fprintf(&b, "  %s:\n    members:\n", groupName(c.size.group(m)))
		}
		fmt.Fprintf(&b, "      %s:\n", bareJID(m))
	}
	file := filepath.Join(c.dir, "groups.yaml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		return err
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		said, err := exec.CommandContext(ctx, c.prog, "apply", "-config", c.config(), file).CombinedOutput()
		if err == nil {
			return nil
		}
		select {
		case <-c.run.Done():
			return fmt.Errorf("rollcall ended: %s", c.run.LastWords())
		case <-ctx.Done():
			return fmt.Errorf("make groups: %w: %s", ctx.Err(), said)
		case <-tick.C:
		}
	}
}

func (c *component) change(b []byte, member int, seq uint32) []byte {
	return append(state(append(b, "<presence>"...), member, seq), "</presence>"...)
}

func (c *component) close() (err error) {
	if c.run != nil {
		err = c.run.Stop()
	}
	return errors.Join(err, os.RemoveAll(c.dir))
}
