package roster_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// op is one thing that happens to a group. It happens twice: to the engine
// (on) and to the model (in), and both must refuse it alike.
type op struct {
	kind     string
	jid      string // of the member or the watcher, bare
	resource string
	node     roster.Node
	record   roster.MemberRecord
	settings roster.Settings
	presence roster.Presence
	item     policy.Mask
	text     string
	auth     *policy.Authorization
	wants    policy.Receiving
	policy   policy.Group
	also     *policy.Receiving // what a subscriber wants, said at once
	early    bool
	willing  []roster.Willing
	report   roster.Report
	turns    int
	basic    *roster.Basic
	source   string // of basic, or who is given the group
}

func (o op) String() string {
	s := fmt.Sprintf("%s %s", o.kind, full(o.jid, o.resource))
	switch o.kind {
	case "hear":
		s += fmt.Sprintf(" %d/%d %q %q", o.presence.Show, o.presence.Priority, o.presence.Status, o.presence.Idle)
	case "item":
		s += fmt.Sprintf(" %s %q", o.item, o.text)
	case "say", "publish", "trust", "report":
		s += fmt.Sprintf(" %v %v %v", o.willing, o.report, o.early)
	case "add", "update":
		s += fmt.Sprintf(" %v", o.record)
	case "settings":
		s += fmt.Sprintf(" %v", o.settings)
	case "mirror":
		s += fmt.Sprintf(" %s %v", o.source, *o.basic)
	case "adopt":
		s += " " + o.source
	case "authorize", "elsewhere":
		s += fmt.Sprintf(" %v", o.auth)
	case "receive":
		s += fmt.Sprintf(" %s %v", o.node, o.wants)
	case "policy":
		s += fmt.Sprintf(" %v", o.policy)
	case "subscribe", "unsubscribe":
		s += " " + o.node.String()
	}
	return s
}

func full(bare, resource string) string {
	if resource == "" {
		return bare
	}
	return bare + "/" + resource
}

// on lets o happen to the engine.
func (o op) on(s *stage) error {
	ctx, g, r := context.Background(), s.g, s.r
	switch o.kind {
	case "hear":
		g.Hear([]byte(o.jid), []byte(o.resource), &o.presence)
	case "item":
		g.HearItem(o.jid, o.item, []byte(o.text))
	case "say", "publish", "trust", "report":
		return o.onSay(s)
	case "add":
		return r.AddMembers(ctx, g.Name(), o.record.Clone())
	case "update":
		return r.UpdateMember(ctx, g.Name(), o.jid, func(m *roster.MemberRecord) error {
			ask := m.Ask
			*m = o.record.Clone()
			m.Ask = ask
			return nil
		})
	case "remove":
		return r.RemoveMember(ctx, g.Name(), o.jid)
	case "mirror", "adopt", "release":
		return o.onMirror(s)
	case "settings":
		return r.UpdateGroup(ctx, g.Name(), func(s *roster.Settings) error {
			text := s.Policy
			*s = o.settings.Clone()
			s.Policy = text
			return nil
		})
	case "authorize":
		return g.Authorize(ctx, o.jid, o.auth)
	case "elsewhere":
		return g.OnElsewhere(ctx, o.jid, o.auth)
	case "deliver":
		g.Deliver()
	case "agree":
		id := "nothing"
		if p, err := g.Proposal(o.jid); err == nil && p != nil {
			id = p.ID
		}
		return g.Agree(ctx, o.jid, id)
	case "receive":
		return g.Configure(ctx, o.jid, full(o.jid, o.resource), o.node, "", &o.wants)
	case "digest":
		wish, _, err := g.Wish(o.jid, full(o.jid, o.resource), o.node, "")
		if err != nil {
			return err
		}
		wish.Manner.Digest = o.turns
		return g.Reconfigure(ctx, o.jid, full(o.jid, o.resource), o.node, "", &wish)
	case "doubt":
		g.Doubt(o.turns)
	case "tick":
		s.now = s.now.Add(time.Hour)
		g.Tick()
	case "policy":
		return r.UpdateGroup(ctx, g.Name(), func(s *roster.Settings) error { s.Policy = o.policy.String(); return nil })
	case "subscribe":
		if s.w.sub(o.node.String()+" "+full(o.jid, o.resource)) != nil {
			o.also = nil // it would be one more: see TestSeveral
		}
		rec, err := g.Subscribe(ctx, o.jid, full(o.jid, o.resource), o.node, o.also)
		if err == nil {
			s.records[o.node.String()+" "+rec.JID] = rec
		}
		return err
	case "unsubscribe":
		return g.Unsubscribe(ctx, o.jid, full(o.jid, o.resource), o.node, "")
	case "onSubscribe":
		return g.OnSubscribe(ctx, o.jid)
	case "onUnsubscribe":
		return g.OnUnsubscribe(ctx, o.jid)
	case "onSubscribed":
		return g.OnSubscribed(ctx, o.jid)
	case "onUnsubscribed":
		return g.OnUnsubscribed(ctx, o.jid)
	case "onProbe":
		g.OnProbe(o.jid, o.jid+"/probe")
	case "bounced":
		g.Bounced(o.jid, o.resource)
	case "alive":
		g.Alive(full(o.jid, o.resource))
	case "lost":
		g.Lost()
	case "open":
		g.Open()
	case "swept":
		g.Swept(o.early)
	case "wants":
		return s.attend()
	default:
		return fmt.Errorf("unknown op %q", o.kind)
	}
	return nil
}

