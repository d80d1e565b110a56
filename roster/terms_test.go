package roster_test

import (
	"errors"
	"maps"
	"slices"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// What the model knows of the group policy: who may watch, what members agreed
// to, and what is held of them.

// setPolicy puts the policy of the settings in force.
func (w *world) setPolicy() {
	p, err := policy.ParseGroup(w.settings.Policy)
	if err != nil {
		panic(err) // drawn texts make sense
	}
	for _, m := range w.people {
		agreed := &w.policy.Default
		if m.agreed != nil {
			agreed = m.agreed
		}
		if p.Default.Within(agreed, w.now) {
			m.agreed = nil
		} else if m.agreed == nil {
			old := agreed.Clone()
			m.agreed = &old
		}
	}
	w.policy = *p
	w.keep()
}

// keep forgets what is no longer acquired, and gives back the presence of
// whom nothing is acquired.
func (w *world) keep() {
	for jid, p := range w.people {
		mask := w.kept(p)
		for i := range p.devices {
			p.devices[i].keep(mask)
		}
		maps.DeleteFunc(p.published, func(kind policy.Mask, _ string) bool { return mask&kind == 0 })
		p.spoken.keep(mask)
		if mask == 0 && len(p.devices) > 0 {
			w.silence(jid)
		}
		if asked := p.rec.Ask == roster.Asked || p.rec.Ask == roster.Granted; asked && !w.shares(jid) {
			if p.rec.Ask == roster.Granted {
				w.silence(jid)
			}
			p.rec.Ask, p.asking = roster.Unasked, false
		}
	}
}

func (d *device) keep(mask policy.Mask) {
	if !mask.Has(policy.Show) {
		d.show = roster.Online
	}
	if !mask.Has(policy.Status) {
		d.status = ""
	}
	if !mask.Has(policy.Idle) {
		d.idle = ""
	}
}

// kept is what somebody may ever see of p: the rest is not held.
func (w *world) kept(p *person) policy.Mask {
	m := w.acquired(p)
	if p.elsewhere != nil {
		m &= w.granted(p.elsewhere)
	}
	return m
}

// acquired is the same but for what he set elsewhere.
func (w *world) acquired(p *person) policy.Mask {
	from := w.policy.From
	if len(from) > 0 && !slices.ContainsFunc(from, func(who policy.Who) bool {
		return who.Class == policy.Role && slices.Contains(p.rec.Roles, who.Name) || who.Class == policy.JID && who.Name == p.rec.JID
	}) {
		return 0
	}
	if p.auth != nil {
		return w.granted(p.auth) & w.policy.Collect
	}
	m := w.granted(&w.policy.Default)
	if p.agreed != nil {
		m &= w.granted(p.agreed)
	}
	return m & w.policy.Collect
}

func (w *world) granted(a *policy.Authorization) policy.Mask {
	var m policy.Mask
	for _, r := range a.Rules {
		if a.Share && (r.Until.IsZero() || w.now.Before(r.Until)) {
			m |= r.Attributes &^ r.Except
		}
	}
	switch {
	case m.Has(policy.Availability):
		return m | policy.Counted
	case m.Has(policy.Counted):
		return policy.Counted
	}
	return 0
}

// dismiss ends the watches of who may not watch, or whose node is no more.
func (w *world) dismiss() {
	w.drop(func(s *sub) bool { return !w.settings.Payload.Has(s.node) || w.mayWatch(s.owner) != nil })
}

func (w *world) knows(jid string) bool { return !errors.Is(w.mayWatch(jid), roster.ErrNoGroup) }

// asks is what p is asked to agree to: terms, or attributes to share.
func (w *world) asks(p *person) (terms bool, lacks policy.Mask) {
	if p.auth == nil {
		return p.agreed != nil, 0
	}
	return false, w.policy.Lacks(p.auth)
}

// inAgree: a member says yes to what he is asked.
func (o op) inAgree(w *world) error {
	p := w.people[o.jid]
	if p == nil {
		return roster.ErrNoMember
	}
	switch terms, lacks := w.asks(p); {
	case terms:
		p.agreed = nil
	case lacks != 0:
		with := p.auth.Granting(lacks)
		p.auth, w.said[o.jid] = &with, &with
	default:
		return roster.ErrStale
	}
	w.keep()
	return nil
}
