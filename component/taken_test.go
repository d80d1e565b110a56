package component

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

const tim, tom = "tim@taken.example", "tom@taken.example"

// taker is a service without a server, whose group takes two members' presence
// from a peer.
type taker struct {
	t testing.TB
	s *Service
	g *roster.Group
}

func newTaker(t testing.TB) *taker { return newTakerAt(t, nil) }

func newTakerAt(t testing.TB, now func() time.Time) *taker {
	x := &taker{t: t}
	x.s = NewService(ServiceConfig{Store: store.Memory(), Now: now, Link: Config{Domain: "groups.example.org", ServerHost: "example.org"},
		Peers: []Peer{{Address: "presence.example", Take: []string{"taken.example"}}, {Address: "asks.example", Give: true, Grants: "availability"}}})
	x.s.Link.Out.attach()
	rec := &roster.GroupRecord{Name: "team"}
	for _, jid := range []string{tim, tom, "ann@example.org"} {
		rec.Members = append(rec.Members, roster.MemberRecord{JID: jid, Affiliation: roster.Plain})
	}
	ctx := context.Background()
	if err := x.s.Roster.CreateGroup(ctx, rec); err != nil {
		t.Fatal(err)
	}
	x.g, _ = x.s.Roster.Group(ctx, "team")
	if err := x.g.Authorize(ctx, tom, &policy.Authorization{}); err != nil { // shares nothing
		t.Fatal(err)
	}
	x.s.takings.visit(t.Context(), x.g, nil)
	return x
}

// hears lets a stanza come in.
func (x *taker) hears(raw string) {
	var st frame.Stanza
	if !passes([]byte(raw)) || !frame.Parse([]byte(raw), &st) {
		return
	}
	if err := x.s.Link.dispatch(x.s, &st); err != nil {
		x.t.Fatal(err)
	}
	for _, jid := range x.g.Unread() {
		x.g.Read(jid)
	}
}

// there is whether somebody is shown to be there.
func (x *taker) there(jid string) bool {
	var text string
	_ = x.g.Ask(&roster.Question{Node: roster.NodePresence, Watcher: "ann@example.org", To: "ann@example.org/x", Max: -1, Index: -1, IDs: []string{jid}, Into: func(b []byte) { text = string(b) }})
	x.g.Turn(nil, 1<<20)
	return strings.Contains(text, "<presence xmlns='jabber:client'>")
}

func peerEvent(from, to, items, state string) string {
	return fmt.Sprintf("<message from='%s' to='%s' type='headline'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='urn:xmpp:tmp:group-presence:0#presence'>%s</items></event>%s</message>", from, to, items, state)
}

func peerItem(jid, presence string) string {
	return fmt.Sprintf("<item id='%s'><member xmlns='urn:xmpp:tmp:group-presence:0' jid='%s'><presence xmlns='jabber:client'%s</member></item>", jid, jid, presence)
}

