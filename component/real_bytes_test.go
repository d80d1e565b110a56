package component_test

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
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

// told compares what these have got since they were looked at with an event of
// these items: the first of a subscription if it is full.
func (c *cast) told(who string, full bool, items ...string) {
	c.t.Helper()
	for u := range strings.FieldsSeq(who) {
		e := c.all[u]
		start := "<message to='" + e.as + "' from='" + outpostService + "' type='headline'><event xmlns='" + nsPubSub + "#event'>"
		var want []string
		switch {
		case !c.posts:
			state := "<state xmlns='" + ns + "' from='AAAAAAAAAAAAAAAAAAAAAA' to='AAAAAAAAAAAAAAAAAAAAAA'/>"
			if full {
				state = "<state xmlns='" + ns + "' to='AAAAAAAAAAAAAAAAAAAAAA' full='true'/>"
			}
			start = c.fromGroup(start)
			want = []string{start + "<items node='" + e.node + "'>" + strings.Join(items, "") + "</items></event>" + state + "</message>"}
		case full && c.name == "ejabberd": // it says so
			notice := "<subscription subscription='subscribed' node='" + e.at + "' jid='" + e.as + "'/></event></message>"
			want = append(want, strings.Replace(start, " type='headline'", "", 1)+notice)
			fallthrough
		default:
			for _, item := range items {
				want = append(want, start+"<items node='"+e.at+"'>"+item+"</items></event></message>")
			}
		}
		c.got(u, want...)
	}
}

// fromGroup is how a message of the service begins if the group says it: of
// Prosody's streams of components the language is told.
func (c *cast) fromGroup(start string) string {
	lang := ""
	if c.name == "prosody" {
		lang = " xml:lang='en'"
	}
	return strings.Replace(start, "'"+outpostService+"'", "'"+c.team+"'"+lang, 1)
}

// got compares every message that somebody has got since he was looked at.
func (c *cast) got(u string, want ...string) {
	c.t.Helper()
	e := c.all[u]
	e.looked = true
	c.settle()
	if c.posts {
		c.check(e.FenceVia(c.ctx, outpostService))
	}
	c.check(e.Fence(c.ctx))
	for i := range want {
		want[i] = c.canonical(want[i])
	}
	var got []string
	for len(got) < len(want) { // the server copies when it does
		got = got[:0]
		list := e.Received()
		for _, st := range list[e.from:] {
			if st.Name == "message" {
				got = append(got, c.canonical(st.Raw))
			} else if st.From == outpostService && !strings.HasPrefix(st.ID, "lab") {
				got = append(got, st.Raw)
			}
		}
		if len(got) < len(want) && !c.posts {
			_, err := e.Wait(c.ctx, func(st lab.Stanza) bool { return st.Name == "message" && !slices.Contains(got, c.canonical(st.Raw)) })
			c.check(err)
			continue
		}
		e.from = len(list)
		break
	}
	if !slices.Equal(got, want) {
		c.t.Errorf("%s got\n\t%s\nwant\n\t%s", e.JID(), strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// others got nothing.
func (c *cast) others() {
	c.t.Helper()
	for _, u := range slices.Sorted(maps.Keys(c.all)) {
		if !c.all[u].looked {
			c.got(u)
		}
	}
	for _, e := range c.all {
		e.looked = false
	}
}

// listed is what the service tells strangers: as many names as there are
// subscriptions, which say nothing, and of a node nothing about anybody.
func (c *cast) listed() {
	c.t.Helper()
	fay := c.all["fay"]
	var want []string
	for u, e := range c.all {
		if e.at != "" && u != "eve" {
			want = append(want, "<item jid='"+outpostService+"' node='"+e.at+"'>")
		}
		if e.at != "" && !roster.IsOutpostName(e.at) {
			c.t.Errorf("a node is called %s", e.at)
		}
	}
	st, err := fay.Query(c.ctx, outpostService, "get", "<query xmlns='http://jabber.org/protocol/disco#items'/>")
	c.check(err)
	got := regexp.MustCompile("<item[^>]*>").FindAllString(c.canonical(st.Raw), -1)
	slices.Sort(want)
	if slices.Sort(got); !slices.Equal(got, want) {
		c.t.Errorf("a stranger finds\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
	at := c.all["ada"].at
	for _, ask := range []string{
		"<query xmlns='http://jabber.org/protocol/disco#info'/>", "<query xmlns='http://jabber.org/protocol/disco#info' node='" + at + "'/>",
		"<query xmlns='http://jabber.org/protocol/disco#items' node='" + at + "'/>",
		"<pubsub xmlns='" + nsPubSub + "'><items node='" + at + "'/></pubsub>", "<pubsub xmlns='" + nsPubSub + "'><subscriptions/></pubsub>",
		"<pubsub xmlns='" + nsPubSub + "'><subscriptions node='" + at + "'/></pubsub>", "<pubsub xmlns='" + nsPubSub + "'><affiliations/></pubsub>",
		"<pubsub xmlns='" + nsPubSub + "#owner'><subscriptions node='" + at + "'/></pubsub>", "<pubsub xmlns='" + nsPubSub + "#owner'><affiliations node='" + at + "'/></pubsub>",
		"<pubsub xmlns='" + nsPubSub + "#owner'><configure node='" + at + "'/></pubsub>",
	} {
		st, err := fay.Query(c.ctx, outpostService, "get", ask)
		c.check(err)
		if raw := strings.ReplaceAll(st.Raw, fay.JID(), ""); strings.Contains(raw, c.suffix) || strings.Contains(raw, "Team") {
			c.t.Errorf("a stranger asks %s, and reads %s", ask, raw)
		}
	}
	c.others()
}

var token = regexp.MustCompile(`^[A-Za-z0-9_-]{22}$`)

// canonical is a stanza with attributes in order, for a server may write them in
// any, and without what is random: its id, tokens.
func (c *cast) canonical(raw string) string {
	c.t.Helper()
	var b strings.Builder
	space := []string{"jabber:client"}
	for d := xml.NewDecoder(strings.NewReader(raw)); ; {
		tok, err := d.Token()
		if err == io.EOF {
			return b.String()
		}
		c.check(err)
		switch x := tok.(type) {
		case xml.StartElement:
			fmt.Fprintf(&b, "<%s", x.Name.Local)
			if x.Name.Space != "" && x.Name.Space != space[len(space)-1] {
				fmt.Fprintf(&b, " xmlns='%s'", x.Name.Space)
			}
			space = append(space, cmp.Or(x.Name.Space, "jabber:client"))
			slices.SortFunc(x.Attr, func(a, b xml.Attr) int { return strings.Compare(a.Name.Local, b.Name.Local) })
			for _, a := range x.Attr {
				switch {
				case a.Name.Local == "xmlns", len(space) == 2 && a.Name.Local == "id":
					continue
				case x.Name.Local == "state" && token.MatchString(a.Value):
					a.Value = "#"
				}
				fmt.Fprintf(&b, " %s='%s'", a.Name.Local, a.Value)
			}
			b.WriteByte('>')
		case xml.EndElement:
			space = space[:len(space)-1]
			fmt.Fprintf(&b, "</%s>", x.Name.Local)
		case xml.CharData:
			c.check(xml.EscapeText(&b, x))
		default:
			c.t.Fatalf("%T in %s", tok, raw)
		}
	}
}
