package component_test

import (
	"encoding/xml"
	"fmt"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/internal/lab/labtest"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// What each reader really gets where a service of the server's stands between
// us and him, the PubSub service or the one that copies: every message, from
// whomever, is one that is written here, with nothing but ids and tokens filled
// in. What is not to be told to somebody is at no place of what he got.
func TestBytes(t *testing.T) {
	for _, name := range []string{"prosody", "ejabberd"} {
		t.Run(name+" publishes", func(t *testing.T) {
			t.Parallel()
			s := stage(t, pubsubServer(t, name, true), byPubSub)
			c := newCast(s, name, true)
			c.plays()
			c.listed()
			if stats := s.Roster.Outposts(); stats.Refused > 0 || stats.Lost > 0 {
				t.Errorf("%+v", stats)
			}
		})
		t.Run(name+" copies", func(t *testing.T) {
			t.Parallel()
			extra := lab.Extra{Modules: "  mod_multicast: {}"}
			if name == "prosody" {
				extra = prosodyCopies(t)
			}
			s := stage(t, labtest.Start(t, name, lab.Options{Modules: lab.Minimal, Extra: extra}), multicast)
			c := newCast(s, name, false)
			c.plays()
			if stats := s.Stats().Multicast; stats.Copies < 4 || stats.Returned > 0 {
				t.Errorf("%+v", stats)
			}
		})
	}
}

// cast is a group and who is around it. Bob says who sees what of him: leads
// all, members that he is there, Eve that he counts, and nobody else a thing.
type cast struct {
	*scene
	name, team string
	posts      bool // events leave by the PubSub service
	all        map[string]*ear
}

// ear is a client of which every message is read.
type ear struct {
	*lab.Client
	node, as  string // what he is subscribed to
	at, subid string // where that is published, and which it is
	from      int    // what was looked at
	looked    bool   // since the last change
}

func newCast(s *scene, name string, posts bool) *cast {
	c := &cast{scene: s, name: name, posts: posts, all: map[string]*ear{}, team: s.address("team")}
	rec := &roster.GroupRecord{Name: "team" + s.suffix, Settings: roster.Settings{Title: "Team"}}
	for _, u := range []string{"ada", "amy", "bob", "cat", "cid", "dan", "eve", "fay"} {
		jid := s.account(u)
		c.all[u] = &ear{Client: s.login(u, "pc")}
		m := roster.MemberRecord{JID: jid, Nick: strings.ToUpper(u[:1]) + u[1:], Affiliation: roster.Plain}
		if u[0] == 'a' {
			m.Roles = []string{"lead"}
		}
		if u < "eve" {
			rec.Members = append(rec.Members, m)
		}
	}
	rec.Settings.Policy = "watch members\nwatch jid:" + c.all["eve"].Bare()
	s.check(s.Roster.CreateGroup(s.ctx, rec))
	for _, u := range []string{"ada", "amy", "bob", "cat", "cid", "dan"} { // ejabberd tells of an approval late
		s.check(c.all[u].FenceVia(s.ctx, c.team))
		s.settle()
	}
	c.allows("")
	return c
}

// allows puts bob's rules in force, with what else he says.
func (c *cast) allows(more string) {
	c.t.Helper()
	st, err := c.all["bob"].Query(c.ctx, c.team, "set", "<authorization xmlns='"+ns+"'"+more+"><rule who='role:lead' attributes='all'/>"+
		"<rule who='members' attributes='availability'/><rule who='jid:"+c.all["eve"].Bare()+"' attributes='counted'/></authorization>")
	if c.check(err); st.Type != "result" {
		c.t.Fatal(st.Raw)
	}
}

// watches subscribes u, by his bare address or not.
func (c *cast) watches(u, node string, bare bool) {
	c.t.Helper()
	e := c.all[u]
	if e.as, e.node = e.JID(), ns+"#"+node; bare {
		e.as = e.Bare()
	}
	st, err := e.Query(c.ctx, c.team, "set", "<pubsub xmlns='"+nsPubSub+"'><subscribe node='"+e.node+"' jid='"+e.as+"'/></pubsub>")
	c.check(err)
	var answer struct {
		Is struct {
			ID string `xml:"subid,attr"`
			At struct {
				Node string `xml:"node,attr"`
			} `xml:"published"`
		} `xml:"pubsub>subscription"`
	}
	c.check(xml.Unmarshal([]byte(st.Raw), &answer))
	if e.at, e.subid = answer.Is.At.Node, answer.Is.ID; (e.at != "") != c.posts || e.subid == "" {
		c.t.Fatal(st.Raw)
	}
}

// The items of the play.
func (c *cast) item(u, inner string) string {
	return "<item id='" + c.all[u].Bare() + "'><member xmlns='" + ns + "' jid='" + c.all[u].Bare() + "'" + inner + "</member></item>"
}

const here = "<presence xmlns='jabber:client'/>"

func (c *cast) counts(members, available, dnd, xa int) string {
	return fmt.Sprintf("<item id='summary'><summary xmlns='%s' members='%d' available='%d' chat='0' away='0' xa='%d' dnd='%d'/></item>", ns, members, available, xa, dnd)
}

// plays is the play.
func (c *cast) plays() {
	c.t.Helper()
	info := "<item id='info'><info xmlns='" + ns + "'><name>Team</name></info></item>"
	open := func(u, more string) string {
		nick := strings.ToUpper(u[:1]) + u[1:]
		if u[0] == 'a' {
			more = " roles='lead'" + more
		}
		return c.item(u, " nick='"+nick+"'"+more)
	}
	whole := ">" + here + "<device name='pc' connection='on'/>"
	everybody := func(bob string, more ...string) []string {
		return append(more, open("ada", whole), open("amy", whole), open("bob", bob), open("cat", whole), open("cid", whole), open("dan", whole))
	}
	named := func(u string) string { return open(u, ">") }

	c.watches("ada", "group", true)
	c.watches("amy", "group", false)
	c.told("ada amy", true, everybody(whole, info, c.counts(6, 6, 0, 0))...)
	c.watches("cat", "group", true)
	c.watches("cid", "group", false)
	c.told("cat cid", true, everybody(">"+here, info, c.counts(6, 6, 0, 0))...)
	c.watches("eve", "group", true)
	c.told("eve", true, info, c.counts(1, 1, 0, 0))
	c.watches("bob", "members", true)
	c.told("bob", true, named("ada"), named("amy"), named("bob"), named("cat"), named("cid"), named("dan"))

	bob := func(show, status string) string {
		return open("bob", "><presence xmlns='jabber:client'><show>"+show+"</show><status>"+status+"</status></presence><device name='pc' show='"+show+"' connection='on'/>")
	}
	c.says("bob", "<presence><show>dnd</show><status>zanzibar</status></presence>")
	c.told("ada amy", false, c.counts(6, 6, 1, 0), bob("dnd", "zanzibar"))
	c.others()
	c.allows(" hide='jid:" + c.all["amy"].Bare() + "'")
	c.told("amy", false, c.counts(6, 5, 0, 0), open("bob", "><presence xmlns='jabber:client' type='unavailable'/>"))
	c.others()
	c.says("bob", "<presence><show>xa</show><status>yokohama</status></presence>")
	c.told("ada", false, c.counts(6, 6, 0, 1), bob("xa", "yokohama"))
	c.others()

	c.check(c.Roster.UpdateGroup(c.ctx, "team"+c.suffix, func(s *roster.Settings) error { s.Policy = "watch members"; return nil }))
	c.dismissed("eve")
	c.others()
	c.says("bob", "<presence><show>dnd</show><status>xanadu</status></presence>")
	c.told("ada", false, c.counts(6, 6, 1, 0), bob("dnd", "xanadu"))
	c.others()
	c.check(c.Roster.UpdateMember(c.ctx, "team"+c.suffix, c.all["cat"].Bare(), func(m *roster.MemberRecord) error { m.Nick = "Kate & Co"; return nil }))
	kate := " nick='Kate &amp; Co'"
	c.told("ada amy cat cid", false, c.item("cat", kate+whole))
	c.told("bob", false, c.item("cat", kate+">"))
	c.others()
	c.check(c.Roster.RemoveMember(c.ctx, "team"+c.suffix, c.all["dan"].Bare()))
	gone := "<retract id='" + c.all["dan"].Bare() + "'/>"
	if c.posts {
		gone = "<item id='" + c.all["dan"].Bare() + "'><gone xmlns='" + ns + "'/></item>"
	}
	c.told("ada", false, c.counts(5, 5, 1, 0), gone)
	c.told("amy", false, c.counts(5, 4, 0, 0), gone)
	c.told("cat cid", false, c.counts(5, 5, 0, 0), gone)
	c.told("bob", false, gone)
	c.others()
	for u, e := range c.all {
		for _, st := range e.Received() {
			if u != "ada" && u != "bob" && (strings.Contains(st.Raw, "yokohama") || strings.Contains(st.Raw, "xanadu") || u != "amy" && strings.Contains(st.Raw, "zanzibar")) {
				c.t.Errorf("%s reads %s", u, st.Raw)
			}
		}
	}
}

// dismissed is that a subscription has ended.
func (c *cast) dismissed(u string) {
	c.t.Helper()
	e := c.all[u]
	start := "<message to='" + e.as + "' from='" + outpostService + "'><event xmlns='" + nsPubSub + "#event'><subscription "
	want := []string{strings.Replace(c.fromGroup(start), "'><event", "' type='headline'><event", 1) + "node='" + e.node + "' jid='" + e.as + "' subid='" + e.subid + "' subscription='none'/></event></message>"}
	if c.posts && c.name == "ejabberd" { // it says so
		want = append(want, start+"node='"+e.at+"' jid='"+e.as+"' subscription='none'/></event></message>")
	}
	c.got(u, want...)
}

// says lets somebody say something to his server.
func (c *cast) says(u, xml string) {
	c.t.Helper()
	c.check(c.all[u].Send(xml))
	c.check(c.all[u].Fence(c.ctx))
}
