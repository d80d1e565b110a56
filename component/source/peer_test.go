package source_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/component/source"
)

const (
	peerJID = "hr.example.org"
	teamJID = "team@hr.example.org"
	ns      = "urn:xmpp:tmp:group-presence:0"
)

// peer is a group server that publishes two nodes, with or without tokens.
type peer struct {
	*link
	title   string
	members []string // "alice=Alice"
	groups  []string
	state   string // token of the members, "" = the peer knows none
	trusts  bool
	down    bool
}

func newPeer() *peer {
	p := &peer{link: &link{}, title: "Team", members: []string{"alice=Alice"}, groups: []string{teamJID}, trusts: true}
	p.answer = p.serve
	return p
}

func (p *peer) items() string {
	var b strings.Builder
	for _, m := range p.members {
		name, nick, _ := strings.Cut(m, "=")
		fmt.Fprintf(&b, "<item id='%s@example.org'><member xmlns='%s' jid='%[1]s@example.org' nick='%[3]s'/></item>", name, ns, nick)
	}
	return b.String()
}

func (p *peer) token() string {
	if p.state == "" {
		return ""
	}
	return "<state xmlns='" + ns + "' to='" + p.state + "' full='true'/>"
}

func (p *peer) serve(typ, _, to, payload string) string {
	switch {
	case p.down:
		return ""
	case strings.Contains(payload, "disco#items"):
		return listing(to, p.groups...)
	case strings.Contains(payload, "disco#info"):
		return result(to, "")
	case !p.trusts || to != teamJID:
		return ""
	case typ == "set":
		return result(to, "<pubsub xmlns='http://jabber.org/protocol/pubsub'/>")
	case strings.Contains(payload, "#info"):
		return result(to, "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='"+ns+"#info'><item id='info'><info xmlns='"+ns+"'><name>"+p.title+"</name></info></item></items></pubsub>")
	}
	return result(to, "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='"+ns+"#members'>"+p.items()+"</items>"+p.token()+"</pubsub>")
}

// event is what the peer tells of its members.
func event(from, items, state string) string {
	return "<message type='headline' from='" + from + "' to='team@groups.example.org'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='" + ns + "#members'>" +
		items + "</items></event>" + state + "</message>"
}

func newSource(p *peer, pace source.Pace) source.Source {
	return source.NewPeer(source.PeerConfig{Link: p.link, Address: peerJID, Pace: pace})
}

// Without tokens, as any PubSub service has it: events are applied, and all is
// read again from time to time.
func TestPeerWithoutTokens(t *testing.T) {
	p, s := newPeer(), newSink()
	runs(t, newSource(p, source.Pace{}), s)
	s.until(t, "only team")
	s.until(t, `team "Team": alice@example.org=Alice`)
	s.until(t, "back")
	if !p.says(teamJID, event(teamJID, "<item id='bob@example.org'><member xmlns='"+ns+"' nick='B'/></item>", "")) {
		t.Fatal("nobody listens")
	}
	s.until(t, `team "Team": alice@example.org=Alice bob@example.org=B`)
	p.says(teamJID, event(teamJID, "<retract id='alice@example.org'/>", ""))
	s.until(t, `team "Team": bob@example.org=B`)
}

// What was missed is asked for: with the token, from the state that is held.
func TestPeerGap(t *testing.T) {
	p, s := newPeer(), newSink()
	p.state = "one"
	runs(t, newSource(p, source.Pace{}), s)
	s.until(t, `team "Team": alice@example.org=Alice`)
	p.change(func() { p.members, p.state, p.asked = []string{"alice=Al", "bob=", "cid="}, "three", nil })
	p.says(teamJID, event(teamJID, "<item id='cid@example.org'><member xmlns='"+ns+"'/></item>", "<state xmlns='"+ns+"' from='two' to='three'/>"))
	s.until(t, `team "Team": alice@example.org=Al bob@example.org= cid@example.org=`)
	p.change(func() {
		if got := strings.Join(p.asked, "\n"); !strings.Contains(got, "<since xmlns='"+ns+"' state='one'/>") {
			t.Errorf("asked\n%s", got)
		}
	})
}

// The peer goes away, and comes back with something else; then it does not trust
// us any more, has the group no more, or cannot be taken in just now.
func TestPeerLost(t *testing.T) {
	p, s := newPeer(), newSink()
	src := newSource(p, quick)
	over := runs(t, src, s)
	s.until(t, `team "Team": alice@example.org=Alice`)
	s.until(t, "back")
	p.change(func() { p.down = true })
	if err := over(); !errors.Is(err, source.ErrRefused) {
		t.Fatal(err)
	}
	p.change(func() { p.down, p.members = false, []string{"bob="} })
	runs(t, src, s)
	s.until(t, `team "Team": bob@example.org=`)
	s.until(t, "back")
	p.change(func() { p.trusts = false })
	s.until(t, "lost team: ")
	p.change(func() { p.trusts, p.title = true, "New" })
	s.until(t, `team "New": bob@example.org=`)
	s.mu.Lock()
	s.fail = errors.New("the disk is full")
	s.mu.Unlock()
	p.change(func() { p.title = "Newer" })
	s.until(t, "lost team: the disk is full")
	s.mu.Lock()
	s.fail = nil
	s.mu.Unlock()
	s.until(t, `team "Newer": bob@example.org=`)
	p.change(func() { p.groups = []string{"ops@hr.example.org", "evil@elsewhere.example", peerJID} })
	s.until(t, "only ops")
	s.until(t, "lost ops: subscribe to")
}

