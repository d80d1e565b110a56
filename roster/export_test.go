package roster

import (
	"iter"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// What the tests of package roster_test need of the inside.

// SetLimits bounds the items of a stanza, the tombstones, and the audiences
// without a watch.
func (r *Roster) SetLimits(items, graves, idle int) {
	r.limits = limits{items: items, graves: graves, idle: idle}
}

// SetAuthorization puts the rules of a member in force.
func (g *Group) SetAuthorization(jid string, a *policy.Authorization) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.live(jid) != nil {
		g.setAuthorization(jid, a)
	}
}

// Deliver is the moment at which periodic delivery is due.
func (g *Group) Deliver() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range g.clocks {
		c.open = true
	}
	g.signal()
}

// SetReceiving puts the options of a subscription in force.
func (g *Group) SetReceiving(id string, r policy.Receiving) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if w := g.watches[id]; w != nil {
		g.setReceiving(w, r)
		g.signal()
	}
}

// SetPolicy puts a group policy in force.
func (g *Group) SetPolicy(p policy.Group) {
	g.mu.Lock()
	defer g.mu.Unlock()
	p.Normalise()
	g.setPolicy(p, g.reconsider(&p))
}

// Watches lists all subscriptions and contacts, and those that are held.
func (g *Group) Watches() (all, held []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, ws := range g.byOwner {
		for _, w := range ws {
			key := w.node.String() + " " + w.rec.JID
			all = append(all, key)
			if w.lag != nil && !w.paused && (w.outpost == nil || !w.outpost.held) {
				held = append(held, key)
			}
		}
	}
	slices.Sort(all)
	slices.Sort(held)
	return all, held
}

// Check looks for what must be true of a group between any two operations.
func (g *Group) Check(t rapid.TB) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	c := checker{g, t}
	c.list()
	c.slots()
	c.index()
	watches := map[*audience]int{}
	for owner, ws := range g.byOwner {
		for _, w := range ws {
			c.watch(owner, w)
			watches[w.audience]++
		}
	}
	if len(g.order) != len(g.audiences) {
		t.Fatalf("%d audiences have a turn, %d have a key", len(g.order), len(g.audiences))
	}
	for _, a := range g.order {
		if a.watches != watches[a] {
			t.Fatalf("audience %+v counts %d watches, has %d", a.key, a.watches, watches[a])
		}
		c.audience(a)
	}
	if g.pending() && !g.queued {
		t.Fatal("there is something to say, but the group is not in the outbox")
	}
}

// entries are all members and tombstones.
func (g *Group) entries() iter.Seq[*member] {
	return func(yield func(*member) bool) {
		for _, slot := range g.members.at {
			if slot != 0 && !yield(g.slots[slot-1]) {
				return
			}
		}
	}
}

// Index is how a group finds its members, without the group.
type Index struct{ g Group }

// Enter puts jid in, which is not in it.
func (x *Index) Enter(jid string) {
	m := &member{JID: jid, slot: x.g.takeSlot()}
	x.g.slots[m.slot] = m
	x.g.enter(m)
}

// Strike takes jid out, which is in it.
func (x *Index) Strike(jid string) {
	m := x.g.entry(jid)
	x.g.strike(m)
	x.g.slots[m.slot] = nil
	x.g.free = append(x.g.free, m.slot)
}

// Has says whether jid is in it.
func (x *Index) Has(jid string) bool {
	m := x.g.entry(jid)
	if m != x.g.entryBytes([]byte(jid)) || m != nil && m.JID != jid {
		panic("the bytes are not the string")
	}
	return m != nil
}

type checker struct {
	g *Group
	t rapid.TB
}

