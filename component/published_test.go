package component

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

const (
	moodNode = "http://jabber.org/protocol/mood"
	tuneNode = "http://jabber.org/protocol/tune"
	geoNode  = "http://jabber.org/protocol/geoloc"

	vcardNode = "urn:xmpp:vcard4"
)

// publishes is the event of something that ann published.
func publishes(node, payload string) string {
	return event("<items node='" + node + "'><item id='current'>" + payload + "</item></items>")
}

func tune(title string) string {
	return "<tune xmlns='" + tuneNode + "'><title>" + title + "</title></tune>"
}

// lets puts ann's rules in force.
func lets(t *testing.T, svc *Service, text string) {
	t.Helper()
	if err := svc.Roster.SetPolicy(t.Context(), "team", "ann@example.org", text); err != nil {
		t.Fatal(err)
	}
	if err := svc.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
}

var (
	nodesAsked = regexp.MustCompile(`<items node='([^']*)'`)
	verOf      = regexp.MustCompile(`<c [^>]*node='([^']*)' ver='([^']*)'`)
	notifyOf   = regexp.MustCompile(`'([^']*)\+notify'`)
)

// wants is what the group's latest presence to ann says that it wants of her,
// and what was read of her, since it was asked last.
func (p *peer) wants() (notify, read []string) {
	p.t.Helper()
	p.send(pingFrom("wants"))
	ver := ""
	for got := p.next(); !strings.Contains(got, "id='wants'"); got = p.next() {
		if m := verOf.FindStringSubmatch(got); m != nil && strings.Contains(got, "to='ann@example.org'") {
			ver = m[1] + "#" + m[2]
		}
	}
	p.mu.Lock()
	for _, q := range p.asked {
		if strings.Contains(q, "to='ann@example.org'") {
			read = append(read, nodesAsked.FindStringSubmatch(q)[1])
		}
	}
	p.asked = nil
	p.mu.Unlock()
	if ver == "" {
		return []string{"nothing said"}, read
	}
	p.send("<iq type='get' id='means' from='ann@example.org/x' to='team@" + testDomain + "/group'><query xmlns='" + pubsub.NSInfo + "' node='" + ver + "'/></iq>")
	for _, m := range notifyOf.FindAllStringSubmatch(until(p, "id='means'"), -1) {
		notify = append(notify, m[1])
	}
	return notify, read
}

// What nobody is granted is neither wanted nor read; what is granted is read
// once, and heard of from then on.
func TestNothingElseIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc, p, stop := watched(t)
		p.wants()
		for _, c := range []struct {
			rules        string
			notify, read []string
		}{
			{"members: availability mood", []string{moodNode, node}, nil},
			{"members: availability mood\njid:bob@example.org: location availability", []string{geoNode, moodNode, node}, []string{geoNode}},
			{"members: availability", []string{node}, nil},
			{"members: availability tune", []string{tuneNode, node}, []string{tuneNode}},
			{"members: availability tune show", []string{"nothing said"}, nil},
		} {
			lets(t, svc, c.rules)
			notify, read := p.wants()
			if !slices.Equal(notify, c.notify) || !slices.Equal(read, c.read) {
				t.Errorf("%q: wants %q, reads %q", c.rules, notify, read)
			}
		}
		if err := svc.Roster.UpdateGroup(t.Context(), "team", func(s *roster.Settings) error {
			s.Policy = "collect availability mood"
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		lets(t, svc, "members: all")
		if notify, read := p.wants(); !slices.Equal(notify, []string{moodNode, node}) || !slices.Equal(read, []string{moodNode}) {
			t.Errorf("wants %q, reads %q of what the group collects", notify, read)
		}
		p.leave(stop)
	})
}

// What cannot be passed on is counted, and is as if it were not there; nor is
// anybody believed but the member's own server.
func TestHostilePublications(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc, p, stop := watched(t)
		p.send(presence("ann@example.org/desk", ""))
		until(p, "jid='ann@example.org'><presence xmlns='jabber:client'></presence>")
		good := func(word string) {
			t.Helper()
			p.send(publishes(tuneNode, tune(word)))
			until(p, tune(word)+"</member>")
		}
		good("first")
		for _, from := range []string{"ann@example.org/desk", "bob@example.org", "bob@example.org/x", "mallory@example.org", "example.org", "ann@elsewhere.example", "dan@example.org"} {
			p.send(strings.Replace(publishes(tuneNode, tune("SECRET")), "ann@example.org", from, 1))
		}
		for _, elsewhere := range []string{geoNode, "urn:x"} { // not granted, not known
			p.send(publishes(elsewhere, "<geoloc xmlns='"+geoNode+"'><text>SECRET</text></geoloc>"))
		}
		good("second")
		bad := []string{
			"<tune xmlns='" + tuneNode + "'><title xmlns='urn:x'>SECRET</title></tune>",
			"<tune xmlns='" + tuneNode + "'><a><b><c><d><e><f>SECRET</f></e></d></c></b></a></tune>",
			"<mood xmlns='" + moodNode + "'><text>SECRET</text></mood>",
			"<tune xmlns='" + tuneNode + "'><title>SECRET&#x9b;</title></tune>",
			"<x:tune xmlns:x='" + tuneNode + "'><x:title>SECRET</x:title></x:tune>",
			tune("SECRET") + tune("SECRET"),
			tune("SECRET") + "</item><item>" + tune("SECRET"),
			tune("SECRET" + strings.Repeat("x", 100<<10)),
		}
		for i, payload := range bad {
			p.send(publishes(tuneNode, payload))
			until(p, "<device name='desk' connection='on'/></member>") // what it took the place of is not true any more
			good(fmt.Sprint("better ", i))
		}
		if s := svc.Stats(); s.Malformed != uint64(len(bad)-1) || s.TooLarge != 1 {
			t.Errorf("counted %d malformed, %d too large", s.Malformed, s.TooLarge)
		}
		p.leave(stop)
	})
}

