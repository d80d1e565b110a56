package roster_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// stage is a group, the model of it, and everybody who is told something.
type stage struct {
	t                               rapid.TB
	out                             *outbox
	r                               *roster.Roster
	g                               *roster.Group
	w                               *world
	clients                         map[string]*client // by the key of the sub
	records                         map[string]roster.SubscriptionRecord
	asks                            map[string]*ask                // by the id of the request
	past                            map[string]map[string][]memory // by owner and node, by the key of the sub
	probes                          []string                       // who waits for the answer to a probe
	lapsed                          []string                       // who did, and was no contact for a while
	heard                           []heard                        // all of it, in order
	first                           *roster.GroupRecord            // what it began with
	limits                          [2]int                         // see Roster.SetLimits
	now                             time.Time
	turns                           int // in which something was said
	aliases                         aliases
	mail                            mail
	office                          office
	questions, remembered, happened int
	quiet                           bool // do not keep heard
}

// play puts a group on stage.
func play(t rapid.TB, rec *roster.GroupRecord) *stage {
	t.Helper()
	return playWith(t, rec, office{})
}

// playWith is play with a PubSub service.
func playWith(t rapid.TB, rec *roster.GroupRecord, o office) *stage {
	t.Helper()
	s := &stage{t: t, first: rec, out: &outbox{wake: make(chan struct{}, 1)}, now: noon,
		clients: map[string]*client{}, records: map[string]roster.SubscriptionRecord{},
		asks: map[string]*ask{}, past: map[string]map[string][]memory{},
		aliases: aliases{of: map[string]string{}, real: map[string]string{}}}
	s.office = office{on: o.on, waits: o.waits, posts: map[string]string{}, taken: map[string]bool{}, lost: map[string]string{}}
	s.r = roster.New(s.office.options(roster.Options{Store: store.Memory(), Outbox: s.out, Renderer: dialect{},
		Now: func() time.Time { return s.now }, Log: slog.New(slog.DiscardHandler)}))
	if err := s.r.CreateGroup(context.Background(), rec); err != nil {
		t.Fatal(err)
	}
	s.g = s.r.Loaded([]byte(rec.Name))
	s.w = &world{settings: rec.Settings.Clone(), policy: policy.DefaultGroup(), people: map[string]*person{}, now: noon,
		said:  map[string]*policy.Authorization{},
		ready: true, awaited: map[string]bool{}}
	s.w.settings.Policy = cmp.Or(rec.Settings.Policy, s.w.policy.String())
	s.w.setPolicy()
	for _, m := range rec.Members {
		s.w.people[m.JID] = &person{rec: m.Clone()}
	}
	for _, r := range rec.Subscriptions {
		n, err := roster.ParseNode(r.Node)
		if err != nil {
			t.Fatal(err)
		}
		s.w.subs = append(s.w.subs, &sub{owner: r.Owner, jid: r.JID, node: n})
		s.records[r.Node+" "+r.JID] = r
	}
	for _, j := range rec.Contacts {
		s.w.subs = append(s.w.subs, &sub{owner: j, jid: j, node: roster.NodeContact})
	}
	s.w.between = s.look
	s.look()
	return s
}

// do lets something happen.
func (s *stage) do(o op) {
	s.t.Helper()
	s.happened++
	due := s.due(o)
	wanted := map[string]policy.Mask{}
	for _, j := range everybody {
		wanted[j] = s.w.interest(j)
	}
	was := s.w.standings()
	got, want := o.on(s), o.in(s.w)
	if !sameRefusal(got, want) {
		s.t.Fatalf("%s: %v, want %v", o, got, want)
	}
	if c := s.clients[due]; c != nil && got == nil {
		c.owed = true
	}
	s.renewed(o, was)
	for _, j := range everybody { // his server has to be told what is wanted of him
		if c := s.clients["contact "+j]; c != nil && wanted[j] != s.w.interest(j) {
			c.owed = true
		}
	}
	for key, c := range s.clients {
		if o.kind == "doubt" && c.turn > 0 {
			c.owed, c.may = c.owed || c.turn > s.turns-o.turns, true
		}
		// Who has the group as a contact may have logged in meanwhile.
		if o.kind == "doubt" {
			s.mail.lost()
		}
		if o.kind == "lost" {
			s.office.yields()
		}
		if o.kind == "lost" && (strings.HasPrefix(key, roster.NodeContact.String()+" ") || s.office.posted(key)) {
			c.owed = true
		}
	}
	s.look()
	s.checkLists()
	s.g.Check(s.t)
}

