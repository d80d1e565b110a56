package component

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

const (
	fromPeer = "presence.example"
	toTeam   = "team@groups.example.org"
	whole    = "<state xmlns='urn:xmpp:tmp:group-presence:0' to='a' full='true'/>"
)

// toldParts is what an item of the peer's can say beside the show, by word.
var toldParts = map[policy.Mask]string{
	policy.Mood:        "<mood xmlns='http://jabber.org/protocol/mood'><happy/></mood>",
	policy.Activity:    "<activity xmlns='http://jabber.org/protocol/activity'><working/></activity>",
	policy.Tune:        "<tune xmlns='http://jabber.org/protocol/tune'><title>Heart</title></tune>",
	policy.Interests:   "<interests><interest kind='hobby' level='high'>chess</interest></interests>",
	policy.Language:    "<language>de en</language>",
	policy.Location:    "<geoloc xmlns='http://jabber.org/protocol/geoloc'><country>Italy</country></geoloc>",
	policy.Nickname:    "<nick xmlns='http://jabber.org/protocol/nick'>Timmy</nick>",
	policy.Avatar:      "<metadata xmlns='urn:xmpp:avatar:metadata'><info bytes='1' id='111f4b3c50d7b0df729d299bc6f8e9ef9066971f' type='image/png'/></metadata>",
	policy.Timezone:    "<timezone>+02:00</timezone>",
	policy.Addresses:   "<reach xmlns='urn:xmpp:reach:0'><addr uri='tel:+1'/></reach>",
	policy.Willingness: "<willing app='voice' value='no'/>",
	policy.Idle:        "<idle xmlns='urn:xmpp:idle:1' since='2026-01-01T12:00:00Z'/>",
	policy.Devices: "<device name='phone' show='away' connection='off'><capabilities can='audio'><identity category='client' type='phone'/></capabilities></device>" +
		"<device name='desk' show='dnd' connection='interrupted'><capabilities can='files'><identity category='client' type='pc'/></capabilities></device>",
}

// everything is an item that says all of it.
func everything() string {
	text := "><show>dnd</show><status>On a call</status></presence>"
	for _, kind := range sortedParts() {
		text += toldParts[kind]
	}
	return peerItem(tim, text)
}

func sortedParts() (all []policy.Mask) {
	for kind := range toldParts {
		all = append(all, kind)
	}
	slices.Sort(all)
	return all
}

// grants lets tim be seen so.
func (x *taker) grants(m policy.Mask) {
	x.t.Helper()
	if err := x.g.Authorize(context.Background(), tim, &policy.Authorization{Share: true, Rules: []policy.Rule{{Attributes: m}}}); err != nil {
		x.t.Fatal(err)
	}
	x.s.takings.visit(context.Background(), x.g, nil)
	for _, jid := range x.g.Unread() {
		x.g.Read(jid)
	}
}

// item is what ann sees of somebody.
func (x *taker) item(jid string) string {
	x.t.Helper()
	var text string
	_ = x.g.Ask(&roster.Question{Node: roster.NodePresence, Watcher: "ann@example.org", To: "ann@example.org/x", Max: -1, Index: -1, IDs: []string{jid}, Into: func(b []byte) { text = string(b) }})
	x.g.Turn(nil, 1<<20)
	from := strings.Index(text, "<presence ")
	to := strings.Index(text, "</member>")
	if from < 0 || to < 0 {
		x.t.Fatalf("no item: %s", text)
	}
	return text[from:to]
}

