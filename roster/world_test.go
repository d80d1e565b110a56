package roster_test

import (
	"cmp"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is what a group should be: the plainest model that has no versions,
// no audiences and no walks. What somebody sees is worked out from nothing
// every time; only policy.Decide is shared with the engine.
type world struct {
	source   string
	between  func()          // looks at the state between two changes of one op
	declined map[string]bool // who was dropped by a source after he had said no
	settings roster.Settings
	policy   policy.Group
	people   map[string]*person
	subs     []*sub                           // in the order in which they came
	said     map[string]*policy.Authorization // rules, of who is no member yet as well
	clock    int
	now      time.Time

	ready, sweeping bool
	sweep           int
	awaited         map[string]bool
}

type person struct {
	rec       roster.MemberRecord
	auth      *policy.Authorization
	agreed    *policy.Authorization // nil = to the present default
	elsewhere *policy.Authorization
	asking    bool
	known     bool // was ever heard of as available
	devices   []device
	published map[policy.Mask]string
	spoken    speechOf
	now       time.Time // of who looks
}

type device struct {
	name, status, idle string
	show               roster.Show
	priority           int8
	at, sweep          int
}

// sub is somebody's subscription; a contact is one too.
type sub struct {
	owner, jid string
	node       roster.Node
	wants      policy.Receiving
	held       bool
}

func (s *sub) key() string { return s.node.String() + " " + s.jid }

func (s *sub) resource() string {
	_, r, _ := strings.Cut(s.jid, "/")
	return r
}

func (w *world) clone() *world {
	c := *w
	c.people, c.subs, c.awaited, c.said = map[string]*person{}, nil, maps.Clone(w.awaited), maps.Clone(w.said)
	c.declined = maps.Clone(w.declined)
	for j, p := range w.people {
		q := *p
		q.rec, q.devices, q.published = p.rec.Clone(), slices.Clone(p.devices), maps.Clone(p.published)
		c.people[j] = &q
	}
	for _, s := range w.subs {
		t := *s
		c.subs = append(c.subs, &t)
	}
	return &c
}

func (w *world) sub(key string) *sub {
	for _, s := range w.subs {
		if s.key() == key {
			return s
		}
	}
	return nil
}

// jids lists the members in order.
func (w *world) jids() []string { return slices.Sorted(maps.Keys(w.people)) }

func (w *world) watcher(jid string) policy.Watcher {
	p := w.people[jid]
	if p == nil {
		return policy.Watcher{JID: jid}
	}
	return policy.Watcher{JID: jid, Member: true, Roles: p.rec.Roles}
}

func (w *world) mask(p *person, owner string, r *policy.Receiving) policy.Mask {
	who := w.watcher(owner)
	return w.policy.Decide(w.now, &policy.Subject{JID: p.rec.JID, Roles: p.rec.Roles, Authorization: p.auth, Agreed: p.agreed, Elsewhere: p.elsewhere}, &who, r)
}

// best is the device that speaks for p; nil when p is offline.
func (p *person) best() *device {
	if len(p.devices) == 0 {
		return nil
	}
	rank := map[roster.Show]int{roster.Chat: 5, roster.Online: 4, roster.DND: 3, roster.Away: 2, roster.XA: 1}
	silent := func(d device) int {
		if d.priority < 0 {
			return 1
		}
		return 0
	}
	d := slices.MinFunc(p.devices, func(a, b device) int {
		return cmp.Or(silent(a)-silent(b), rank[b.show]-rank[a.show], int(b.priority)-int(a.priority), b.at-a.at)
	})
	return &d
}

// item is p as far as m shows him.
func (p *person) item(m policy.Mask, n roster.Node) *roster.Item {
	it := &roster.Item{JID: p.rec.JID}
	if m.Has(policy.Basic) && n != roster.NodePresence {
		it.Nick, it.Roles, it.Attributes = p.rec.Nick, p.rec.Roles, p.rec.Attributes
	}
	d := p.best()
	if d == nil || !m.Has(policy.Availability) {
		return it
	}
	it.Show = roster.Online
	if m.Has(policy.Show) {
		it.Show = d.show
	}
	if m.Has(policy.Status) {
		it.Status = d.status
	}
	if m.Has(policy.Idle) {
		it.Idle = d.idle
	}
	for kind, text := range p.published {
		if m.Has(kind) {
			it.Published[bits.TrailingZeros32(uint32(kind))-8] = text
		}
	}
	p.spoken.show(it, m, p.now, d.status, p.published[policy.Activity] != "")
	if !m.Has(policy.Devices) {
		return it
	}
	for _, d := range slices.SortedFunc(slices.Values(p.devices), func(a, b device) int { return strings.Compare(a.name, b.name) }) {
		out := roster.Device{Name: d.name}
		if m.Has(policy.Show) {
			out.Show = d.show
		}
		if m.Has(policy.Connection) {
			out.Connection = "on"
		}
		it.Devices = append(it.Devices, out)
	}
	return it
}

// sees is the table of somebody who looks at a node: what each item's line
// must be, by id. A contact's table is one line.
func (w *world) sees(owner string, n roster.Node, r *policy.Receiving) map[string]string {
	table := map[string]string{}
	var line roster.Line
	s := &line.Summary
	for _, jid := range w.jids() {
		p := w.people[jid]
		m := w.mask(p, owner, r)
		s.Members += toInt(m.Has(policy.Enrolled))
		there := p.best() != nil && m.Has(policy.Counted)
		s.Available += toInt(there)
		show := roster.Offline
		if there {
			show = roster.Online
		}
		if there && m.Has(policy.Show) {
			show = p.best().show
			s.Chat += toInt(show == roster.Chat)
			s.Away += toInt(show == roster.Away)
			s.XA += toInt(show == roster.XA)
			s.DND += toInt(show == roster.DND)
		}
		if role, ok := strings.CutPrefix(w.settings.Aggregate, "role:"); !ok || m.Has(policy.Basic|policy.Availability) && slices.Contains(p.rec.Roles, role) {
			line.Show = max(line.Show, show)
		}
		if there && m.Has(policy.Named|policy.Availability) && len(line.Names) < roster.MaxNames {
			name, _, _ := strings.Cut(jid, "@")
			if m.Has(policy.Basic) && p.rec.Nick != "" {
				name = p.rec.Nick
			}
			line.Names = append(line.Names, name)
		}
		if m.Has(policy.Named) && n != roster.NodeInfo && n != roster.NodeContact {
			p.now = w.now
			table[jid] = memberLine(n, p.item(m, n))
		}
	}
	if w.settings.Aggregate == "quorum:2" && s.Available < 2 {
		line.Show = roster.Offline
	}
	switch n {
	case roster.NodeContact:
		table["line"] = contactLine(&line)
	case roster.NodeGroup:
		table["summary"] = summaryLine(*s)
		fallthrough
	case roster.NodeInfo:
		who := w.watcher(owner)
		m := w.policy.Decide(w.now, &policy.Subject{Authorization: &policy.Authorization{}}, &who, nil)
		table["info"] = infoLine(&w.settings, "team", m.Has(policy.Basic))
	}
	return table
}

func toInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (w *world) view(s *sub) map[string]string { return w.sees(s.owner, s.node, &s.wants) }

// asker is how somebody at an address is seen who asks for items: as the
// subscription of that address, or of his bare one, or his first.
func (w *world) asker(owner, to string, n roster.Node) *sub {
	var found *sub
	rank := func(s *sub) int {
		switch s.jid {
		case to:
			return 2
		case owner:
			return 1
		}
		return 0
	}
	for _, s := range w.subs {
		if s.owner == owner && s.node == n && (found == nil || rank(s) > rank(found)) {
			found = s
		}
	}
	if found == nil {
		found = &sub{owner: owner, jid: to, node: n}
	}
	return found
}

// mayWatch is the refusal that somebody must get.
func (w *world) mayWatch(jid string) error {
	who := w.watcher(jid)
	switch {
	case w.policy.Watches(&who):
		return nil
	case w.settings.Listed || w.people[jid] != nil:
		return roster.ErrForbidden
	}
	return roster.ErrNoGroup
}

func (w *world) hold(owner string, held bool, which func(*sub) bool) {
	for _, s := range w.subs {
		if s.owner == owner && which(s) {
			s.held = held
		}
	}
}

func to(resource string) func(*sub) bool {
	return func(s *sub) bool { return s.resource() == resource }
}

func anywhere(*sub) bool { return true }

// hear is a presence stanza of a member's device.
func (w *world) hear(jid, resource string, in roster.Presence) {
	p := w.people[jid]
	if p == nil || p.rec.Ask != roster.Granted {
		return
	}
	delete(w.awaited, jid)
	if w.kept(p) == 0 {
		return
	}
	if in.Show != roster.Offline {
		p.known = true
	}
	if !p.known {
		return
	}
	w.clock++
	if in.Show == roster.Offline {
		w.gone(p, resource)
		return
	}
	p.devices = slices.DeleteFunc(p.devices, func(d device) bool { return d.name == resource })
	d := device{name: resource, show: in.Show, priority: in.Priority,
		status: string(in.Status), idle: string(in.Idle), at: w.clock, sweep: w.sweep}
	d.keep(w.kept(p))
	p.devices = append(p.devices, d)
	w.hold(jid, false, to(resource))
	w.hold(jid, false, to(""))
}

// hearItem is something that a member published.
func (w *world) hearItem(jid string, kind policy.Mask, text string) {
	p := w.people[jid]
	if p == nil || p.rec.Ask != roster.Granted || w.kept(p)&kind == 0 {
		return
	}
	if p.published == nil {
		p.published = map[policy.Mask]string{}
	}
	p.published[kind] = text
}

// interest is what the group tells jid that it wants to hear of him.
func (w *world) interest(jid string) policy.Mask {
	switch p := w.people[jid]; {
	case p == nil:
		return 0
	case p.rec.Ask != roster.Granted:
		return policy.Enrolled
	default:
		return policy.Enrolled | w.kept(p)&roster.Published
	}
}

func (w *world) gone(p *person, resource string) {
	jid := p.rec.JID
	if resource == "" {
		p.devices = nil
		w.hold(jid, true, anywhere)
		return
	}
	p.devices = slices.DeleteFunc(p.devices, func(d device) bool { return d.name == resource })
	w.hold(jid, true, to(resource))
	if len(p.devices) == 0 {
		w.hold(jid, true, to(""))
	}
}

// silence is a member who no longer shares his presence.
func (w *world) silence(jid string) {
	delete(w.awaited, jid)
	w.people[jid].devices, w.people[jid].published = nil, nil
	w.people[jid].spoken.published = nil
	w.hold(jid, false, anywhere)
}

func (w *world) drop(which func(*sub) bool) { w.subs = slices.DeleteFunc(w.subs, which) }

func (p *person) String() string {
	return fmt.Sprintf("%v auth=%v devices=%v", p.rec, p.auth, p.devices)
}

// shares says whether jid lets anybody see anything: if not he is not asked.
func (w *world) shares(jid string) bool { return w.acquired(w.people[jid]) != 0 }
