package component

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

const inNS = " xmlns='" + pubsub.NS + "'"

// set is a request to the group team.
func set(from, payload string) string {
	return "<iq type='set' id='set' from='" + from + "/x' to='team@" + testDomain + "'>" + payload + "</iq>"
}

// saidSeeds are conversations about words and who may say them; sub is a member's
// subscription.
func saidSeeds(sub string) []string {
	of := func(who, payload string) string {
		return strings.ReplaceAll(set(who+"@example.org", payload), testDomain, "groups.example.org") + "\n"
	}
	presence := "<presence from='bob@example.org/x' to='team@groups.example.org'/>\n"
	return []string{
		sub + "\n" + presence + of("bob", "<willing"+inNS+"><willing app='voice' value='no' until='2099-01-01T00:00:00Z'/><willing value='yes'/></willing>"),
		sub + "\n" + presence + of("bob", "<willing"+inNS+" app='voice' value='0'/>") + of("bob", "<willing"+inNS+" app='voice'/>") + of("bob", "<willing"+inNS+" app='&#x9;' value='no'/>"),
		sub + "\n" + presence + of("bob", "<trust"+inNS+"><bot jid='mallory@example.org'/><bot jid='x.example.org' may='status'/></trust>") +
			of("mallory", fmt.Sprintf("<report"+inNS+" for='bob@example.org' until='%s'><status>a&lt;b</status><willing app='x' value='no'/><activity xmlns='http://jabber.org/protocol/activity'><working/></activity></report>",
				time.Now().Add(time.Hour).UTC().Format(time.RFC3339))) + of("bob", "<trust"+inNS+"/>"),
		of("mallory", "<report"+inNS+" for='bob@example.org'/>") + of("mallory", "<willing"+inNS+"/>") + of("mallory", "<trust"+inNS+"/>"),
		presence + "<message type='headline' from='bob@example.org' to='team@groups.example.org'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='" + pubsub.NSWilling +
			"'><item><willing" + inNS + " value='no'/></item></items></event></message>\n" + sub,
		presence + "<message type='chat' from='bob@example.org/x' to='team@groups.example.org'><body>no calls until tomorrow 9 everywhere</body></message>\n" +
			"<message type='chat' from='bob@example.org/x' to='team@groups.example.org'><body>trust mallory@example.org with status</body></message>\n" + sub,
	}
}

// What a member publishes of his willingness is read by the same rules as what
// he publishes else, and what makes no sense is counted.
func TestHostileWillingness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc, p, stop := watched(t)
		lets(t, svc, "members: availability willingness")
		p.send(presence("ann@example.org/desk", ""))
		until(p, "jid='ann@example.org'><presence xmlns='jabber:client'></presence>")
		good := func(app string) {
			t.Helper()
			p.send(publishes(pubsub.NSWilling, "<willing"+inNS+" app='"+app+"' value='no'/>"))
			until(p, "<willing app='"+app+"' value='no'/></member>")
		}
		good("first")
		bad := []string{
			"<willing" + inNS + " value='perhaps'/>", "<willing" + inNS + " app='SECRET word' value='no'/>", "<willing" + inNS + " value='no' until='soon'/>",
			"<willing" + inNS + "><willing app='a' value='no'/><willing app='a' value='yes'/></willing>", "<willing" + inNS + "><willing app='a'/></willing>",
			"<willing" + inNS + ">" + strings.Repeat("<willing value='no'/>", 9) + "</willing>", "<willing xmlns='urn:x' value='no'/>",
			"<willing" + inNS + "><x xmlns='urn:x'>SECRET</x></willing>", "<mood xmlns='" + pubsub.NS + "'/>",
			"<willing" + inNS + " app='" + strings.Repeat("x", 100<<10) + "' value='no'/>",
		}
		for i, payload := range bad {
			p.send(publishes(pubsub.NSWilling, payload))
			until(p, "jid='ann@example.org'><presence xmlns='jabber:client'></presence></member>")
			good(fmt.Sprint("better", i))
		}
		if s := svc.Stats(); s.Malformed != uint64(len(bad)-1) || s.TooLarge != 1 {
			t.Errorf("counted %d malformed, %d too large", s.Malformed, s.TooLarge)
		}
		p.send(publishes(pubsub.NSWilling, "<willing"+inNS+"/>")) // nothing any more
		until(p, "jid='ann@example.org'><presence xmlns='jabber:client'></presence></member>")
		lets(t, svc, "members: availability")
		if notify, _ := p.wants(); len(notify) != 1 || notify[0] != node {
			t.Errorf("wants %q", notify)
		}
		p.leave(stop)
	})
}

// wordMarker is a marker that may stand as an application.
func wordMarker(granted bool) string {
	if granted {
		return marker(1 << 20)[:20]
	}
	return marker(1<<20 + 1)[:20]
}