// What the peer's item says is what the watcher sees, to the byte, if everything
// is granted; it all goes as it came.
func TestToldWhole(t *testing.T) {
	x := newTaker(t)
	x.grants(policy.All)
	sent := peerEvent(fromPeer, toTeam, everything(), whole)
	x.hears(sent)
	got := x.item(tim)
	want := "<presence xmlns='jabber:client'><show>dnd</show><status>On a call</status></presence>" +
		"<device name='desk' show='dnd' connection='interrupted'><capabilities can='files'><identity category='client' type='pc'/></capabilities></device>" +
		"<device name='phone' show='away' connection='off'><capabilities can='audio'><identity category='client' type='phone'/></capabilities></device>" +
		toldParts[policy.Idle]
	for _, kind := range sortedParts() {
		if kind >= policy.Mood {
			want += toldParts[kind]
		}
	}
	if got != want {
		t.Errorf("shown is\n%s\nnot\n%s", got, want)
	}
	// Once more through a peer of its own it is the same again.
	x.hears(peerEvent(fromPeer, toTeam, "<item id='"+tim+"'><member xmlns='urn:xmpp:tmp:group-presence:0' jid='"+tim+"'>"+got+"</member></item>", whole))
	if again := x.item(tim); again != want {
		t.Errorf("then it is\n%s", again)
	}
	x.hears(peerEvent(fromPeer, toTeam, peerItem(tim, "/>"), whole))
	if got := x.item(tim); got != "<presence xmlns='jabber:client'></presence><device name='presence' connection='on'/>" {
		t.Errorf("what is not said any more: %s", got)
	}
	x.hears(sent)
	x.hears(peerEvent(fromPeer, toTeam, peerItem(tim, " type='unavailable'/>"), whole))
	if got := x.item(tim); got != "<presence xmlns='jabber:client' type='unavailable'/>" {
		t.Errorf("who is gone: %s", got)
	}
}

// Each word apart: nothing else of what the peer tells is shown, or held, or
// asked for.
func TestToldByWord(t *testing.T) {
	marks := map[policy.Mask]string{policy.Show: "dnd", policy.Status: "On a call", policy.Connection: "interrupted", policy.Devices: "name='phone'", policy.Capabilities: "audio"}
	for kind, part := range toldParts {
		if kind >= policy.Mood || kind == policy.Idle {
			marks[kind] = part
		}
	}
	for kind := range marks {
		x := newTaker(t)
		x.grants(policy.Availability | kind)
		r, err := x.s.Link.Out.round()
		if err != nil {
			t.Fatal(err)
		}
		asked := string(r.b)
		asked = asked[strings.LastIndex(asked, "}attributes'>"):]
		for _, word := range strings.Fields(policy.All.String()) {
			mask, _ := policy.ParseMask(word)
			if wanted := mask&(policy.Counted|policy.Availability|kind) != 0; wanted != strings.Contains(asked, "<value>"+word+"</value>") {
				t.Errorf("of %s %s is asked: %v", kind, word, !wanted)
			}
		}
		x.s.Link.Out.recycle(r.b)
		x.hears(peerEvent(fromPeer, toTeam, everything(), whole))
		got := x.item(tim)
		for other, mark := range marks {
			if shown := strings.Contains(got, mark); shown != (other == kind) {
				t.Errorf("granted %s, %s is shown: %v in\n%s", kind, other, shown, got)
			}
		}
		x.grants(policy.All) // now everything would be shown that is held
		for other, mark := range marks {
			if other != kind && other != policy.Devices && strings.Contains(x.item(tim), mark) {
				t.Errorf("granted %s, held is %s: %s", kind, other, x.item(tim))
			}
		}
	}
}

// What cannot be read is as if it were not said; the rest of the item counts.
func TestToldNonsense(t *testing.T) {
	for _, odd := range []string{
		"<timezone>Europe/Rome</timezone>", "<timezone><x/></timezone>", "<language>&lt;en</language><language/>",
		"<interests><interest kind='secret'>x</interest><interest kind='hobby'>a\u202eb</interest></interests>",
		"<willing app='VOICE' value='no'/>", "<willing app='voice' value='perhaps'/>", "<willing app='voice' value='no' source='no address/x'/>",
		"<reported of='status' source='cal@example.org'/>", "<reported of='status' until='2026-13-01T00:00:00Z' source='cal@example.org'/>",
		"<mood xmlns='http://jabber.org/protocol/mood'><happy xmlns='evil'/></mood>", "<tune xmlns='http://jabber.org/protocol/tune'><x:title/></tune>",
		"<device/>", "<device name=''/>", "<device name='" + strings.Repeat("x", 1100) + "'/>", "<connection state='perhaps'/>", "<capabilities can='all'/>",
		"<capabilities><identity category='cl&amp;ient' type='pc'/></capabilities>", "<unknown xmlns='evil'/>", "text",
		"<x xmlns='vcard-temp:x:update'><photo>evil</photo></x>", "<geoloc xmlns='http://jabber.org/protocol/geoloc'>" + strings.Repeat("<text>x</text>", 300) + "</geoloc>",
	} {
		x := newTaker(t)
		x.grants(policy.All)
		x.hears(peerEvent(fromPeer, toTeam, peerItem(tim, "><show>dnd</show></presence>"+odd), whole))
		if got := x.item(tim); got != "<presence xmlns='jabber:client'><show>dnd</show></presence><device name='presence' show='dnd' connection='on'/>" {
			t.Errorf("%.60s: %s", odd, got)
		}
	}
}