// list: every member stands in it once, the last changed first.
func (c checker) list() {
	c.t.Helper()
	n, graves, version := 0, 0, c.g.version
	var prev *member
	for m := c.g.changes.first; m != nil; m = m.next {
		if m.prev != prev || m.version > version || c.g.entry(m.JID) != m {
			c.t.Fatalf("%s stands wrong in the list of changes", m.JID)
		}
		if m.gone > 0 {
			graves++
		}
		n++
		version, prev = m.version, m
	}
	if c.g.changes.last != prev || n != c.g.members.n || graves != c.g.graves {
		c.t.Fatalf("the list of changes has %d members and %d tombstones, want %d and %d", n, graves, c.g.members.n, c.g.graves)
	}
}

func (c checker) slots() {
	c.t.Helper()
	g := c.g
	free := 0
	for slot, m := range g.slots {
		switch {
		case m == nil:
			free++
			if !slices.Contains(g.free, int32(slot)) {
				c.t.Fatalf("slot %d is lost", slot)
			}
		case int(m.slot) != slot || g.entry(m.JID) != m:
			c.t.Fatalf("slot %d is not that of %s", slot, m.JID)
		case m.gone > 0 && g.shows[slot] != gone, m.gone == 0 && m.presence == nil && g.shows[slot] != Offline,
			m.gone == 0 && m.presence != nil && g.shows[slot] != m.show:
			c.t.Fatalf("%s is counted as %d", m.JID, g.shows[slot])
		}
	}
	if free != len(g.free) || len(g.shows) != len(g.slots) {
		c.t.Fatalf("%d slots, %d free, %d listed as free", len(g.slots), free, len(g.free))
	}
	var last string
	for _, m := range g.sorted {
		if m.gone > 0 || m.JID <= last || g.entry(m.JID) != m {
			c.t.Fatalf("%s stands wrong among the members", m.JID)
		}
		last = m.JID
	}
	if len(g.sorted)+g.graves != g.members.n {
		c.t.Fatal("the members do not add up")
	}
}

// index: the names in rules are those of the members' rules.
func (c checker) index() {
	c.t.Helper()
	g := c.g
	roles, singles := map[string]int{}, map[string]map[*member]bool{}
	count := func(r string) { roles[r]++ }
	references(&g.policy).Roles(count)
	for text, a := range g.agreements {
		if a.Roles(count); !slices.ContainsFunc(g.sorted, func(m *member) bool { return m.papers().Agreed == text }) {
			c.t.Logf("nobody stands by %q", text) // until the next policy
		}
	}
	for m := range g.entries() {
		for _, a := range m.policies() {
			if a != nil {
				a.Roles(count)
			}
		}
		m.singles(func(name string) {
			if singles[name] == nil {
				singles[name] = map[*member]bool{}
			}
			singles[name][m] = true
		})
	}
	for name, ms := range g.singles {
		if len(ms) == 0 || len(ms) != len(singles[name]) {
			c.t.Fatalf("%s is named by %d members, want %d", name, len(ms), len(singles[name]))
		}
	}
	for r := range roles {
		if g.roles[r] != roles[r] {
			c.t.Fatalf("the role %s is spoken of %d times, want %d", r, g.roles[r], roles[r])
		}
	}
	if len(singles) != len(g.singles) || len(roles) != len(g.roles) {
		c.t.Fatalf("indexed are %v and %v", g.singles, g.roles)
	}
}