// What is not granted is neither in memory nor in the database, whoever says it
// and wherever; what is granted is in both, but for what is published.
func TestWordsAreHeldIfGranted(t *testing.T) {
	for _, granted := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "rollcall.db")
		memory, closing := wordsIn(t, path, granted)
		closing()
		var disk []byte
		files, err := filepath.Glob(path + "*")
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			disk = append(disk, b...)
		}
		for _, c := range []struct {
			marker string
			stored bool
		}{{"said", true}, {"reported", true}, {"published", false}} {
			marker := []byte(wordMarker(granted) + "." + c.marker)
			if got := bytes.Contains(memory, marker); got != granted {
				t.Errorf("granted %v, %s in memory %v", granted, c.marker, got)
			}
			if got := bytes.Contains(disk, marker); got != (granted && c.stored) {
				t.Errorf("granted %v, %s in the database %v", granted, c.marker, got)
			}
		}
	}
}

// wordsIn is the memory of a service that was told the marker in three ways.
func wordsIn(t *testing.T, path string, granted bool) (memory []byte, closing func()) {
	t.Helper()
	kept, err := store.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	s := NewService(ServiceConfig{Link: Config{Domain: testDomain}, Store: kept})
	s.Link.Out.attach()
	const ann, bot = "ann@example.org", "calendar@bots.example.org"
	rec := &roster.GroupRecord{Name: "team", Members: []roster.MemberRecord{{JID: ann, Affiliation: roster.Plain, Ask: roster.Granted,
		Trusts: bot + " status willingness\n"}}}
	if err := s.Roster.CreateGroup(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	g := s.Roster.Loaded([]byte("team"))
	g.Unread()
	g.Read(ann)
	rules := policy.Availability
	if granted {
		rules |= policy.Willingness | policy.Status
	}
	a := policy.Authorization{Share: true, Rules: []policy.Rule{{Who: policy.Who{Class: policy.Members}, Attributes: rules}}}
	if err := g.Authorize(t.Context(), ann, &a); err != nil {
		t.Fatal(err)
	}
	said := make(chan bool)
	go func() { // whose stack is no more then
		word, ok := wordMarker(granted), true
		for _, raw := range []string{
			set(ann, "<willing"+inNS+"><willing app='"+word+".said' value='no'/></willing>"),
			set(bot, "<report"+inNS+" for='"+ann+"' until='"+time.Now().Add(time.Hour).UTC().Format(time.RFC3339)+"'><status>"+word+".reported</status></report>"),
			publishes(pubsub.NSWilling, "<willing"+inNS+" app='"+word+".published' value='no'/>"),
		} {
			ok = say(s, raw) && ok
			for _, q := range s.workers.queues {
				s.workers.drain(q)
			}
			_, _ = s.Link.Out.round()
		}
		said <- ok
	}()
	if !<-said {
		t.Fatal("no stanza")
	}
	return heapWith(t, s), func() {
		if err := kept.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A bot that says something else again and again has to wait, for one member at
// a time; who is trusted with nothing is told what he always is.
func TestReportsAreRationed(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	s := NewService(ServiceConfig{Link: Config{Domain: testDomain}, Store: store.Memory(), Now: func() time.Time { return now }})
	s.Link.Out.attach()
	const bot = "calendar@bots.example.org"
	rec := &roster.GroupRecord{Name: "team"}
	for _, jid := range []string{"ann@example.org", "bob@example.org"} {
		rec.Members = append(rec.Members, roster.MemberRecord{JID: jid, Affiliation: roster.Plain, Ask: roster.Granted, Trusts: bot + " status\n"})
	}
	if err := s.Roster.CreateGroup(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	n := 0
	report := func(bot, member string) string {
		t.Helper()
		n++
		say(s, set(bot, fmt.Sprintf("<report"+inNS+" for='%s' until='2026-01-01T13:00:00Z'><status>%d</status></report>", member, n)))
		for _, q := range s.workers.queues {
			s.workers.drain(q)
		}
		r, err := s.Link.Out.round()
		if err != nil {
			t.Fatal(err)
		}
		defer s.Link.Out.recycle(r.b)
		for _, word := range []string{"resource-constraint", "forbidden", "item-not-found", "type='result'"} {
			if strings.Contains(string(r.b), word) {
				return word
			}
		}
		return string(r.b)
	}
	for i := range 60 {
		want := "type='result'"
		if i >= reportBurst {
			want = "resource-constraint"
		}
		if got := report(bot, "ann@example.org"); got != want {
			t.Fatalf("the %d. time: %s", i+1, got)
		}
		if got := report("mallory@example.org", "ann@example.org"); got == "type='result'" || got == "resource-constraint" {
			t.Fatalf("a stranger is told %s", got)
		}
	}
	if got := report(bot, "bob@example.org"); got != "type='result'" {
		t.Errorf("of somebody else: %s", got)
	}
	now = now.Add(3 * time.Second)
	if got := report(bot, "ann@example.org") + report(bot, "ann@example.org"); got != "type='result'resource-constraint" {
		t.Errorf("later: %s", got)
	}
}
