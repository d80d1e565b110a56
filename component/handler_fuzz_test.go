package component

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// FuzzHandler fuzzes whole conversations: stanzas of a member, another member
// and a stranger, a line each, in any order. Whatever they say, every stanza we
// send is well-formed and ours to send, an iq is answered once, the stranger
// hears of nobody, and the service still answers a ping.
func FuzzHandler(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, script string) {
		c := newConversation(t)
		for line := range strings.Lines(script) {
			c.say(strings.TrimSpace(line))
		}
		c.say(`<iq type='get' id='last' from='mallory@example.org/m' to='groups.example.org'><ping xmlns='urn:xmpp:ping'/></iq>`)
		if got := c.answers["mallory@example.org/m last"]; got != 1 {
			t.Errorf("the last ping has %d answers", got)
		}
	})
}

// seeds are the hostile stanzas, one conversation each, and some that make
// sense.
func seeds(f *testing.F) (all []string) {
	list, err := os.ReadFile("testdata/hostile.tsv")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(list)) {
		if fields := strings.Split(strings.TrimSpace(line), "\t"); len(fields) == 3 && line[0] != '#' {
			s := strings.NewReplacer("GROUP", "team@groups.example.org", "DOMAIN", "groups.example.org").Replace(fields[2])
			all = append(all, strings.Replace(s, " ", " from='alice@example.org/r' ", 1))
		}
	}
	const sub = `<iq type='set' id='s' from='alice@example.org/r' to='team@groups.example.org'><pubsub xmlns='http://jabber.org/protocol/pubsub'>` +
		`<subscribe node='urn:xmpp:tmp:group-presence:0#group' jid='alice@example.org'/></pubsub></iq>`
	return append(append(all, saidSeeds(sub)...),
		sub+"\n<presence from='bob@example.org/x' to='team@groups.example.org'><show>away</show><status>a&amp;b</status></presence>",
		sub+"\n<presence from='bob@example.org' to='team@groups.example.org' type='unsubscribed'/>",
		"<iq type='get' id='i' from='alice@example.org/r' to='team@groups.example.org'><pubsub xmlns='http://jabber.org/protocol/pubsub'>"+
			"<items node='urn:xmpp:tmp:group-presence:0#presence' max_items='1'/><set xmlns='http://jabber.org/protocol/rsm'><max>1</max><before/></set>"+
			"<since xmlns='urn:xmpp:tmp:group-presence:0' state='x'/></pubsub></iq>",
		"<iq type='set' id='a' from='bob@example.org/x' to='team@groups.example.org'><authorization xmlns='urn:xmpp:tmp:group-presence:0' hide='jid:alice@example.org'>"+
			"<rule who='role:lead' attributes='all' except='show' until='2030-01-01T00:00:00Z'/></authorization></iq>\n"+sub,
		strings.Replace(sub, "</pubsub>", "<options><x xmlns='jabber:x:data' type='submit'><field var='pubsub#deliver'><value>1</value></field></x></options></pubsub>", 1),
		"<presence from='mallory@example.org/m' to='team@groups.example.org' type='subscribe'/>\n<presence from='mallory@example.org/m' to='nobody@groups.example.org' type='probe'/>",
		"<iq type='get' id='d' from='mallory@example.org/m' to='groups.example.org'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
		"<message type='chat' from='mallory@example.org/m' to='team@groups.example.org'><body>hi</body></message>",
		"<message type='error' from='alice@example.org/r' to='team@groups.example.org'/>\n"+sub,
		"<message type='chat' from='alice@example.org/r' to='team@groups.example.org'><body>who</body></message>\n"+
			"<message from='bob@example.org/x' to='team@groups.example.org'><body>share status with lead</body><thread>t</thread></message>",
		"<iq type='set' id='c' from='alice@example.org/r' to='team@groups.example.org'><command xmlns='http://jabber.org/protocol/commands' node='urn:xmpp:tmp:group-presence:0#who'/></iq>\n"+
			"<iq type='set' id='e' from='mallory@example.org/m' to='team@groups.example.org'><command xmlns='http://jabber.org/protocol/commands' node='urn:xmpp:tmp:group-presence:0#who'/></iq>",
		"<iq type='set' id='f' from='bob@example.org/x' to='team@groups.example.org'><command xmlns='http://jabber.org/protocol/commands' node='urn:xmpp:tmp:group-presence:0#authorize'>"+
			"<x xmlns='jabber:x:data' type='submit'><field var='what'><value>nothing</value></field></x></command></iq>\n"+sub,
		"<iq type='set' id='r' from='bob@example.org/x' to='team@groups.example.org'><query xmlns='jabber:iq:register'><nick>Bo</nick></query></iq>\n"+
			"<iq type='set' id='r' from='mallory@example.org/m' to='team@groups.example.org'><query xmlns='jabber:iq:register'><remove/></query></iq>",
		"<message type='chat' from='alice@example.org/r' to='team@groups.example.org'><body>tell all: one\ntwo</body></message>\n"+
			"<message type='chat' from='bob@example.org/x' to='team@groups.example.org'><body>tell x</body><tell xmlns='urn:xmpp:tmp:group-presence:0'/></message>",
		"<iq type='set' id='s' from='mallory@example.org/m' to='groups.example.org'><command xmlns='http://jabber.org/protocol/commands' node='urn:xmpp:tmp:group-presence:0#search'>"+
			"<x xmlns='jabber:x:data' type='submit'><field var='for'><value>team</value></field></x></command></iq>",
		"<iq type='get' id='d' from='mallory@example.org/m' to='groups.example.org'><query xmlns='http://jabber.org/protocol/disco#items'>"+
			"<set xmlns='http://jabber.org/protocol/rsm'><max>1</max><before>x</before></set></query></iq>",
		"<presence from='alice@example.org/r' to='team@groups.example.org'><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:x' ver='a&amp;b'/></presence>\n"+
			"<presence from='alice@example.org/r' to='team@groups.example.org' type='unavailable'/>",
		"<iq type='get' id='v' from='mallory@example.org/m' to='team@groups.example.org'><vCard xmlns='vcard-temp'/></iq>\n"+
			"<iq type='set' id='w' from='alice@example.org/r' to='team@groups.example.org'><vCard xmlns='vcard-temp'><FN>x</FN><PHOTO><BINVAL>!</BINVAL></PHOTO></vCard></iq>",
		"<iq type='get' id='p' from='bob@example.org/x' to='team@groups.example.org'><pubsub xmlns='http://jabber.org/protocol/pubsub'>"+
			"<items node='urn:xmpp:avatar:data'><item id='x'/></items></pubsub></iq>\n<iq type='get' id='l' from='bob@example.org/x' to='team@groups.example.org'><query xmlns='jabber:iq:last'/></iq>",
		"<iq type='get' id='n' from='mallory@example.org/m' to='team@groups.example.org'><query xmlns='http://jabber.org/protocol/disco#items' node='http://jabber.org/protocol/commands'/></iq>",
		strings.Replace(sub, "</pubsub>", "<options><x xmlns='jabber:x:data' type='submit'><field var='pubsub#expire'><value>2030-01-01T00:00:00Z</value></field>"+
			"<field var='pubsub#digest'><value>1</value></field><field var='pubsub#digest_frequency'><value>5000</value></field>"+
			"<field var='pubsub#show-values'><value>away</value><value>chat</value></field></x></options></pubsub>", 1)+
			"\n<presence from='alice@example.org/r' to='team@groups.example.org' type='unavailable'/>",
		"<iq type='get' id='g' from='alice@example.org/r' to='team@groups.example.org'><query xmlns='jabber:iq:register'/></iq>\n"+
			"<iq type='set' id='h' from='mallory@example.org/m' to='team@groups.example.org'><query xmlns='jabber:iq:register'><nick>M</nick></query></iq>\n"+
			"<iq type='set' id='i' from='bob@example.org/x' to='team@groups.example.org'><query xmlns='jabber:iq:register'><remove/></query></iq>",
		"<iq type='get' id='j' from='alice@example.org/r' to='team@groups.example.org'><vCard xmlns='vcard-temp'/></iq>\n"+
			"<iq type='set' id='k' from='alice@example.org/r' to='team@groups.example.org'><vCard xmlns='vcard-temp'><FN>x</FN><PHOTO><BINVAL>AAAA</BINVAL></PHOTO></vCard></iq>",
		"<iq type='get' id='l' from='mallory@example.org/m' to='groups.example.org'><query xmlns='http://jabber.org/protocol/disco#items'><set xmlns='http://jabber.org/protocol/rsm'><max>1</max><after>team@groups.example.org</after></set></query></iq>",
		"<message type='chat' from='bob@example.org/x' to='team@groups.example.org'><body>tell everybody hello</body></message>\n"+
			"<message type='chat' from='mallory@example.org/m' to='groups.example.org'><body>search team</body></message>",
		"<message type='headline' from='bob@example.org' to='team@groups.example.org'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='urn:xmpp:tmp:group-presence:0#authorization'>"+
			"<item><authorization xmlns='urn:xmpp:tmp:group-presence:0'><rule who='members' attributes='show'/></authorization></item></items></event></message>")
}

