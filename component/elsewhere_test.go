package component

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/pubsub"
)

const (
	node = pubsub.NSAuthorization
	auth = "<authorization xmlns='" + pubsub.NS + "'><rule who='members' attributes='availability'/></authorization>"
)

func event(inside string) string {
	return "<message type='headline' from='ann@example.org' to='team@groups.example.org/group'><event xmlns='" + pubsub.NSEvent + "'>" + inside + "</event></message>"
}

func TestItem(t *testing.T) {
	items := func(inside string) string { return "<items node='" + node + "'>" + inside + "</items>" }
	big := strings.Repeat("<rule who='members' attributes='show'/>", 4000)
	for name, c := range map[string]struct {
		in    string
		want  string // part of the payload, "" = none
		about bool
	}{
		"item":          {event(items("<item id='current'>" + auth + "</item>")), auth, true},
		"addresses":     {event(items("<item>"+auth+"</item>")) + "", auth, true},
		"no payload":    {event(items("<item id='current'/>")), "", true},
		"retracted":     {event(items("<retract id='current'/>")), "", true},
		"purged":        {event("<purge node='" + node + "'/>"), "", true},
		"deleted":       {event("<delete node='" + node + "'/>"), "", true},
		"another node":  {event("<items node='http://jabber.org/protocol/mood'><item>" + auth + "</item></items>"), "", false},
		"both":          {event("<items node='urn:x'><item><x/></item></items>" + items("<item>"+auth+"</item>")), auth, true},
		"two items":     {event(items("<item>" + auth + "</item><item>" + auth + "</item>")), "<>", true},
		"empty and one": {event(items("<item/><item>" + auth + "</item>")), "<>", true},
		"one and empty": {event(items("<item>" + auth + "</item><item/>")), "<>", true},
		"two payloads":  {event(items("<item>" + auth + auth + "</item>")), "<>", true},
		"other payload": {event(items("<item><authorization xmlns='urn:x'/></item>")), "<>", true},
		"too large":     {event(items("<item><authorization xmlns='" + pubsub.NS + "'>" + big + "</authorization></item>")), "<>", true},
		"other wrapper": {strings.ReplaceAll(event(items("<item>"+auth+"</item>")), "#event", ""), "", false},
		"prefixes": {event("<p:items xmlns:p='" + pubsub.NSEvent + "' node='" + node + "'><p:item><a:authorization xmlns:a='" + pubsub.NS + "' share='false'/></p:item></p:items>"),
			"<a:authorization xmlns:a='" + pubsub.NS + "' share='false'/>", true},
		"nothing": {"<message/>", "", false},
	} {
		payload, about := item([]byte(c.in), pubsub.NSEvent, node)
		if string(payload) != c.want || about != c.about {
			t.Errorf("%s: %q, %v", name, payload, about)
		}
	}
}

// What an answer means; the first that is not understood shares nothing, and
// what says nothing changes nothing.
func TestFound(t *testing.T) {
	answer := func(raw string) *frame.Stanza {
		var st frame.Stanza
		if !frame.Parse([]byte(raw), &st) {
			t.Fatalf("no stanza: %s", raw)
		}
		return &st
	}
	refusal := func(condition string) *frame.Stanza {
		return answer("<iq type='error' from='ann@example.org'><pubsub xmlns='" + pubsub.NSPubSub + "'><items node='x'/></pubsub><error type='cancel'>" +
			"<closed-node xmlns='" + pubsub.NSErrors + "'/><" + condition + " xmlns='" + nsStanzas + "'/></error></iq>")
	}
	for _, known := range []string{"item-not-found", "forbidden", "not-allowed", "not-authorized", "feature-not-implemented"} {
		if f := found(refusal(known), nil); !f.known || f.payload != nil {
			t.Errorf("%s is something", known)
		}
	}
	for _, unknown := range []string{"service-unavailable", "remote-server-timeout", "remote-server-not-found", "internal-server-error", "resource-constraint", "recipient-unavailable"} {
		if f := found(refusal(unknown), nil); f.known {
			t.Errorf("%s says something", unknown)
		}
	}
	if found(nil, ErrTimeout).known || found(nil, ErrDown).known {
		t.Error("no answer says something")
	}
	f := found(nil, fmt.Errorf("%w", &frame.RefusedError{Reason: errors.New("too large")}))
	if a, err := f.policy(); err == nil || a == nil || a.Share {
		t.Error("what is too large shares something")
	}
	f = found(answer("<iq type='result'><pubsub xmlns='"+pubsub.NSPubSub+"'><items node='"+node+"'/></pubsub></iq>"), nil)
	if a, err := f.policy(); err != nil || a != nil || !f.known {
		t.Error("an empty node says something")
	}
	for _, bad := range []string{"<rule who='members' attributes='shoe'/>", "<rule who='nobody' attributes='all'/>"} {
		payload := strings.Replace(auth, "<rule who='members' attributes='availability'/>", bad, 1)
		f := finding{known: true, payload: []byte(payload)}
		if a, err := f.policy(); err == nil || a == nil || a.Share || len(a.Rules) > 0 {
			t.Errorf("%s shares something", bad)
		}
	}
}