// Whoever said it on his behalf stays who he is, and his time is over by itself.
func TestToldOnBehalf(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	x := newTakerAt(t, func() time.Time { return now })
	x.grants(policy.All)
	const by = " until='2026-01-01T13:00:00Z' source='cal@example.org'/>"
	said := "<willing value='yes'/><willing app='voice' value='no'" + by + "<reported of='status activity'" + by
	x.hears(peerEvent(fromPeer, toTeam, peerItem(tim, "><status>In a meeting</status></presence>"+toldParts[policy.Activity]+said), whole))
	want := "<presence xmlns='jabber:client'><status>In a meeting</status></presence><device name='presence' connection='on'/>" + toldParts[policy.Activity] + said
	if got := x.item(tim); got != want {
		t.Errorf("shown is\n%s\nnot\n%s", got, want)
	}
	now = now.Add(time.Hour)
	x.g.Tick()
	if got := x.item(tim); got != "<presence xmlns='jabber:client'></presence><device name='presence' connection='on'/><willing value='yes'/>" {
		t.Errorf("later it is %s", got)
	}
}

// Two peers whose items differ only in what is not granted here: the watcher is
// told the same, byte for byte and as often, and the group holds the same.
func TestToldNonInterference(t *testing.T) {
	words := sortedParts()
	for _, granted := range []policy.Mask{policy.Availability, policy.Availability | policy.Show, policy.Availability | policy.Devices, policy.Availability | policy.Status | policy.Mood, policy.Counted} {
		var sights [2][]string
		for world := range 2 {
			x := newTaker(t)
			x.grants(granted)
			if _, err := x.g.Subscribe(context.Background(), "ann@example.org", "ann@example.org/x", roster.NodeGroup, nil); err != nil {
				t.Fatal(err)
			}
			look := func(what string) {
				b, _ := x.g.Turn(nil, 1<<20)
				events := strings.Count(string(b), "<event ")
				sights[world] = append(sights[world], fmt.Sprint(what, " ", events, " ", x.item(tim)))
			}
			look("begin")
			for i, kind := range words {
				text := "><show>away</show><status>here</status></presence>" + toldParts[policy.Mood] + "<device name='a' show='away'/>"
				if world == 1 { // the same but for what is not granted
					text = "><show>away</show><status>here</status></presence>"
					if granted&policy.Show == 0 {
						text = "><show>xa</show><status>here</status></presence>"
					}
					if granted&policy.Status == 0 {
						text = strings.Replace(text, "here", fmt.Sprint("SECRET", i), 1)
					}
					if granted&policy.Mood != 0 {
						text += toldParts[policy.Mood]
					}
					if granted&policy.Devices != 0 {
						text += "<device name='a' show='away'/>"
					}
					if kind&granted == 0 && kind != policy.Mood && kind != policy.Devices {
						text += toldParts[kind]
					}
				}
				x.hears(peerEvent(fromPeer, toTeam, peerItem(tim, text), whole))
				look(kind.String())
			}
			x.hears(peerEvent(fromPeer, toTeam, peerItem(tim, " type='unavailable'/>"), whole))
			look("end")
		}
		for i := range sights[0] {
			if sights[0][i] != sights[1][i] {
				t.Errorf("granted %s, told\n%s\nand\n%s", granted, sights[0][i], sights[1][i])
			}
		}
	}
}