// conversation is a service without a server: what it sends is collected, its
// jobs are done one after the other.
type conversation struct {
	t       *testing.T
	s       *Service
	asked   map[string]int // iqs that have a right to an answer, by sender and id
	answers map[string]int
}

func newConversation(t *testing.T) *conversation {
	c := &conversation{t: t, asked: map[string]int{}, answers: map[string]int{}}
	c.s = NewService(ServiceConfig{Store: store.Memory(), Link: Config{Domain: "groups.example.org"}})
	c.s.Link.Out.attach()
	rec := &roster.GroupRecord{Name: "team"}
	for _, jid := range []string{"alice@example.org", "bob@example.org", "carol@example.org"} {
		rec.Members = append(rec.Members, roster.MemberRecord{JID: jid, Affiliation: roster.Plain, Ask: roster.Granted})
	}
	if err := c.s.Roster.CreateGroup(context.Background(), rec); err != nil {
		t.Fatal(err)
	}
	c.s.Roster.Loaded([]byte("team")).Hear([]byte("carol@example.org"), []byte("r"), &roster.Presence{Show: roster.DND, Status: []byte("carol's secret")})
	return c
}

// people are who may speak: a server stamps its users' addresses.
var people = []string{"alice@example.org/", "bob@example.org/", "bob@example.org", "mallory@example.org/"}