// A group that has never trusted us keeps the others from nothing.
func TestPeerThatTrustsInPart(t *testing.T) {
	p, s := newPeer(), newSink()
	p.groups = append(p.groups, "ops@hr.example.org")
	runs(t, newSource(p, source.Pace{}), s)
	s.until(t, "back")
	p.change(func() { p.members = append(p.members, "bob=") })
	p.says(teamJID, event(teamJID, "<item id='bob@example.org'><member xmlns='"+ns+"'/></item>", ""))
	s.until(t, `team "Team": alice@example.org=Alice bob@example.org=`)
}

// One address with the nodes themselves is one group, whose name we give.
func TestPlainService(t *testing.T) {
	p, s := newPeer(), newSink()
	p.answer = func(typ, from, to, payload string) string {
		if strings.Contains(payload, "disco#items") {
			return result(to, "<query xmlns='http://jabber.org/protocol/disco#items'><item jid='"+peerJID+"' node='"+ns+"#members'/></query>")
		}
		if to == peerJID {
			to = teamJID
		}
		return p.serve(typ, from, to, payload)
	}
	runs(t, source.NewPeer(source.PeerConfig{Link: p.link, Address: peerJID, Groups: []string{"team"}}), s)
	s.until(t, `team "Team": alice@example.org=Alice`)
	if !p.says(peerJID, event(peerJID, "<item id='bob@example.org'><member xmlns='"+ns+"'/></item>", "")) {
		t.Fatal("nobody listens")
	}
	s.until(t, `team "Team": alice@example.org=Alice bob@example.org=`)
	err := source.NewPeer(source.PeerConfig{Link: p.link, Address: peerJID}).Run(t.Context(), s)
	if err == nil || !strings.Contains(err.Error(), "say with groups") {
		t.Errorf("a group without a name: %v", err)
	}
}

// Periodically: nothing is subscribed to, and nobody listened to.
func TestPeerPeriodic(t *testing.T) {
	p, s := newPeer(), newSink()
	runs(t, source.NewPeer(source.PeerConfig{Link: p.link, Address: peerJID, Every: 1, Pace: source.Pace{}}), s)
	s.until(t, `team "Team": alice@example.org=Alice`)
	p.change(func() { p.members = []string{"bob="} })
	s.until(t, `team "Team": bob@example.org=`)
	p.change(func() {
		for _, a := range p.asked {
			if strings.HasPrefix(a, "set ") {
				t.Errorf("asked %s", a)
			}
		}
	})
	if p.says(teamJID, event(teamJID, "", "")) {
		t.Error("somebody listens")
	}
}

// A list that never ends takes no more room than there is for it.
func TestPeerWithoutEnd(t *testing.T) {
	p, s := newPeer(), newSink()
	page := 0
	long := strings.Repeat("x", 900)
	p.answer = func(typ, from, to, payload string) string {
		if typ != "get" || !strings.Contains(payload, "#members'") {
			return p.serve(typ, from, to, payload)
		}
		var b strings.Builder
		for i := range 100 {
			fmt.Fprintf(&b, "<item id='u%d-%d@example.org'><member xmlns='%s' nick='%s'/></item>", page, i, ns, long)
		}
		page++
		return result(to, "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='"+ns+"#members'>"+b.String()+"</items>"+
			fmt.Sprintf("<set xmlns='http://jabber.org/protocol/rsm'><first index='%d'>a</first><last>b%d</last><count>100000000</count></set></pubsub>", page*100-100, page))
	}
	runs(t, source.NewPeer(source.PeerConfig{Link: p.link, Address: peerJID, Room: 1 << 18}), s)
	s.until(t, "lost team: "+ns+"#members is too large")
	p.change(func() {
		if page > 60 {
			t.Errorf("%d pages were read", page)
		}
	})
}

// Whatever comes in the peer's name: nothing breaks, what is wrong is not told
// on, and what is right afterwards is.
func FuzzPeer(f *testing.F) {
	f.Add(event(teamJID, "<item id='bob@example.org'><member xmlns='"+ns+"' nick='B'/></item>", ""))
	f.Add(event("mallory@example.org", "<item id='bob@example.org'><member xmlns='"+ns+"'/></item>", ""))
	f.Add(event(teamJID, "<retract id='alice@example.org'/><item id='&#x0;'/>", "<state xmlns='"+ns+"' from='x' to='y' part='1/3'/>"))
	f.Add(event(teamJID, "", "<state xmlns='"+ns+"' to='z' full='true'/>"))
	f.Add("<message from='" + teamJID + "'><event xmlns='http://jabber.org/protocol/pubsub#event'><subscription node='" + ns + "#members' subscription='none'/></event></message>")
	f.Add("<message")
	f.Add("")
	f.Fuzz(func(t *testing.T, stanza string) {
		p, s := newPeer(), newSink()
		p.state = "one"
		runs(t, newSource(p, source.Pace{Pause: 1}), s)
		s.until(t, "back")
		p.says(teamJID, stanza)
		p.change(func() { p.members = []string{"zoe="} })
		// A state that nobody holds makes the source ask: everything is right then.
		for !p.says(teamJID, event(teamJID, "<item id='zoe@example.org'><member xmlns='"+ns+"'/></item>", "<state xmlns='"+ns+"' from='8' to='9'/>")) {
			s.until(t, `team "Team":`) // it subscribes again
		}
		s.until(t, `team "Team": zoe@example.org=`)
	})
}