// watch: it is in the audience of its standing, in one cohort or held, and
// what is decided for it is what policy says.
func (c checker) watch(owner string, w *Watch) {
	c.t.Helper()
	g, a := c.g, w.audience
	who := g.watcher(owner)
	if w.rec.Owner != owner || a.key != g.keyOf(&who, w.node, &w.receiving, &w.manner) || g.audiences[a.key] != a {
		c.t.Fatalf("%s of %s is in the wrong audience %+v", w.rec.JID, w.node, a.key)
	}
	if (w.lag != nil) == (w.cohort != nil) {
		c.t.Fatalf("%s of %s: lag %v, cohort %v", w.rec.JID, w.node, w.lag, w.cohort)
	}
	if co := w.cohort; co != nil && (!slices.Contains(a.cohorts, co) || co.watch[w.at] != w) {
		c.t.Fatalf("%s of %s is not in its cohort", w.rec.JID, w.node)
	}
	for _, m := range g.sorted {
		if got, want := w.decision(m).mask, g.decideFor(a, m, &who, &w.receiving); got != want {
			c.t.Fatalf("%s of %s sees %032b of %s, may see %032b", w.rec.JID, w.node, got, m.JID, want)
		}
	}
	p := w.position()
	if p.cursor > g.version || p.seen > g.version {
		c.t.Fatalf("%s of %s stands at %+v, the group at %d", w.rec.JID, w.node, p, g.version)
	}
	if want := a.latestFor(w.own); w.node != NodeContact && p.cursor == g.version && p.seen != want {
		c.t.Fatalf("%s of %s was told of %d, latest visible is %d, own %+v", w.rec.JID, w.node, p.seen, want, w.own)
	}
}

func (c checker) audience(a *audience) {
	c.t.Helper()
	g := c.g
	if g.audiences[a.key] != a || len(a.masks) != len(g.slots) || a.basic != g.seesBasic(&a.standing) {
		c.t.Fatalf("audience %+v is out of order", a.key)
	}
	for slot, m := range g.slots {
		if m == nil && (a.masks[slot] != 0 || a.past[int32(slot)] != nil) {
			c.t.Fatalf("audience %+v remembers the free slot %d", a.key, slot)
		}
		if m != nil && a.masks[slot] != a.decide(m) {
			c.t.Fatalf("audience %+v sees %032b of %s", a.key, a.masks[slot], m.JID)
		}
	}
	slow := max(a.ground(), 0)
	if a.key.node.info() {
		slow = max(slow, a.infoAt())
	}
	for m := range g.entries() {
		slow = max(slow, a.visible(m))
	}
	if got := a.latest(); got != slow {
		c.t.Fatalf("audience %+v: latest visible is %d, want %d", a.key, got, slow)
	}
	for _, co := range a.cohorts {
		live := 0
		for i, w := range co.watch {
			if w == nil {
				continue
			}
			if live++; w.at != i || w.cohort != co || w.audience != a {
				c.t.Fatalf("%s of %s is listed in a cohort that is not its own", w.rec.JID, w.node)
			}
		}
		if live != co.live || live == 0 || co.done > len(co.watch) || co.cursor > g.version {
			c.t.Fatalf("cohort %+v has %d watches", co, live)
		}
	}
}

// Decision is the question what a subscription may see of a member.
func (g *Group) Decision(id, jid string) func() policy.Mask {
	w, m := g.watches[id], g.entry(jid)
	return func() policy.Mask { return w.decision(m).mask }
}

// Held is what a group holds of a member's presence.
func Held(g *Group, jid string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.entry(jid)
	if m == nil {
		return ""
	}
	var all []string
	for _, p := range []*presence{m.presence, m.parked} {
		if p != nil {
			for _, d := range p.devices {
				all = append(all, d.resource+" "+d.status)
			}
		}
	}
	return strings.Join(all, ", ")
}

// Words is what a group holds of what somebody who is, or was, a member said,
// and of whom he trusts.
func (g *Group) Words(jid string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.entry(jid)
	if m == nil {
		return ""
	}
	p := m.papers()
	return p.Said + p.Trusts + p.Elsewhere
}

// CensusHolds is what is held beside the groups of what the server says of jid.
func CensusHolds(r *Roster, jid string) string {
	var all []string
	for _, d := range r.census.there[jid] {
		all = append(all, d.resource+" "+d.status)
	}
	return strings.Join(all, ", ")
}

// Steps is how far the walks of the next turn go down the list of changes.
func (g *Group) Steps() (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, a := range g.order {
		for _, c := range a.cohorts {
			for m := g.changes.first; a.due(c) && m != nil && m.version > c.cursor; m = m.next {
				n++
			}
		}
	}
	return n
}