// say lets the service hear a line, if a server would pass it on, and takes in
// what it says to that.
func (c *conversation) say(line string) {
	var st frame.Stanza
	raw, err := frame.NewReader(strings.NewReader(line), 1<<18, 100).Next()
	if err != nil || !passes(raw) || !frame.Parse(bytes.Clone(raw), &st) {
		return
	}
	for _, p := range people {
		if strings.HasPrefix(string(st.From), p) && !bytes.ContainsAny(st.From, "&<>'\"") {
			c.hear(&st)
			return
		}
	}
}

func (c *conversation) hear(st *frame.Stanza) {
	if t := string(st.Type); string(st.Name) == "iq" && (t == "get" || t == "set") && string(domainOf(st.To)) == "groups.example.org" {
		c.asked[plain(st.From)+" "+plain(st.ID)]++
	}
	if err := c.s.Link.dispatch(c.s, st); err != nil {
		c.t.Fatalf("a user ended the stream: %v", err)
	}
	for _, q := range c.s.workers.queues {
		c.s.workers.drain(q)
	}
	for {
		r, err := c.s.Link.Out.round()
		if err != nil {
			c.t.Fatal(err)
		}
		c.check(r.b)
		c.s.Link.Out.recycle(r.b)
		if len(r.b) == 0 {
			return
		}
	}
}

// passes says whether a server would let the stanza through: it is
// well-formed, and one of three.
func passes(raw []byte) bool {
	d := xml.NewDecoder(bytes.NewReader(raw))
	for depth := 0; ; {
		tok, err := d.Token()
		if err != nil {
			return errors.Is(err, io.EOF) && depth == 0
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if n := tok.Name.Local; depth == 0 && (tok.Name.Space != "" || n != "iq" && n != "message" && n != "presence") {
				return false
			}
			depth++
		case xml.EndElement:
			depth--
		}
	}
}

// check looks at what the service sends.
func (c *conversation) check(out []byte) {
	in := frame.NewReader(bytes.NewReader(out), 1<<17, 100)
	for {
		raw, err := in.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		var st frame.Stanza
		if err != nil || !passes(raw) || !frame.Parse(raw, &st) {
			c.t.Fatalf("sent what is no stanza: %v\n%s", err, out)
		}
		if string(domainOf(st.From)) != "groups.example.org" || len(st.To) == 0 {
			c.t.Fatalf("sent with wrong addresses: %s", raw)
		}
		if to := plain(st.To); strings.HasPrefix(to, "mallory@") && (bytes.Contains(raw, []byte("carol")) || bytes.Contains(raw, []byte("bob@"))) {
			c.t.Fatalf("told a stranger: %s", raw)
		}
		if t := string(st.Type); string(st.Name) == "iq" && (t == "result" || t == "error") {
			key := fmt.Sprintf("%s %s", plain(st.To), plain(st.ID))
			if c.answers[key]++; c.answers[key] > c.asked[key] {
				c.t.Fatalf("answered %d times what was asked %d times: %s", c.answers[key], c.asked[key], raw)
			}
		}
	}
}