// A thousand tunes in a moment cost who watches a few events, and nobody else
// anything; the last of them is what is shown then.
func TestManyTunes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc, p, stop := watched(t)
		p.send(presence("ann@example.org/desk", ""))
		until(p, "jid='ann@example.org'><presence xmlns='jabber:client'></presence>")
		for i := range 3000 {
			p.send(publishes(tuneNode, tune(fmt.Sprint("no ", i))))
		}
		p.send(presence("bob@example.org/desk", "<status>not held up</status>"))
		events := 0
		for got := p.next(); !strings.Contains(got, "not held up"); got = p.next() {
			events++
		}
		if err := svc.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		for got := p.next(); !strings.Contains(got, "no 2999"); got = p.next() {
			events++
		}
		if events > 120 {
			t.Errorf("%d events", events)
		}
		p.leave(stop)
	})
}

// What is not granted is not in memory, nor what is finer than is allowed or of
// another part of a vCard; and nothing that is published is ever in the
// database. What is granted is in memory: so the test would find it.
func TestNothingElseIsHeld(t *testing.T) {
	place := "<geoloc xmlns='" + geoNode + "'><country>Italy</country><locality>" + masked + "</locality></geoloc>"
	card := func(inside string) string {
		return "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><lang><language-tag>de</language-tag></lang>" + inside + "</vcard>"
	}
	for _, c := range []struct {
		what, node, payload string
		granted             policy.Mask
		as                  roster.Precision
		held                bool
	}{
		{"a tune, not granted", tuneNode, tune(masked), 0, roster.Exact, false},
		{"a tune", tuneNode, tune(masked), policy.Tune, roster.Exact, true},
		{"a town, not granted", geoNode, place, policy.Tune, roster.Exact, false},
		{"a town where only the country is shown", geoNode, place, policy.Location, roster.Country, false},
		{"a town where the region is shown", geoNode, place, policy.Location, roster.Region, false},
		{"a town", geoNode, place, policy.Location, roster.Locality, true},
		{"a name where languages are shown", vcardNode, card("<fn><text>" + masked + "</text></fn>"), policy.Language | policy.Interests, roster.Exact, false},
		{"a hobby where languages are shown", vcardNode, card("<hobby><text>" + masked + "</text></hobby>"), policy.Language, roster.Exact, false},
		{"a hobby", vcardNode, card("<hobby><text>" + masked + "</text></hobby>"), policy.Interests, roster.Exact, true},
	} {
		path := filepath.Join(t.TempDir(), "rollcall.db")
		n := rand.Uint64()
		memory := heldIn(t, path, c.granted, c.as, c.node, c.payload, n)
		marker := []byte(marker(n))
		if found := bytes.Contains(memory, marker); found != c.held {
			t.Errorf("%s: in memory %v", c.what, found)
		}
		files, err := filepath.Glob(path + "*")
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for _, file := range files {
			if b, err := os.ReadFile(file); err != nil || bytes.Contains(b, marker) {
				t.Errorf("%s: %s has it: %v", c.what, filepath.Base(file), err)
			}
		}
	}
}

// masked is where the marker is put, when nobody else holds it: so that it is in
// memory only where somebody took it in.
const masked = "MARKER"

// marker is a word that belongs to a number, and to no other test.
func marker(n uint64) string {
	return fmt.Sprintf("%x", sha256.Sum256(binary.BigEndian.AppendUint64(nil, n)))
}

// heldIn is the memory of a service to which ann's server told payload, with
// the marker of n in it, where she grants that much.
func heldIn(t *testing.T, path string, granted policy.Mask, as roster.Precision, node, payload string, n uint64) []byte {
	t.Helper()
	kept, err := store.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	s := NewService(ServiceConfig{Link: Config{Domain: testDomain}, Store: kept})
	s.Link.Out.attach()
	rec := &roster.GroupRecord{Name: "team", Members: []roster.MemberRecord{{JID: "ann@example.org", Affiliation: roster.Plain, Ask: roster.Granted}}}
	if err := s.Roster.CreateGroup(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	g := s.Roster.Loaded([]byte("team"))
	g.Unread()
	g.Read("ann@example.org")
	a := policy.Authorization{Share: true, Rules: []policy.Rule{{Who: policy.Who{Class: policy.Members}, Attributes: policy.Availability | granted}}}
	if err := errors.Join(g.Authorize(t.Context(), "ann@example.org", &a), g.SetPrecision(t.Context(), "ann@example.org", as)); err != nil {
		t.Fatal(err)
	}
	said := make(chan bool)
	go func() { said <- say(s, publishes(node, strings.ReplaceAll(payload, masked, marker(n)))) }() // whose stack is no more then
	if !<-said {
		t.Fatal("no stanza")
	}
	return heapWith(t, s)
}

// heapWith is what is in memory while s is.
func heapWith(t *testing.T, s *Service) []byte {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "heap"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	runtime.GC()
	runtime.GC()
	debug.WriteHeapDump(file.Fd())
	runtime.KeepAlive(s)
	b, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// say lets s hear a stanza, and forgets it.
func say(s *Service, raw string) bool {
	var st frame.Stanza
	ok := frame.Parse([]byte(raw), &st)
	s.Stanza(&st)
	return ok
}