// standings are the powers and roles of all members.
func (w *world) standings() map[string]string {
	all := map[string]string{}
	for jid, p := range w.people {
		all[jid] = fmt.Sprint(p.rec.Affiliation, p.rec.Roles)
	}
	return all
}

// renewed notes to whom the full state is due because his standing changed,
// together perhaps with that of others.
func (s *stage) renewed(o op, was map[string]string) {
	is := s.w.standings()
	for _, x := range s.w.subs {
		c, old, now := s.clients[x.key()], was[x.owner], is[x.owner]
		if c != nil && x.node != roster.NodeContact && now != "" && old != now && (old == "" || o.kind == "mirror") {
			c.owed = true
		}
	}
}

// due is the key of whom the full state is due to because of o.
func (s *stage) due(o op) string {
	switch o.kind {
	case "subscribe":
		return o.node.String() + " " + full(o.jid, o.resource)
	case "onSubscribe":
		return "contact " + o.jid
	case "onProbe":
		x := s.w.sub("contact " + o.jid)
		if x != nil && !x.held {
			s.probes = append(s.probes, o.jid+"/probe")
			return ""
		}
		return "contact " + o.jid
	}
	return ""
}

// look shows every client what it may see now.
func (s *stage) look() {
	keys := map[string]bool{}
	for _, x := range s.w.subs {
		keys[x.key()] = true
		if s.clients[x.key()] == nil {
			s.clients[x.key()] = newClient()
		}
		s.clients[x.key()].look(s.w.view(x))
	}
	maps.DeleteFunc(s.clients, func(k string, _ *client) bool { return !keys[k] })
	s.probes = slices.DeleteFunc(s.probes, func(to string) bool {
		lapses := !keys["contact "+strings.TrimSuffix(to, "/probe")]
		if lapses {
			s.lapsed = append(s.lapsed, to)
		}
		return lapses
	})
}

// checkLists compares what the group says of itself with the model.
func (s *stage) checkLists() {
	s.t.Helper()
	if s.out.twice {
		s.t.Fatal("the group is in the outbox twice")
	}
	var want, held []string
	for _, x := range s.w.subs {
		want = append(want, x.key())
		if x.held {
			held = append(held, x.key())
		}
	}
	slices.Sort(want)
	slices.Sort(held)
	got, gotHeld := s.g.Watches()
	if !slices.Equal(got, want) || !slices.Equal(gotHeld, held) {
		s.t.Fatalf("watches %q, held %q\nwant    %q, held %q", got, gotHeld, want, held)
	}
}

// attend does what the component does when a group wants something.
func (s *stage) attend() error {
	var asks, probes []string
	for _, j := range s.w.jids() {
		if s.w.people[j].rec.Ask == roster.Unasked && s.w.shares(j) {
			asks = append(asks, j)
		}
		if s.w.awaited[j] && s.w.sweeping {
			probes = append(probes, j)
		}
	}
	ask, probe := s.g.Wants()
	probe = slices.DeleteFunc(probe, func(j string) bool { // of whom more is acquired now
		p := s.w.people[j]
		return !slices.Contains(probes, j) && p != nil && p.rec.Ask == roster.Granted
	})
	if !slices.Equal(ask, asks) || !slices.Equal(probe, probes) {
		return fmt.Errorf("wants %q and %q, expected %q and %q", ask, probe, asks, probes)
	}
	return s.g.Asked(context.Background(), ask)
}

