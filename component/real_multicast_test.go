package component_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/component"
	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/internal/lab/labtest"
	"github.com/rollcall-xmpp/rollcall/roster"
)

func multicast(c *component.ServiceConfig) { c.Multicast = true }

// Where the server copies, every recipient gets, byte for byte, what he would
// have got alone, and nothing of the others. Prosody does not copy: there each
// gets a stanza of his own.
func TestCopies(t *testing.T) {
	for _, name := range []string{"prosody", "ejabberd"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			extra := lab.Extra{}
			if name == "ejabberd" {
				extra.Modules = "  mod_multicast: {}"
			}
			s := stage(t, labtest.Start(t, name, lab.Options{Modules: lab.Minimal, Extra: extra}), multicast)
			c := newCopied(s, 24)
			c.says(3, "once for all")
			c.alike("once for all")

			stats := s.Stats().Multicast
			if copies := name == "ejabberd"; copies != (stats.Copies > 0) || stats.Returned > 0 {
				t.Errorf("multicast: %+v", stats)
			}
		})
	}
}

// copied is a group of users who all watch, each from a client and as a
// contact.
type copied struct {
	*scene
	team string
	all  []*lab.Client
}

func newCopied(s *scene, n int) *copied {
	c := &copied{scene: s}
	var users []string
	for i := range n {
		users = append(users, fmt.Sprintf("u%d", i))
		s.account(users[i])
		c.all = append(c.all, s.login(users[i], "pc"))
	}
	c.team = s.group("team", roster.Settings{Title: "Team"}, users...)
	s.settle()
	for i, client := range c.all {
		jid := client.Bare()
		if i%2 == 1 {
			jid = client.JID()
		}
		s.subscribe(client, c.team, "group", jid)
		s.check(client.Send("<presence type='subscribe' to='" + c.team + "'/>"))
		s.check(client.Fence(s.ctx))
	}
	for _, client := range c.all {
		c.waits(client, "presence", fmt.Sprintf("%d of %[1]d available", n))
	}
	s.settle()
	return c
}

// says lets one of them say something, and returns when the service has told
// everybody.
func (c *copied) says(i int, status string) {
	c.t.Helper()
	c.check(c.all[i].Send("<presence><show>dnd</show><status>" + status + "</status></presence>"))
	for _, client := range c.all {
		c.waits(client, "message", status)
	}
	c.settle()
}

// waits returns when a client has a stanza of that name with that text. What
// causes it is on its way by a process of the server's, and so are the copies,
// and what comes back of them: no fence of ours is behind all of these.
func (c *copied) waits(client *lab.Client, name, text string) {
	c.t.Helper()
	if _, err := client.Wait(c.ctx, func(st lab.Stanza) bool { return st.Name == name && strings.Contains(st.Raw, text) }); err != nil {
		c.t.Fatalf("%s was not told %q: %v, %+v", client.JID(), text, err, c.Stats())
	}
}

// owns are what is a reader's own in a stanza, and what is random.
var owns = regexp.MustCompile(` (to|id|xml:lang)=('[^']*'|"[^"]*")`)

// alike says that everybody got one event and one line with that status, the
// same bytes but for his own address, which is nowhere else.
func (c *copied) alike(status string) {
	c.t.Helper()
	var event, line string
	for i, client := range c.all {
		c.check(client.Fence(c.ctx))
		var events, lines []string
		to := ""
		for _, st := range client.Received() {
			switch {
			case st.Name == "message" && strings.Contains(st.Raw, status):
				events, to = append(events, st.Raw), st.To
			case st.Name == "presence" && st.From == c.team+"/group" && st.Type == "":
				lines = append(lines, st.Raw)
			}
			if strings.Contains(st.Raw, "jabber.org/protocol/address") || strings.Contains(st.Raw, "type='bcc'") {
				c.t.Errorf("%s reads addresses: %s", client.JID(), st.Raw)
			}
		}
		if len(events) != 1 || len(lines) == 0 {
			for _, st := range client.Received() {
				c.t.Log(st.Raw)
			}
			c.t.Fatalf("%s got %d events and %d lines, %+v", client.JID(), len(events), len(lines), c.Stats())
		}
		e, l := owns.ReplaceAllString(events[0], ""), owns.ReplaceAllString(lines[len(lines)-1], "")
		if i == 0 {
			event, line = e, l
		}
		if e != event || l != line {
			c.t.Errorf("%s got\n%s\n%s\nothers\n%s\n%s", client.JID(), e, l, event, line)
		}
		if to != client.Bare() && to != client.JID() {
			c.t.Errorf("%s got what is to %s", client.JID(), to)
		}
	}
}

// A limit that the service announces is kept; one that shuts us out is found
// out by what comes back, and nobody misses anything, or gets it twice.
func TestCopiesWithinLimits(t *testing.T) {
	for name, module := range map[string]string{
		"announced": "  mod_multicast:\n    limits:\n      remote:\n        message: 5\n        presence: 3",
		"forbidden": "  mod_multicast:\n    access: nobody",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := labtest.Start(t, "ejabberd", lab.Options{Modules: lab.Minimal, Extra: lab.Extra{
				Modules: module, ACL: "  nobody:\n    server: \"nowhere.example\"", Rules: "  nobody:\n    allow: nobody"}})
			s := stage(t, server, multicast)
			c := newCopied(s, 12)
			c.says(3, "once for all")
			c.alike("once for all")
			stats := s.Stats().Multicast
			t.Logf("%+v", stats)
			if announced := name == "announced"; announced != (stats.Messages == 5 && stats.Presences == 3 && stats.Returned == 0) || announced == (stats.Returned > 0) {
				t.Errorf("multicast: %+v", stats)
			}
		})
	}
}
