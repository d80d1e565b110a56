package component_test

import (
	"fmt"
	"path/filepath"
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
// have got alone, and nothing of the others.
func TestCopies(t *testing.T) {
	for _, name := range []string{"prosody", "ejabberd"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			extra := lab.Extra{}
			switch name {
			case "ejabberd":
				extra.Modules = "  mod_multicast: {}"
			case "prosody":
				extra = prosodyCopies(t)
			}
			s := stage(t, labtest.Start(t, name, lab.Options{Modules: lab.Minimal, Extra: extra}), multicast)
			c := newCopied(s, 24)
			c.says(3, "once for all")
			c.alike("once for all")

			stats := s.Stats().Multicast
			if stats.Copies == 0 || stats.Returned > 0 {
				t.Errorf("multicast: %+v", stats)
			}
		})
	}
}

// prosodyCopies is what makes Prosody copy: the module that comes with us.
func prosodyCopies(t *testing.T, lines ...string) lab.Extra {
	t.Helper()
	dir, err := filepath.Abs("../packaging/prosody")
	if err != nil {
		t.Fatal(err)
	}
	return lab.Extra{
		Global: fmt.Sprintf("plugin_paths = { %q }", dir),
		Host:   "modules_enabled = { \"rollcall_multicast\" }\nmulticast_senders = { \"groups.example.org\" }\n" + strings.Join(lines, "\n"),
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
	modules := func(text string) lab.Extra {
		return lab.Extra{Modules: "  mod_multicast:\n" + text, ACL: "  nobody:\n    server: \"nowhere.example\"", Rules: "  nobody:\n    allow: nobody"}
	}
	for _, v := range []struct {
		server    string
		announced bool
		extra     lab.Extra
	}{
		{"ejabberd", true, modules("    limits:\n      remote:\n        message: 5\n        presence: 3")},
		{"ejabberd", false, modules("    access: nobody")},
		{"prosody", true, prosodyCopies(t, "multicast_addresses = 5")},
		{"prosody", false, prosodyCopies(t, `multicast_senders = { "elsewhere.example.org" }`)},
	} {
		name := v.server + " refuses"
		if v.announced {
			name = v.server + " announces"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stage(t, labtest.Start(t, v.server, lab.Options{Modules: lab.Minimal, Extra: v.extra}), multicast)
			c := newCopied(s, 12)
			c.says(3, "once for all")
			c.alike("once for all")
			stats := s.Stats().Multicast
			t.Logf("%+v", stats)
			if v.announced != (stats.Messages == 5 && stats.Presences > 0 && stats.Returned == 0) || v.announced == (stats.Returned > 0) {
				t.Errorf("multicast: %+v", stats)
			}
		})
	}
}

// Our module copies for whom it is told to, for the host's users, whose
// addresses nobody else reads; else nobody gets anything.
func TestProsodyCopiesForUs(t *testing.T) {
	t.Parallel()
	server := labtest.Start(t, "prosody", lab.Options{Modules: lab.Minimal, Components: []string{"other.example.org"}, Extra: prosodyCopies(t)})
	ctx := t.Context()
	login := func(user string) *lab.Client {
		t.Helper()
		if err := server.AddUser(ctx, user, password); err != nil {
			t.Fatal(err)
		}
		c, err := lab.Login(ctx, server, user, password, "pc", lab.ClientOptions{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		if err := c.Online(ctx); err != nil {
			t.Fatal(err)
		}
		return c
	}
	ann, bob := login("ann"), login("bob")
	attach := func(domain string) *lab.Client {
		t.Helper()
		c, err := lab.Attach(ctx, server, lab.ClientOptions{Component: domain})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	ours, other := attach("groups.example.org"), attach("other.example.org")
	const good = "<address type='bcc' jid='ann@example.org'/><address type='bcc' jid='bob@example.org/pc'/>"
	send := func(c *lab.Client, from, text, addresses, want string) {
		t.Helper()
		id := "id-" + strings.ReplaceAll(text, " ", "-")
		if err := c.Send("<message to='example.org' id='" + id + "'" + from + "><addresses xmlns='http://jabber.org/protocol/address'>" + addresses + "</addresses><body>" + text + "</body></message>"); err != nil {
			t.Fatal(err)
		}
		if want != "" {
			if st, err := c.Wait(ctx, func(st lab.Stanza) bool { return st.ID == id }); err != nil || st.Type != "error" || !strings.Contains(st.Raw, want) {
				t.Errorf("%s: %s, %v", text, st.Raw, err)
			}
		}
	}
	from := " from='team@groups.example.org'"
	send(ann, "", "by a user", good, "<forbidden")
	send(other, " from='x@other.example.org'", "by another", good, "<forbidden")
	send(ours, from, "not hidden", good+"<address type='to' jid='ann@example.org'/>", "<jid-malformed")
	send(ours, from, "elsewhere", good+"<address type='bcc' jid='ann@example.net'/>", "<jid-malformed")
	send(ours, from, "nowhere", good+"<address type='bcc' jid='@example.org'/>", "<jid-malformed")
	send(ours, from, "the host", good+"<address type='bcc' jid='example.org'/>", "<jid-malformed")
	send(ours, from, "a node", good+"<address type='bcc' uri='http://example.org/'/>", "<jid-malformed")
	send(ours, from, "too many", strings.Repeat("<address type='bcc' jid='ann@example.org'/>", 1001), "<not-acceptable")
	send(ours, from, "at last", good, "")
	for _, c := range []*lab.Client{ann, bob} {
		if _, err := c.Wait(ctx, func(st lab.Stanza) bool { return strings.Contains(st.Raw, "at last") }); err != nil {
			t.Fatal(err)
		}
		for _, st := range c.Received() {
			if st.Name == "message" && st.Type != "error" && (!strings.Contains(st.Raw, "at last") || strings.Contains(st.Raw, "address")) {
				t.Errorf("%s got %s", c.JID(), st.Raw)
			}
		}
	}
}
