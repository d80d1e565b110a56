package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/internal/lab/labtest"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

const (
	peerDomain = "hr.example.org"
	trusting   = "watch members\nwatch domain:groups.example.org\nbasic anyone\n"
)

// Where groups come from, on each kind of server; one that has room for two
// components, and where zoe may make nodes.
func TestSources(t *testing.T) {
	for _, name := range labtest.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // it mostly waits
			opts := lab.Options{Components: []string{peerDomain}}
			if name == "prosody" {
				opts.Extra.Global = `admins = { "zoe@example.org" }`
			}
			s := labtest.Start(t, name, opts)
			t.Run("peer", func(t *testing.T) { playPeer(t, s) })
			t.Run("left", func(t *testing.T) { playLeft(t, s) })
			if name == "fake" {
				return
			}
			if err := lab.Install(t.Context(), t.Output(), "python3-slixmpp"); err != nil {
				t.Fatal(err)
			}
			t.Run("slixmpp", func(t *testing.T) { playSlixmpp(t, s) })
			t.Run("pubsub", func(t *testing.T) { playPubSub(t, s) })
			t.Run("muc", func(t *testing.T) { playMUC(t, s, "team", "0s") })
			t.Run("muc periodically", func(t *testing.T) { playMUC(t, s, "staff", "1s") })
		})
	}
}

// newPeer starts a second service, hr.example.org.
func newPeer(t *testing.T, server lab.Server) *stage {
	t.Helper()
	return newStageWith(t, server, func(config string) string {
		return strings.Replace(config, server.ComponentDomain(), peerDomain, 1)
	})
}

// newMirror starts a service with a source.
func newMirror(t *testing.T, server lab.Server, source string) *stage {
	t.Helper()
	return newStageWith(t, server, func(config string) string { return config + source })
}

func (s *stage) roster() *roster.Roster {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.svc.Roster
}

// list is what a service knows of a group, on one line.
func (s *stage) list(group string) string {
	rec, err := s.roster().ShowGroup(context.Background(), group)
	if err != nil {
		return err.Error()
	}
	text := fmt.Sprintf("%s %q:", rec.Source, rec.Settings.Title)
	for _, m := range rec.Members {
		local, _, _ := strings.Cut(m.JID, "@")
		text += fmt.Sprintf(" %s=%s/%s%v", local, m.Nick, m.Affiliation, m.Roles)
	}
	return text
}

// becomes asks until it is so.
func becomes(t *testing.T, what, want string, look func() string) {
	t.Helper()
	limit, tick := time.After(90*time.Second), time.NewTicker(5*time.Millisecond) // a question that is lost with its peer takes 30
	defer tick.Stop()
	for got := look(); got != want; got = look() {
		select {
		case <-limit:
			t.Fatalf("%s is\n%s\nnot\n%s", what, got, want)
		case <-tick.C:
		}
	}
}

func (s *stage) listed(t *testing.T, group, want string) {
	t.Helper()
	becomes(t, group, want, func() string { return s.list(group) })
}

// lost says what is the matter with a source.
func (s *stage) lost(source, group string) string {
	l, is := s.roster().Lost(source, group)
	if !is {
		return "there"
	}
	return "lost: " + l.Why
}

func (s *stage) found(t *testing.T, source, group string) {
	t.Helper()
	becomes(t, source, "there", func() string { return s.lost(source, group) })
}

func (s *stage) missed(t *testing.T, source, group string) {
	t.Helper()
	becomes(t, source, "lost", func() string { l, _, _ := strings.Cut(s.lost(source, group), ":"); return l })
}

// users makes accounts and logs them in, whoever asks for presence is let.
func users(t *testing.T, s lab.Server, names ...string) (all map[string]*lab.Client) {
	t.Helper()
	all = map[string]*lab.Client{}
	for _, name := range names {
		if err := s.AddUser(t.Context(), name, "secret"); err != nil {
			t.Fatal(err)
		}
		c, err := lab.Login(t.Context(), s, name, "secret", "desk", lab.ClientOptions{Requests: lab.Approve})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Drop() })
		if err := c.Online(t.Context()); err != nil {
			t.Fatal(err)
		}
		all[name] = c
	}
	return all
}