// in lets o happen to the model.
func (o op) in(w *world) error {
	p := w.people[o.jid]
	switch o.kind {
	case "hear":
		w.hear(o.jid, o.resource, o.presence)
	case "item":
		w.hearItem(o.jid, o.item, o.text)
	case "say", "publish", "trust", "report":
		return o.inSay(w)
	case "mirror", "adopt", "release":
		return o.inMirror(w)
	case "add", "update", "remove":
		switch {
		case w.source != "" && o.kind == "update" && p == nil:
			return roster.ErrNoMember
		case w.source != "":
			return roster.ErrForeign
		}
		return o.inMembers(w)
	case "settings":
		if a, b := &w.settings, &o.settings; w.source != "" && (a.Title != b.Title || a.Language != b.Language || len(a.Attributes) != len(b.Attributes)) {
			return roster.ErrForeign
		}
		text := w.settings.Policy
		w.settings = o.settings.Clone()
		w.settings.Policy = text
		w.keep()
		w.dismiss()
	case "authorize":
		return o.inAuthorize(w)
	case "receive":
		s := w.sub(o.node.String() + " " + full(o.jid, o.resource))
		if s == nil {
			return roster.ErrNoSubscription
		}
		s.wants = o.wants
	case "digest":
		if w.sub(o.node.String()+" "+full(o.jid, o.resource)) == nil {
			return roster.ErrNoSubscription
		}
	case "agree":
		return o.inAgree(w)
	case "policy":
		w.settings.Policy = o.policy.String()
		w.setPolicy()
		w.dismiss()
	case "subscribe", "unsubscribe", "onSubscribe", "onUnsubscribe", "onProbe":
		return o.inSubs(w)
	case "onSubscribed":
		if p != nil && (p.rec.Ask == roster.Asked || p.rec.Ask == roster.Unasked && p.asking) {
			p.rec.Ask = roster.Granted
		}
	case "onUnsubscribed":
		if p != nil && (p.rec.Ask == roster.Asked || p.rec.Ask == roster.Granted || p.rec.Ask == roster.Unasked && p.asking) {
			if p.rec.Ask == roster.Granted {
				w.silence(o.jid)
			}
			p.rec.Ask, p.asking = roster.Refused, false
		}
	case "bounced":
		if p != nil && o.resource != "" && p.known {
			was := len(p.devices)
			p.devices = slices.DeleteFunc(p.devices, func(d device) bool { return d.name == o.resource })
			if len(p.devices) == 0 && was > 0 {
				w.hold(o.jid, true, to(""))
			}
		}
		w.hold(o.jid, true, to(o.resource))
	case "alive":
		w.hold(o.jid, false, to(""))
		w.hold(o.jid, false, to(o.resource))
	case "elsewhere":
		if p != nil {
			p.elsewhere = o.auth
			w.keep()
		}
	case "deliver":
	case "tick":
		w.now = w.now.Add(time.Hour)
		w.keep()
	default:
		o.inSweep(w)
	}
	return nil
}