// watched is a service with ann, who granted her presence, and bob, whose
// subscription is complete.
func watched(t *testing.T) (svc *Service, p *peer, stop func() error) {
	t.Helper()
	svc, p, stop = serve(t, "ann", "bob", "!dan")
	p.send("<iq type='set' id='s' from='bob@example.org/desk' to='team@" + testDomain + "'><pubsub xmlns='http://jabber.org/protocol/pubsub'>" +
		"<subscribe node='urn:xmpp:tmp:group-presence:0#presence' jid='bob@example.org'/></pubsub></iq>")
	until(p, "full='true'")
	return svc, p, stop
}

// until returns the next frame that has all of these in it; none before may
// say what is secret.
func until(p *peer, words ...string) string {
	p.t.Helper()
next:
	for {
		got := p.next()
		if strings.Contains(got, "SECRET") {
			p.t.Fatalf("said: %s", got)
		}
		for _, w := range words {
			if !strings.Contains(got, w) {
				continue next
			}
		}
		return got
	}
}

func presence(from, inside string) string {
	return "<presence from='" + from + "' to='team@" + testDomain + "'>" + inside + "</presence>"
}

// id is that of a request.
func id(request string) string {
	_, rest, _ := strings.Cut(request, " id='")
	v, _, _ := strings.Cut(rest, "'")
	return v
}

// Nobody is shown before his server has answered, and then what it allows.
func TestHeldUntilRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p, stop := watched(t)
		p.keen.Store(true)
		p.send(presence("ann@example.org/desk", "<status>SECRET</status>"))
		until(p, "<presence from='team@"+testDomain+"/group' to='ann@example.org'><c xmlns=")
		ask := until(p, "<iq type='get'", "max_items='1'", "to='ann@example.org'")
		p.send("<iq type='result' id='" + id(ask) + "' from='ann@example.org' to='team@" + testDomain + "'><pubsub xmlns='http://jabber.org/protocol/pubsub'>" +
			"<items node='" + node + "'><item id='current'>" + auth + "</item></items></pubsub></iq>")
		until(p, "jid='ann@example.org'><presence xmlns='jabber:client'></presence></member>")
		p.leave(stop)
	})
}

// A server that does not answer holds nobody up for long; what was known of it
// stays.
func TestSilentServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p, stop := watched(t)
		p.send(event("<items node='" + node + "'><item>" + auth + "</item></items>"))
		p.keen.Store(true)
		began := time.Now()
		p.send(presence("ann@example.org/desk", "<status>SECRET</status>"))
		until(p, "<iq type='get'", "max_items='1'", "to='ann@example.org'")
		until(p, "jid='ann@example.org'><presence xmlns='jabber:client'></presence></member>")
		if took := time.Since(began); took < readTime || took > 2*readTime {
			t.Errorf("shown after %v", took)
		}
		p.leave(stop)
	})
}

// Events are believed of the member's own account alone, and only of who lets
// the group see his presence.
func TestForgedEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc, p, stop := watched(t)
		p.send(presence("ann@example.org/desk", "<status>open</status>"))
		until(p, "open")
		nothing := event("<items node='" + node + "'><item><authorization xmlns='" + pubsub.NS + "' share='false'/></item></items>")
		for _, from := range []string{"ann@example.org/desk", "bob@example.org/x", "mallory@example.org", "example.org", "ann@elsewhere.example", "dan@example.org"} {
			p.send(strings.Replace(nothing, "ann@example.org", from, 1))
		}
		p.send(strings.Replace(nothing, "team@", "unused@", 1))
		p.send(strings.Replace(nothing, "type='headline' ", "type='groupchat' ", 1))
		synctest.Wait()
		if err := svc.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, m := range record(t, svc) {
			if m != "" {
				t.Errorf("believed: %q", m)
			}
		}
		p.send(nothing)
		until(p, "jid='ann@example.org'><presence xmlns='jabber:client' type='unavailable'/>")
		p.leave(stop)
	})
}