// secret: to who may not see it, a group that came from elsewhere is exactly an
// unused name.
func secret(t *testing.T, stranger *lab.Client) {
	t.Helper()
	const pubsub = "<pubsub xmlns='http://jabber.org/protocol/pubsub'>"
	for what, q := range map[string][2]string{
		"items":     {"get", pubsub + "<items node='urn:xmpp:tmp:group-presence:0#members'/></pubsub>"},
		"info":      {"get", pubsub + "<items node='urn:xmpp:tmp:group-presence:0#info'/></pubsub>"},
		"subscribe": {"set", pubsub + "<subscribe node='urn:xmpp:tmp:group-presence:0#members' jid='" + stranger.Bare() + "'/></pubsub>"},
		"disco":     {"get", "<query xmlns='http://jabber.org/protocol/disco#info'/>"},
		"register":  {"get", "<query xmlns='jabber:iq:register'/>"},
		"leave":     {"set", "<query xmlns='jabber:iq:register'><remove/></query>"},
	} {
		var said []string
		for _, group := range []string{"team", "unused"} {
			st, err := stranger.Query(t.Context(), group+"@groups.example.org", q[0], q[1])
			must(t, err)
			text := strings.ReplaceAll(strings.ReplaceAll(st.Raw, group+"@", "group@"), st.ID, "id")
			said = append(said, text)
		}
		if said[0] != said[1] {
			t.Errorf("%s: a stranger is told\n%s, but of an unused name\n%s", what, said[0], said[1])
		}
	}
	st, err := stranger.Query(t.Context(), "groups.example.org", "get", "<query xmlns='http://jabber.org/protocol/disco#items'/>")
	if must(t, err); strings.Contains(st.Raw, "team@") {
		t.Errorf("a stranger is told %s", st.Raw)
	}
}