// A peer is asked for those whom policies let us see, and nobody else is; it is
// believed about them, from its own address, and in the group that asked.
func TestTaken(t *testing.T) {
	x := newTaker(t)
	r, err := x.s.Link.Out.round()
	if err != nil {
		t.Fatal(err)
	}
	said := string(r.b)
	if !strings.Contains(said, "<value>"+tim+"</value>") || strings.Contains(said, tom) || strings.Contains(said, "ann@example.org") || strings.Contains(said, "type='subscribe'") {
		t.Errorf("asked so: %s", said)
	}
	x.s.Link.Out.recycle(r.b)
	const here, full = "team@groups.example.org", "<state xmlns='urn:xmpp:tmp:group-presence:0' to='a' full='true'/>"
	yes := peerItem(tim, "/>")
	for what, hostile := range map[string]string{
		"somebody else":            peerEvent("evil.example", here, yes, full),
		"one of the peer's":        peerEvent("team@presence.example", here, yes, full),
		"a resource of the peer":   peerEvent("presence.example/x", here, yes, full),
		"the member himself":       peerEvent(tim, here, yes, full),
		"to another group":         peerEvent("presence.example", "crew@groups.example.org", yes, full),
		"to the service":           peerEvent("presence.example", "groups.example.org", yes, full),
		"about another node":       strings.Replace(peerEvent("presence.example", here, yes, full), "#presence", "#group", 1),
		"in no event":              strings.ReplaceAll(peerEvent("presence.example", here, yes, full), "pubsub#event", "pubsub"),
		"a presence of the server": "<presence from='" + tim + "/x' to='groups.example.org'/>",
		"an unknown element":       peerEvent("presence.example", here, "<item id='"+tim+"'><member xmlns='other'><presence xmlns='jabber:client'/></member></item>", ""),
	} {
		if x.hears(hostile); x.there(tim) {
			t.Fatalf("believed: %s", what)
		}
	}
	x.hears(peerEvent("presence.example", here, yes+peerItem(tom, "/>")+peerItem("ann@example.org", "/>")+peerItem("zoe@taken.example", "/>"), full))
	if !x.there(tim) || x.there(tom) || x.there("ann@example.org") {
		t.Errorf("tim %v, tom %v, ann %v", x.there(tim), x.there(tom), x.there("ann@example.org"))
	}
	x.hears(peerEvent("presence.example", here, "<retract id='"+tim+"'/>", "<state xmlns='urn:xmpp:tmp:group-presence:0' from='a' to='b'/>"))
	if x.there(tim) {
		t.Error("who is taken back is there")
	}
	x.hears(peerEvent("presence.example", here, yes, full))
	x.hears(peerEvent("presence.example", here, "", full))
	if x.there(tim) {
		t.Error("who is not in the whole state is there")
	}
}

// What a peer says of a member that nobody here may see does not even wait.
func TestTakenWaits(t *testing.T) {
	x := newTaker(t)
	if err := x.g.Authorize(context.Background(), tim, &policy.Authorization{Share: true, Rules: []policy.Rule{{Attributes: policy.Availability}}}); err != nil {
		t.Fatal(err)
	}
	x.s.takings.visit(t.Context(), x.g, nil)
	x.s.pace.set(1e-9, 1e-9)
	x.hears(peerEvent("presence.example", "team@groups.example.org", peerItem(tim, "/><mood xmlns='http://jabber.org/protocol/mood'><sad/></mood>"),
		"<state xmlns='urn:xmpp:tmp:group-presence:0' to='a' full='true'/>"))
	x.s.pace.mu.Lock()
	defer x.s.pace.mu.Unlock()
	for _, l := range x.s.pace.held {
		if len(l.payload) > 0 {
			t.Errorf("%s waits: %s", l.kind, l.payload)
		}
	}
	if len(x.s.pace.held) == 0 {
		t.Error("nothing waits at all")
	}
}

// Nor does what may not be seen any more, or not so exactly.
func TestWaitsNoLonger(t *testing.T) {
	x, ctx := newTaker(t), context.Background()
	grant := func(m policy.Mask) {
		t.Helper()
		if err := x.g.Authorize(ctx, tim, &policy.Authorization{Share: true, Rules: []policy.Rule{{Attributes: m}}}); err != nil {
			t.Fatal(err)
		}
	}
	waits := func() (n int) {
		x.s.pace.tell()
		x.s.pace.mu.Lock()
		defer x.s.pace.mu.Unlock()
		for _, l := range x.s.pace.held {
			if len(l.payload) > 0 {
				n++
			}
		}
		return n
	}
	grant(policy.All)
	x.s.takings.visit(t.Context(), x.g, nil)
	x.s.pace.set(1e-9, 1e-9)
	for _, jid := range x.g.Unread() {
		x.g.Read(jid)
	}
	x.hears(peerEvent("presence.example", "team@groups.example.org", peerItem(tim, "/><mood xmlns='http://jabber.org/protocol/mood'><sad/></mood>"+
		"<geoloc xmlns='http://jabber.org/protocol/geoloc'><lat>52.51234</lat><lon>13.41234</lon></geoloc>"),
		"<state xmlns='urn:xmpp:tmp:group-presence:0' to='a' full='true'/>"))
	if n := waits(); n != 2 {
		t.Fatalf("%d wait", n)
	}
	if err := x.g.SetPrecision(ctx, tim, roster.Country); err != nil {
		t.Fatal(err)
	}
	if n := waits(); n != 1 {
		t.Errorf("%d wait when it is too exact", n)
	}
	grant(policy.Availability)
	if n := waits(); n != 0 {
		t.Errorf("%d wait of what nobody may see", n)
	}
}

