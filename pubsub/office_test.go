package pubsub_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// office is a service that is asked as other people's clients ask, and whose
// answers are read as they stand on the wire.
type office struct {
	*testing.T
	r     *roster.Roster
	s     *pubsub.Service
	now   time.Time
	asked int
	ready []*roster.Group
	heard []string // notices and events, in order
	told  []roster.Notice
}

func (o *office) Ready(g *roster.Group)                              { o.ready = append(o.ready, g) }
func (o *office) Wanted(*roster.Group)                               {}
func (o *office) Gone(string, string, []string)                      {}
func (o *office) Presence(group, to string, typ roster.PresenceType) {}
func (o *office) Began(group string, rec roster.SubscriptionRecord) {
	o.heard = append(o.heard, string((&pubsub.Renderer{Domain: domain}).Began(nil, group, &rec)))
}

func (o *office) Ended(group string, rec roster.SubscriptionRecord) {
	o.heard = append(o.heard, string((&pubsub.Renderer{Domain: domain}).Ended(nil, group, &rec)))
}

// open is an office with the group team: alice is its owner, bob and carol are
// members, all share their presence.
func open(t *testing.T, settings roster.Settings) *office {
	t.Helper()
	o := &office{T: t, now: firstDay}
	o.r = roster.New(roster.Options{Store: store.Memory(), Outbox: o, Renderer: &pubsub.Renderer{Domain: domain},
		Now: func() time.Time { return o.now }, Log: slog.New(slog.DiscardHandler), Notify: func(n roster.Notice) { o.told = append(o.told, n) }})
	o.s = &pubsub.Service{Roster: o.r, Domain: domain, Title: "Group presence"}
	o.group("team", settings, "alice", "bob", "carol")
	return o
}

// group makes a group; the first member is its owner.
func (o *office) group(name string, settings roster.Settings, members ...string) {
	o.Helper()
	rec := &roster.GroupRecord{Name: name, Settings: settings}
	for i, m := range members {
		one := roster.MemberRecord{JID: m + "@example.org", Affiliation: roster.Plain, Ask: roster.Granted}
		if i == 0 {
			one.Affiliation = roster.Owner
		}
		rec.Members = append(rec.Members, one)
	}
	if err := o.r.CreateGroup(o.Context(), rec); err != nil {
		o.Fatal(err)
	}
	o.Cleanup(func() {
		if err := o.r.DeleteGroup(context.Background(), name); err != nil && !errors.Is(err, roster.ErrNoGroup) {
			o.Error(err)
		}
	})
}

func (o *office) team() *roster.Group { return o.r.Loaded([]byte("team")) }

// is is how somebody's device is.
func (o *office) is(who, resource string, show roster.Show) {
	o.team().Hear([]byte(who+"@example.org"), []byte(resource), &roster.Presence{Show: show})
}

// ask puts a request of who's device home to team, or with "" to the service;
// what comes of it but the answer is in heard. NS stands for our namespace.
func (o *office) ask(who, typ, group, payload string) string {
	o.Helper()
	o.asked++
	payload = expand(payload)
	var in frame.Scanner
	in.Reset([]byte(payload))
	if !in.Next() {
		o.Fatalf("%s is no element", payload)
	}
	q := &pubsub.Request{Set: typ == "set", From: who + "@example.org/home", To: strings.TrimPrefix(group+"@"+domain, "@"), Group: group,
		ID: fmt.Sprint("o", o.asked), Space: string(in.NS()), Local: string(in.Local()), Payload: []byte(payload)}
	b := o.s.Handle(o.Context(), nil, q)
	o.turn(&b)
	all := o.split(b)
	if len(all) == 0 {
		o.Fatalf("no answer to %s", payload)
	}
	o.heard = append(o.heard, all[1:]...)
	return strings.ReplaceAll(all[0], ns+"#", "NS#")
}

// expand lets NS stand for our namespace.
func expand(payload string) string { return strings.ReplaceAll(payload, "NS#", ns+"#") }

// turn gives the groups their turns.
func (o *office) turn(answer *[]byte) {
	o.Helper()
	for len(o.ready) > 0 {
		g := o.ready[0]
		o.ready = o.ready[1:]
		b, more := g.Turn(nil, 1<<20)
		if more {
			o.Ready(g)
		}
		for _, raw := range o.split(b) {
			if strings.HasPrefix(raw, "<iq") && answer != nil {
				*answer = append([]byte(raw), *answer...)
			} else {
				o.heard = append(o.heard, raw)
			}
		}
	}
}

func (o *office) split(b []byte) (all []string) {
	o.Helper()
	in := frame.NewReader(bytes.NewReader(b), 1<<18, 100)
	for {
		raw, err := in.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			o.Fatal(err)
		}
		all = append(all, string(raw))
	}
}

// hears takes what was heard since the last time, and compares their number.
func (o *office) hears(n int) []string {
	o.Helper()
	o.turn(nil)
	all := o.heard
	if o.heard = nil; len(all) != n {
		o.Fatalf("%d stanzas, want %d:\n%s", len(all), n, strings.Join(all, "\n"))
	}
	return all
}

// has compares an answer with what must stand in it.
func (o *office) has(answer string, want ...string) {
	o.Helper()
	for _, w := range want {
		if !strings.Contains(answer, w) {
			o.Errorf("%s\nlacks %s", answer, w)
		}
	}
}

// is an error with those conditions, of the stanza and of the application.
func (o *office) refuses(answer, typ, condition, app string) {
	o.Helper()
	o.has(answer, "<iq type='error'", "<error type='"+typ+"'><"+condition+" ")
	if app != "" {
		o.has(answer, "<"+app+" xmlns='"+pubsub.NSErrors+"'")
	}
}

var subIDOf = regexp.MustCompile(` subid='([^']*)'`)

func subID(answer string) string {
	if m := subIDOf.FindStringSubmatch(answer); m != nil {
		return m[1]
	}
	return ""
}

// submit is a form with those fields: var, then its value, values parted by
// commas.
func submit(fields ...string) string {
	s := "<x xmlns='jabber:x:data' type='submit'>"
	for i := 0; i < len(fields); i += 2 {
		s += "<field var='" + strings.Replace(fields[i], "{}", "{"+ns+"}", 1) + "'>"
		for v := range strings.SplitSeq(fields[i+1], ",") {
			s += "<value>" + v + "</value>"
		}
		s += "</field>"
	}
	return s + "</x>"
}

func ownerXML(payload string) string {
	return "<pubsub xmlns='" + pubsub.NSOwner + "'>" + payload + "</pubsub>"
}