// turn gives the group one turn; false when it does not want any.
func (s *stage) turn(budget int) bool {
	s.t.Helper()
	g := s.out.next()
	if g == nil {
		return false
	}
	prefix := []byte("what is there already\n")
	b, more := g.Turn(slices.Clone(prefix), budget)
	if !bytes.HasPrefix(b, prefix) {
		s.t.Fatal("a turn overwrites what was there")
	}
	b = b[len(prefix):]
	if more {
		s.out.Ready(g)
	}
	s.g.Check(s.t)
	if i := bytes.LastIndex(bytes.TrimSuffix(b, []byte("\n.\n")), []byte("\n.\n")); i >= 0 && i+3 >= budget {
		s.t.Fatalf("%d bytes before the last stanza, the budget was %d", i+3, budget)
	}
	if len(b) > 0 {
		s.turns++
	}
	for _, h := range read(s.t, b) {
		if told, ok := s.office.take(s, h); ok {
			if !s.quiet {
				s.heard = append(s.heard, told...)
			}
			continue
		}
		id := h.id
		s.aliases.rename(&h)
		all := []heard{h}
		if len(h.copies) > 0 {
			all = s.mail.deliver(s, id, h)
		}
		for _, h := range all {
			err := s.mail.overtaken(h)
			h.copies = nil // which way it came its reader cannot tell
			if !s.quiet {
				s.heard = append(s.heard, h)
			}
			if err = cmp.Or(err, s.judge(h)); err != nil {
				s.t.Fatalf("%s to %s of %s: %v\n%+v", h.kind, h.to, h.node, err, h)
			}
		}
	}
	s.mail.count(s)
	if more {
		s.office.loosens(s)
	}
	if !s.office.waits {
		s.office.answer(s, len(s.office.answers))
	}
	return true
}

// judge says why h must not be, and lets its reader have it.
func (s *stage) judge(h heard) error {
	switch h.kind {
	case "answer", "refuse":
		return s.answered(h)
	case "contact":
		for _, waiting := range []*[]string{&s.probes, &s.lapsed} {
			if i := slices.Index(*waiting, h.to); i >= 0 {
				*waiting = slices.Delete(*waiting, i, i+1)
				return s.probed(h)
			}
		}
	}
	x := s.w.sub(h.node + " " + h.to)
	switch {
	case x == nil:
		return fmt.Errorf("nobody is subscribed there")
	case x.held:
		return fmt.Errorf("nobody is there")
	case x.wants.Refuse && x.node != roster.NodeContact:
		return fmt.Errorf("he wants nothing")
	}
	c := s.clients[x.key()]
	c.turn = s.turns
	if h.kind == "contact" {
		if want := s.w.interest(x.owner); h.interest != want {
			return fmt.Errorf("%s is wanted of him, not %s", h.interest, want)
		}
		return c.contact(h)
	}
	if err := c.fits(h, s.happened); err != nil {
		return err
	}
	c.told(h, s.happened)
	if err := c.hear(h); err != nil || len(c.parts) > 0 {
		return err
	}
	s.remember(x, c.token, c.table)
	return nil
}

// contact is the group's line in a contact list.
func (c *client) contact(h heard) error {
	switch {
	case h.text != c.view["line"]:
		return fmt.Errorf("%s, but may see %s", h.text, c.view["line"])
	case h.text == c.table["line"] && !c.owed && !c.may:
		return fmt.Errorf("%s once more", h.text)
	}
	c.table["line"], c.owed, c.may = h.text, false, false
	return nil
}

func (s *stage) probed(h heard) error {
	owner, _, _ := strings.Cut(h.to, "/")
	wants := policy.Receiving{}
	if x := s.w.sub("contact " + owner); x != nil {
		wants = x.wants
	}
	if want := s.w.sees(owner, roster.NodeContact, &wants)["line"]; h.text != want {
		return fmt.Errorf("%s, but may see %s", h.text, want)
	}
	return nil
}

// settle gives turns until the group is silent, and then everybody who can be
// reached must know exactly what he may see.
func (s *stage) settle(budget int) {
	s.t.Helper()
	for range 2 {
		for n := 0; s.turn(budget) || s.mail.land(s, len(s.mail.aloft)) || s.office.answer(s, len(s.office.answers)); n++ {
			if n > 100_000 {
				s.t.Fatal("the group never ends")
			}
		}
		s.g.Deliver()
	}
	if !s.w.ready {
		return
	}
	for _, x := range s.w.subs {
		c := s.clients[x.key()]
		if x.held || x.wants.Refuse && x.node != roster.NodeContact {
			continue
		}
		if ids := changes(c.table, c.view); len(ids) > 0 || c.owed && !(c.fresh && len(c.view) == 0) || len(c.parts) > 0 {
			s.t.Fatalf("%s: %q differ, owed=%v\nholds    %q\nmay see  %q", x.key(), ids, c.owed, c.table, c.view)
		}
		c.loose, c.adrift = false, false
		clear(c.dirty)
	}
	if len(s.asks) > 0 || len(s.probes) > 0 {
		s.t.Fatalf("%d questions and %d probes are not answered", len(s.asks), len(s.probes))
	}
}
