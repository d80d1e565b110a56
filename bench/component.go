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

// manner is how one way of Rollcall differs from another: what watchers are
// told in, and who makes the copies.
type manner struct {
	json      bool // events are JSON
	contacts  bool // no nodes, but members as resources of a contact
	published bool // by the server's PubSub: each watcher has a node there
	copied    bool // its multicast service does

	processors string // GOMAXPROCS; "" = as the program likes it: one
}

// component is Rollcall: the program itself, attached to the server.
type component struct {
	size   size
	manner manner
	dir    string
	prog   string
	run    *lab.Program
}

// on says no where nobody else could make the copies or keep a list: in process.
// How many processors it has matters only there.
func (c *component) on(server string) bool {
	m := c.manner
	if m.processors != "" {
		return server == "fake"
	}
	return server != "" && (server != "fake" || !m.contacts && !m.published && !m.copied)
}

func (c *component) options(server string) lab.Options {
	o, prosody := plain(server), server == "prosody"
	switch m := c.manner; {
	case m.published && prosody:
		o.Extra.Component = prosodyPubSub + "\tadmins = { \"" + ours + "\" }\n" // nobody else makes nodes
	case m.published:
		o.Extra.Modules = ejabberdPubSub
	case m.copied && prosody:
		o.Extra.Global += fmt.Sprintf("plugin_paths = { %q }\n", modules())
		o.Extra.Host = "modules_enabled = { \"rollcall_multicast\" }\nmulticast_senders = { \"" + ours + "\" }"
	case m.copied:
		o.Extra.Modules = "\n  mod_multicast:\n    host: \"" + copies + "\"\n    access: all\n    limits:\n      local:\n        message: infinite\n        presence: infinite\n      remote:\n        message: infinite\n        presence: infinite\n"
	}
	return o
}

// modules is the directory of our module for Prosody: of the repository that we
// are somewhere in.
func modules() string {
	const name = "packaging/prosody"
	dir, err := filepath.Abs(".")
	for ; err == nil && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if at := filepath.Join(dir, name); exists(at) {
			return at
		}
	}
	return name
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// errNoCopies: the server was to make copies and made none, so that the cell would
// be another one's.
var errNoCopies = errors.New("the server makes no copies")

// copying looks at the first run, by what the component wrote and what came of it.
func (c *component) copying(runs []run) error {
	if !c.manner.copied || c.size.Members < 6 || len(runs) == 0 || runs[0].Sent < runs[0].Bytes/2 {
		return nil
	}
	return fmt.Errorf("%w: %d bytes were sent for the %d that arrived", errNoCopies, runs[0].Sent, runs[0].Bytes)
}

// delivery is what the configuration says of who makes the copies.
func (m manner) delivery() string {
	switch {
	case m.published:
		return "[delivery]\nto = \"pubsub\"\npubsub = \"" + topics + "\"\n"
	case m.copied:
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
		ours, x.server.ComponentAddr(), host, x.server.Secret(), c.manner.delivery())
	if err := os.WriteFile(c.config(), []byte(text), 0o600); err != nil {
		return err
	}
	said, err := exec.CommandContext(ctx, c.prog, "check", "-config", c.config()).CombinedOutput()
	if err != nil && c.manner.delivery() != "" && strings.Contains(string(said), "delivery") {
		return fmt.Errorf("%w: this rollcall cannot be configured so", errNotHere)
	}
	return nil
}

// open starts the program, makes the groups, and subscribes everybody.
func (c *component) open(ctx context.Context, x *cell) (err error) {
	for _, s := range x.seats {
		s.say("<presence/>")
	}
	o := lab.ProgramOptions{Dir: c.dir, Log: filepath.Join(c.dir, "rollcall.log")}
	if n := c.manner.processors; n != "" {
		o.Env = append(o.Env, "GOMAXPROCS="+n)
	}
	c.run, err = lab.StartProgram(o, c.prog, "run", "-config", c.config())
	if err != nil {
		return err
	}
	if err := c.groups(ctx); err != nil {
		return err
	}
	for i, s := range x.seats {
		if c.manner.contacts {
			if err := c.befriend(ctx, x, i); err != nil {
				return err
			}
			continue
		}
		format := ""
		if c.manner.json {
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
	if !c.manner.published {
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