// inAuthorize: who is no member may say it beforehand, if he may know of the
// group. Who shares nothing is not subscribed to.
func (o op) inAuthorize(w *world) error {
	if !w.knows(o.jid) {
		return roster.ErrNoGroup
	}
	if o.auth != nil && w.policy.Lacks(o.auth) != 0 {
		return errors.New("shares less than is required")
	}
	w.said[o.jid] = o.auth
	if p := w.people[o.jid]; p != nil {
		p.auth = o.auth
		w.keep()
	}
	return nil
}

func (o op) inMembers(w *world) error {
	p := w.people[o.jid]
	switch {
	case o.kind == "add" && p != nil:
		return roster.ErrMemberExists
	case o.kind == "add":
		w.people[o.jid] = &person{rec: o.record.Clone(), auth: w.said[o.jid]}
		delete(w.declined, o.jid)
		w.keep()
	case p == nil:
		return roster.ErrNoMember
	case o.kind == "update":
		ask := p.rec.Ask
		p.rec = o.record.Clone()
		p.rec.Ask = ask
		w.keep()
		w.dismiss()
	default:
		w.forget(o.jid)
	}
	return nil
}

// forget takes a member out with all that is his.
func (w *world) forget(jid string) {
	delete(w.people, jid)
	delete(w.said, jid)
	delete(w.awaited, jid)
	w.drop(func(s *sub) bool { return s.owner == jid })
}

func (o op) inSubs(w *world) error {
	s := &sub{owner: o.jid, jid: full(o.jid, o.resource), node: o.node}
	if o.kind == "onSubscribe" || o.kind == "onUnsubscribe" || o.kind == "onProbe" {
		s = &sub{owner: o.jid, jid: o.jid, node: roster.NodeContact}
	}
	old := w.sub(s.key())
	switch o.kind {
	case "unsubscribe", "onUnsubscribe":
		w.drop(func(x *sub) bool { return x == old })
		if old == nil && o.kind == "unsubscribe" {
			return roster.ErrNoSubscription
		}
		return nil
	case "onProbe":
		if old != nil {
			old.held = false
		}
		return nil
	}
	err := w.mayWatch(o.jid)
	if err != nil && s.node == roster.NodeContact {
		return nil // he is told with a presence stanza
	}
	if err == nil && !w.settings.Payload.Has(s.node) {
		err = roster.ErrNoNode
	}
	switch {
	case err != nil:
		return err
	case old != nil:
		old.held = false
	default:
		w.subs = append(w.subs, s)
		if o.also != nil {
			s.wants = *o.also
		}
	}
	if p := w.people[o.jid]; s.node == roster.NodeContact && p != nil && (p.rec.Ask == roster.Asked || p.rec.Ask == roster.Refused) {
		p.rec.Ask = roster.Unasked
	}
	return nil
}

func (o op) inSweep(w *world) {
	switch o.kind {
	case "lost":
		w.sweep++
		clear(w.awaited)
		for _, p := range w.people {
			if p.rec.Ask == roster.Granted {
				w.awaited[p.rec.JID] = true
			}
		}
		w.sweeping = len(w.awaited) > 0
		w.ready = !w.sweeping
	case "open":
		w.ready = true
	case "swept":
		if w.sweeping && !(o.early && len(w.awaited) > 0) {
			clear(w.awaited)
			w.sweeping, w.ready = false, true
			for _, p := range w.people {
				w.expire(p)
			}
		}
	case "wants":
		for _, p := range w.people {
			if p.rec.Ask == roster.Unasked && w.shares(p.rec.JID) {
				p.rec.Ask = roster.Asked
			}
		}
	}
}

// expire drops the devices that the sweep did not hear of.
func (w *world) expire(p *person) {
	for _, d := range slices.Clone(p.devices) {
		if d.sweep != w.sweep {
			w.gone(p, d.name)
		}
	}
}

// refusals are those that an op may meet.
var refusals = []error{roster.ErrNoGroup, roster.ErrForbidden, roster.ErrNoNode, roster.ErrNoSubscription,
	roster.ErrNoMember, roster.ErrMemberExists, roster.ErrStale, roster.ErrForeign, roster.ErrGroupExists}

func sameRefusal(a, b error) bool {
	return !slices.ContainsFunc(refusals, func(e error) bool { return errors.Is(a, e) != errors.Is(b, e) }) &&
		(a == nil) == (b == nil)
}
