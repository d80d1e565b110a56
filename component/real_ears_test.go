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

	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/roster"
)

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
	sender := func(a, b string) int { // of two senders either may come first
		a, _, _ = strings.Cut(a, " to=")
		b, _, _ = strings.Cut(b, " to=")
		return strings.Compare(a, b)
	}
	slices.SortStableFunc(got, sender)
	slices.SortStableFunc(want, sender)
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