// What a peer says costs a stanza at most, and shows nobody it was not asked for.
func FuzzTaken(f *testing.F) {
	f.Add(peerItem(tim, "><show>dnd</show><status>x</status></presence><idle xmlns='urn:xmpp:idle:1' since='x'/>"), "<state xmlns='urn:xmpp:tmp:group-presence:0' from='a' to='b' part='1/2'/>")
	f.Add("<item id='"+tom+"'><member xmlns='urn:xmpp:tmp:group-presence:0'><presence xmlns='jabber:client'/><mood xmlns='http://jabber.org/protocol/mood'><happy/></mood></member></item><retract/>", "")
	f.Add("<item><item id='"+tim+"'/></item>", "<state xmlns='urn:xmpp:tmp:group-presence:0' full='true'/>")
	f.Add(everything(), whole)
	f.Add(peerItem(tim, "/><device name='a'/><device name='a' show='away'><capabilities can='audio x'><identity category='a' type='b'/></capabilities></device><connection state='off'/><willing app='x' value='no' source='a@b.example'/>"+
		"<reported of='status activity' until='2026-01-01T13:00:00Z' source='a@b.example'/><timezone>Z</timezone><language>de</language><interests><interest kind='hobby'>x</interest></interests>"), "")
	f.Fuzz(func(t *testing.T, items, state string) {
		x := newTaker(t)
		x.hears(peerEvent("presence.example", "team@groups.example.org", items, state))
		if x.there(tom) || x.there("ann@example.org") {
			t.Errorf("%s%s shows who was not asked for", items, state)
		}
	})
}

// To who is no peer our own address has no node of presence; a peer is told of
// the server's users only, and of those who have said nothing what is granted.
func TestGiven(t *testing.T) {
	x := newTaker(t)
	subscribe := func(from, options string) string {
		x.hears("<iq type='set' id='s' from='" + from + "' to='groups.example.org'><pubsub xmlns='http://jabber.org/protocol/pubsub'><subscribe node='urn:xmpp:tmp:group-presence:0#presence' jid='" + from + "'/>" + options + "</pubsub></iq>")
		for _, q := range x.s.workers.queues {
			x.s.workers.drain(q)
		}
		r, err := x.s.Link.Out.round()
		if err != nil {
			t.Fatal(err)
		}
		defer x.s.Link.Out.recycle(r.b)
		return string(r.b)
	}
	list := "<options><x xmlns='jabber:x:data' type='submit'><field var='{urn:xmpp:tmp:group-presence:0}members'><value>bea@example.org</value><value>zoe@elsewhere.example</value></field></x></options>"
	if got := subscribe("team@presence.example", list); !strings.Contains(got, "<item-not-found ") {
		t.Errorf("who is no peer gets %s", got)
	}
	if got := subscribe("team@asks.example", list); !strings.Contains(got, "subscription='subscribed'") {
		t.Errorf("a peer gets %s", got)
	}
	g := x.s.Roster.Loaded([]byte(`peer+team\40asks.example`))
	if g == nil {
		t.Fatal("there is no group for him")
	}
	if _, err := g.Member("zoe@elsewhere.example"); err == nil {
		t.Error("somebody else's user is asked for")
	}
	if _, err := g.Describe("bea@example.org"); err == nil {
		t.Error("a member knows of a peer's group")
	}
	if _, err := g.Describe("eve@example.org"); err == nil {
		t.Error("a stranger knows of a peer's group")
	}
	rec, err := x.s.Roster.ShowGroup(context.Background(), g.Name())
	if err != nil || !strings.Contains(rec.Settings.Policy, "default outsiders: availability") {
		t.Errorf("%+v, %v", rec, err)
	}
}