func person(name, nick string, roles ...string) roster.MemberRecord {
	return roster.MemberRecord{JID: name + "@example.org", Nick: nick, Affiliation: roster.Plain, Roles: roles}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Another Rollcall keeps the group. It is killed and comes back with something
// else; so do we; nothing is lost, and nobody is told what did not change.
func playPeer(t *testing.T, s lab.Server) {
	ctx := t.Context()
	hr := newPeer(t, s)
	must(t, hr.roster().CreateGroup(ctx, &roster.GroupRecord{Name: "team", Settings: roster.Settings{Title: "The Team", Policy: trusting,
		Attributes: []roster.Attribute{{Name: "phone", Value: "1"}}}, Members: []roster.MemberRecord{person("alice", "Alice", "lead"), person("bob", "")}}))
	must(t, hr.roster().CreateGroup(ctx, &roster.GroupRecord{Name: "private", Members: []roster.MemberRecord{person("alice", "")}}))
	us := newMirror(t, s, "[[sources]]\nname = \"hr\"\nkind = \"peer\"\naddress = \""+peerDomain+"\"\n")
	us.listed(t, "team", `hr "The Team": alice=Alice/member[lead] bob=/member[]`)
	us.found(t, "hr", "team")
	if got := us.list("private"); !strings.Contains(got, "no such group") {
		t.Errorf("who does not trust us is %s", got)
	}

	// Each change arrives, and is told once to who watches here.
	people := users(t, s, "alice", "bob", "mallory")
	secret(t, people["mallory"])
	must(t, us.Settle(ctx))
	news := follows(t, people["bob"])
	news("full='true'")
	must(t, hr.roster().UpdateMember(ctx, "team", "bob@example.org", func(m *roster.MemberRecord) error { m.Nick = "Bobby"; return nil }))
	us.listed(t, "team", `hr "The Team": alice=Alice/member[lead] bob=Bobby/member[]`)
	news("Bobby")
	must(t, hr.roster().AddMembers(ctx, "team", person("carol", "Caz")))
	us.listed(t, "team", `hr "The Team": alice=Alice/member[lead] bob=Bobby/member[] carol=Caz/member[]`)
	news("Caz")
	if err := people["bob"].FenceVia(ctx, "team@groups.example.org"); err != nil {
		t.Fatal(err)
	}
	for _, x := range people["bob"].Unread() {
		if x.From == "team@groups.example.org" && x.Name == "message" && strings.Contains(x.Raw, "#event") {
			t.Errorf("told beside: %s", x.Raw)
		}
	}
	must(t, hr.roster().UpdateGroup(ctx, "team", func(s *roster.Settings) error { s.Title = "Team"; return nil }))
	us.listed(t, "team", `hr "Team": alice=Alice/member[lead] bob=Bobby/member[] carol=Caz/member[]`)

	// A new group that the peer lists comes with the next look.
	must(t, hr.roster().CreateGroup(ctx, &roster.GroupRecord{Name: "ops", Settings: roster.Settings{Policy: trusting}, Members: []roster.MemberRecord{person("alice", "A")}}))
	us.listed(t, "ops", `hr "ops": alice=A/member[]`)

	// The peer is killed: the list stays, and says so. It comes back with another.
	must(t, hr.Kill(ctx))
	us.missed(t, "hr", "team")
	us.listed(t, "team", `hr "Team": alice=Alice/member[lead] bob=Bobby/member[] carol=Caz/member[]`)
	rewrite(t, hr, person("dora", "Dora"))
	must(t, hr.Start(ctx))
	us.listed(t, "team", `hr "Team": alice=Alice/member[lead] bob=Bobby/member[] carol=Caz/member[] dora=Dora/member[]`)
	us.found(t, "hr", "team")

	// So do we, and catch up with what was said meanwhile.
	must(t, us.Kill(ctx))
	must(t, hr.roster().RemoveMember(ctx, "team", "carol@example.org"))
	must(t, us.Start(ctx))
	us.listed(t, "team", `hr "Team": alice=Alice/member[lead] bob=Bobby/member[] dora=Dora/member[]`)
	us.found(t, "hr", "team")

	// Who does not trust us any more is not heard any more.
	must(t, hr.roster().UpdateGroup(ctx, "team", func(s *roster.Settings) error { s.Policy = "watch members\n"; return nil }))
	us.missed(t, "hr", "team")
	must(t, hr.roster().RemoveMember(ctx, "team", "alice@example.org"))
	us.listed(t, "team", `hr "Team": alice=Alice/member[lead] bob=Bobby/member[] dora=Dora/member[]`)
}

// The peer is no Rollcall but a few lines of slixmpp: it knows no tokens, is
// killed, and comes back with something else.
func playSlixmpp(t *testing.T, s lab.Server) {
	us := newMirror(t, s, "[[sources]]\nname = \"hr\"\nkind = \"peer\"\naddress = \""+peerDomain+"\"\n")
	p := newPython(t, s)
	p.becomes(`{"name": "Team", "members": {"alice@example.org": "Alice", "bob@example.org": ""}}`)
	us.listed(t, "team", `hr "Team": alice=Alice/member[] bob=/member[]`)
	p.becomes(`{"name": "The Team", "members": {"alice@example.org": "Al", "carol@example.org": "Caz"}}`)
	us.listed(t, "team", `hr "The Team": alice=Al/member[] carol=Caz/member[]`)
	p.becomes(`{"name": "The Team", "members": {"alice@example.org": "Al", "not an address": ""}}`)
	us.missed(t, "hr", "team")
	us.listed(t, "team", `hr "The Team": alice=Al/member[] carol=Caz/member[]`)
	p.becomes(`{"name": "The Team", "members": {"alice@example.org": "Al"}}`)
	us.listed(t, "team", `hr "The Team": alice=Al/member[]`)
	us.found(t, "hr", "team")
	p.kill()
	us.missed(t, "hr", "")
	us.listed(t, "team", `hr "The Team": alice=Al/member[]`)
	p = newPython(t, s)
	p.becomes(`{"name": "Team", "members": {"dora@example.org": "Dora"}}`)
	us.listed(t, "team", `hr "Team": dora=Dora/member[]`)
	us.found(t, "hr", "team")
}

// python is a peer in a process of its own.
type python struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.Writer
	out *bufio.Scanner
}

func newPython(t *testing.T, s lab.Server) *python {
	t.Helper()
	p := &python{t: t, cmd: exec.Command("/usr/bin/python3", "-B", "testdata/pubsub/slixmpp_peer.py", s.ComponentAddr(), peerDomain, s.Secret())}
	in, err := p.cmd.StdinPipe()
	must(t, err)
	out, err := p.cmd.StdoutPipe()
	must(t, err)
	p.cmd.Stderr = t.Output()
	p.in, p.out = in, bufio.NewScanner(out)
	must(t, p.cmd.Start())
	t.Cleanup(p.kill)
	return p
}