// record is what the members of the group keep elsewhere, as stored.
func record(t *testing.T, svc *Service) (all []string) {
	t.Helper()
	rec, err := svc.Roster.ShowGroup(t.Context(), "team")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range rec.Members {
		all = append(all, m.Elsewhere)
	}
	return all
}

// A taken-back item is looked for, once at a time however often it is said, and
// what is known stays until it is known better.
func TestRetracted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc, p, stop := watched(t)
		p.send(event("<items node='" + node + "'><item>" + auth + "</item></items>"))
		synctest.Wait()
		p.keen.Store(true)
		for range 100 {
			p.send(event("<items node='" + node + "'><retract id='current'/></items>"))
		}
		synctest.Wait()
		asked := 0
		answer := func() {
			ask := until(p, "<iq type='get'", "max_items='1'")
			asked++
			io.WriteString(p.conn, "<iq type='error' id='"+id(ask)+"' from='ann@example.org' to='team@"+testDomain+"'><error type='cancel'><item-not-found xmlns='"+nsStanzas+"'/></error></iq>")
		}
		if got := record(t, svc); got[0] == "" {
			t.Error("forgotten before it was known")
		}
		answer()
		answer() // what was said behind the question
		if err := svc.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.send(pingFrom("over"))
		if got := until(p, "id='over'"); asked != 2 || !strings.Contains(got, "over") {
			t.Errorf("asked %d times", asked)
		}
		if got := record(t, svc); got[0] != "" {
			t.Errorf("remembered: %q", got)
		}
		p.leave(stop)
	})
}

// What the group's presence can do is told to who may know of the group; to a
// stranger it is a name that is not used.
func TestCapabilitiesOfStrangers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc, p, stop := watched(t)
		p.send("<presence type='subscribe' from='bob@example.org' to='team@" + testDomain + "'/>")
		line := until(p, "<presence from='team@"+testDomain+"/group' to='bob@example.org'", "<c xmlns='http://jabber.org/protocol/caps'")
		_, rest, _ := strings.Cut(line, " ver='")
		ver, _, _ := strings.Cut(rest, "'")
		_, rest, _ = strings.Cut(line, " node='")
		software, _, _ := strings.Cut(rest, "'")
		ask := func(who, name, node string) string {
			p.send("<iq type='get' id='q' from='" + who + "@example.org/x' to='" + name + "@" + testDomain + "/group'><query xmlns='" + pubsub.NSInfo + "' node='" + node + "'/></iq>")
			return strings.ReplaceAll(until(p, "id='q'"), name+"@", "NAME@")
		}
		if got := ask("bob", "team", software+"#"+ver); !strings.Contains(got, "'"+node+"+notify'") {
			t.Errorf("told %s", got)
		}
		if got := ask("bob", "team", software+"#other"); !strings.Contains(got, "item-not-found") {
			t.Errorf("told %s", got)
		}
		if one, two := ask("mallory", "team", software+"#"+ver), ask("mallory", "unused", software+"#"+ver); one != two || strings.Contains(one, "feature") {
			t.Errorf("told %s, and of an unused name %s", one, two)
		}
		if err := svc.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.leave(stop)
	})
}

// What is too large to be read is no reason to show more.
func TestOversizedEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p, stop := watched(t)
		p.send(presence("ann@example.org/desk", "<status>open</status>"))
		until(p, "open")
		p.keen.Store(true)
		huge := "<authorization xmlns='" + pubsub.NS + "'>" + strings.Repeat("<rule who='members' attributes='all'/>", 40_000) + "</authorization>"
		go p.send(event("<items node='" + node + "'><item>" + huge + "</item></items>"))
		ask := until(p, "<iq type='get'", "max_items='1'")
		go p.send("<iq type='result' id='" + id(ask) + "' from='ann@example.org' to='team@" + testDomain + "'><pubsub xmlns='http://jabber.org/protocol/pubsub'>" +
			"<items node='" + node + "'><item>" + huge + "</item></items></pubsub></iq>")
		until(p, "jid='ann@example.org'><presence xmlns='jabber:client' type='unavailable'/>")
		p.leave(stop)
	})
}