func (p *python) becomes(text string) {
	p.t.Helper()
	if _, err := io.WriteString(p.in, text+"\n"); err != nil {
		p.t.Fatal(err)
	}
	if !p.out.Scan() || p.out.Text() != "done" {
		p.t.Fatalf("the peer says %q, %v", p.out.Text(), p.out.Err())
	}
}

func (p *python) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait() // once more is no harm
}

// The server's own PubSub service has the nodes: anybody may publish a list.
func playPubSub(t *testing.T, s lab.Server) {
	ctx := t.Context()
	const service = "pubsub.example.org"
	const ns = "urn:xmpp:tmp:group-presence:0"
	zoe := users(t, s, "zoe")["zoe"]
	do := func(payload string) {
		t.Helper()
		if st, err := zoe.Query(ctx, service, "set", "<pubsub xmlns='http://jabber.org/protocol/pubsub'>"+payload+"</pubsub>"); err != nil || st.Type != "result" {
			t.Fatal(err, st.Raw)
		}
	}
	field := func(name, value string) string {
		return "<field var='pubsub#" + name + "'><value>" + value + "</value></field>"
	}
	for _, node := range []string{"#info", "#members"} {
		do("<create node='" + ns + node + "'/><configure><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>http://jabber.org/protocol/pubsub#node_config</value></field>" +
			field("persist_items", "1") + field("max_items", "200") + field("access_model", "open") + field("notify_retract", "1") + "</x></configure>")
	}
	publish := func(node, id, payload string) {
		t.Helper()
		do("<publish node='" + ns + node + "'><item id='" + id + "'>" + payload + "</item></publish>")
	}
	publish("#info", "info", "<info xmlns='"+ns+"'><name>Team</name></info>")
	publish("#members", "alice@example.org", "<member xmlns='"+ns+"' jid='alice@example.org' nick='Alice'/>")
	const group = "plain"
	us := newMirror(t, s, "[[sources]]\nname = \"plain\"\nkind = \"peer\"\naddress = \""+service+"\"\ngroups = [\""+group+"\"]\n")
	us.listed(t, group, `plain "Team": alice=Alice/member[]`)
	publish("#members", "bob@example.org", "<member xmlns='"+ns+"' jid='bob@example.org' roles='ops'/>")
	us.listed(t, group, `plain "Team": alice=Alice/member[] bob=/member[ops]`)
	do("<retract node='" + ns + "#members' notify='1'><item id='alice@example.org'/></retract>")
	us.listed(t, group, `plain "Team": bob=/member[ops]`)
	us.found(t, "plain", group)
	for _, node := range []string{"#info", "#members"} {
		if st, err := zoe.Query(ctx, service, "set", "<pubsub xmlns='http://jabber.org/protocol/pubsub#owner'><delete node='"+ns+node+"'/></pubsub>"); err != nil || st.Type != "result" {
			t.Fatal(err, st.Raw)
		}
	}
	us.missed(t, "plain", group)
	us.listed(t, group, `plain "Team": bob=/member[ops]`)
}

// rewrite changes what a service that does not run has stored.
func rewrite(t *testing.T, s *stage, more ...roster.MemberRecord) {
	t.Helper()
	st, err := store.Open(t.Context(), "sqlite:"+filepath.Join(filepath.Dir(s.file), "rollcall.db"))
	must(t, err)
	must(t, st.StoreMembers(t.Context(), "team", more...))
	must(t, st.Close())
}

// follows subscribes bob to the list of the team, and returns what waits until
// he is told something with these words in it.
func follows(t *testing.T, bob *lab.Client) (news func(with string)) {
	t.Helper()
	subscribe := "<pubsub xmlns='http://jabber.org/protocol/pubsub'><subscribe node='urn:xmpp:tmp:group-presence:0#members' jid='bob@example.org/desk'/></pubsub>"
	if _, err := bob.Query(t.Context(), "team@groups.example.org", "set", subscribe); err != nil {
		t.Fatal(err)
	}
	return func(with string) {
		t.Helper()
		wait, done := context.WithTimeout(t.Context(), 30*time.Second)
		defer done()
		if _, err := bob.Wait(wait, func(x lab.Stanza) bool {
			return x.From == "team@groups.example.org" && x.Name == "message" && strings.Contains(x.Raw, "#members") && strings.Contains(x.Raw, with)
		}); err != nil {
			t.Errorf("nobody told of %s: %v", with, err)
		}
	}
}
