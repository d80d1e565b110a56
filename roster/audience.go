package roster

import (
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/leak"
	"github.com/rollcall-xmpp/rollcall/policy"
)

// audienceKey is what makes two watchers see the same: the node, whether they
// are members, those of their roles that some rule speaks of, and what they
// want to receive, and when.
type audienceKey struct {
	node      Node
	member    bool
	only      bool // wants only certain members: those are exceptions of the watch
	roles     string
	receiving string
	digest    int    // ms: told of changes by that clock; 0 = by the group's
	format    string // of the items, see [Manner.Format]
	one       bool   // see [Manner.OneItem]
	outpost   bool   // of each there is a node elsewhere
}

// audience is all watchers for whom every decision is the same, but for the
// exceptions that stand with a watch. Guarded by Group.mu.
type audience struct {
	g         *Group
	key       audienceKey
	renderer  Renderer
	standing  policy.Watcher // without a JID
	receiving *policy.Receiving
	basic     bool // sees all group attributes, not name and description only

	masks               []policy.Mask      // by slot: the decisions
	past                map[int32]*history // by slot: those that ever changed
	floor               uint64             // last visible version of the tombstones that were freed
	born                uint64             // what was decided, and who left, before this version is not known
	made                uint64             // version at which it was made
	vouches             uint64             // tokens of who had no watch are good from here
	infoSince, infoTold uint64             // version at which basic changed, and what was visible before it
	mute                bool               // wants nothing to be sent
	cohorts             []*cohort
	watches             int // held ones included
	used                uint64

	sum    Summary
	sumAt  uint64 // version that sum is of; 0 = none
	newest uint64 // see latest
	newAt  uint64 // version that newest is of
}

// keyOf finds the audience that w belongs to.
func (g *Group) keyOf(w *policy.Watcher, node Node, r *policy.Receiving, m *Manner) audienceKey {
	k := audienceKey{node: node, member: w.Member, only: len(r.Members) > 0, digest: m.Digest, format: m.Format, one: m.OneItem && m.Format != FormatJSON, outpost: m.outpost}
	var roles []string
	for _, role := range w.Roles {
		if r.SameRole || g.roles[role] > 0 {
			roles = append(roles, role)
		}
	}
	k.roles = strings.Join(roles, " ")
	if r.Refuse || r.SameRole || len(r.Roles) > 0 || r.Attributes != 0 {
		k.receiving = strings.Join(r.Roles, " ") + "|" + r.Attributes.String()
		if r.SameRole {
			k.receiving += "|same"
		}
		if r.Refuse {
			k.receiving = "refuse"
		}
	}
	return k
}

// audienceOf returns the audience of a watcher with the given receiving
// policy, who is told by the clock of that digest, made if it is new.
func (g *Group) audienceOf(w *policy.Watcher, node Node, r *policy.Receiving, m *Manner) *audience {
	k := g.keyOf(w, node, r, m)
	a := g.audiences[k]
	if a == nil {
		a = &audience{g: g, key: k, renderer: g.roster.words(k.format), made: g.version, mute: r.Refuse && node != NodeContact, past: map[int32]*history{}}
		a.born = max(g.decided, g.left)
		a.vouches = a.born
		a.standing = policy.Watcher{Member: w.Member, Roles: strings.Fields(k.roles)}
		if k.receiving != "" {
			base := *r
			base.Members = nil
			a.receiving = &base
		}
		a.basic = g.seesBasic(&a.standing)
		a.masks = make([]policy.Mask, len(g.slots))
		for _, m := range g.slots {
			if m != nil {
				a.masks[m.slot] = a.decide(m)
			}
		}
		put(&g.audiences, k, a)
		g.order = append(g.order, a)
		g.dropIdle()
	}
	a.used = g.version
	return a
}

// words are the renderer for a format.
func (r *Roster) words(format string) Renderer {
	if format == "" {
		return r.renderer
	}
	return r.renderer.In(format)
}

func (g *Group) seesBasic(w *policy.Watcher) bool {
	return g.policy.Sees(w)
}

// maxIdle is how many audiences without a watch are kept for askers.
const maxIdle = 16

// dropIdle forgets the audience that has been without a watch the longest, if
// there are too many.
func (g *Group) dropIdle() {
	var oldest *audience
	idle := 0
	for _, a := range g.order[:len(g.order)-1] {
		if a.watches == 0 {
			idle++
			if oldest == nil || a.used < oldest.used {
				oldest = a
			}
		}
	}
	if idle > g.roster.limits.idle {
		delete(g.audiences, oldest.key)
		g.order = slices.DeleteFunc(g.order, func(a *audience) bool { return a == oldest })
	}
}

// decide asks policy afresh. A tombstone keeps the decision of its last day.
func (a *audience) decide(m *member) policy.Mask {
	if m.gone > 0 {
		return a.masks[m.slot]
	}
	if a.key.only {
		return 0
	}
	s := m.subject()
	return expand(a.g.policy.Decide(a.g.now(), &s, &a.standing, a.receiving)) & a.key.kinds()
}

func (a *audience) history(slot int32) history {
	if h := a.past[slot]; h != nil {
		return *h
	}
	return history{}
}

// redecide asks policy again about m and remembers what that changed.
func (a *audience) redecide(m *member) {
	old, now := a.masks[m.slot], a.decide(m)
	if old == now {
		return
	}
	h := m.redecide(old, a.history(m.slot), now, a.g.version)
	a.past[m.slot], a.masks[m.slot] = &h, now
}

// visible is the last change of m that a's watchers could see.
func (a *audience) visible(m *member) uint64 {
	return m.visible(a.masks[m.slot], a.history(m.slot))
}

func (a *audience) free(m *member) {
	a.floor = max(a.floor, a.visible(m))
	a.masks[m.slot] = 0
	delete(a.past, m.slot)
	a.sumAt = 0
}

// ground is the version below which a cannot tell what was visible.
func (a *audience) ground() uint64 { return max(a.born, a.floor) }

// infoAt is the last change of the group attributes that a's watchers could
// see.
func (a *audience) infoAt() uint64 {
	at := a.g.info
	if a.basic {
		at = max(at, a.g.infoBasic)
	}
	if at <= a.infoSince {
		return a.infoTold
	}
	return at
}

// setBasic lets a's watchers see all group attributes, or no longer.
func (a *audience) setBasic(basic bool) {
	if basic == a.basic {
		return
	}
	a.infoTold = a.infoAt()
	a.infoSince, a.basic = a.g.version, basic
	if len(a.g.settings.Attributes) > 0 {
		a.infoTold = a.g.version
	}
}

// infoFor is the same for the one with o, which may be nil.
func (a *audience) infoFor(o *own) uint64 {
	at := a.infoAt()
	if o != nil && at <= o.infoSince {
		return o.infoTold
	}
	return at
}

// latest is the version of the last change that a's watchers could see: what
// their token stands for once they have been told of everything. It never
// falls, so that only what changed since the last call has to be looked at.
func (a *audience) latest() uint64 {
	g := a.g
	if a.newAt == g.version {
		return a.newest
	}
	v := max(a.newest, a.ground())
	if a.key.node.info() {
		v = max(v, a.infoAt())
	}
	for m := g.changes.first; m != nil && m.version > a.newAt; m = m.next {
		v = max(v, a.visible(m))
	}
	a.newest, a.newAt = v, g.version
	return v
}

// latestFor is the same for the one with o's exceptions, which may be nil.
func (a *audience) latestFor(o *own) uint64 {
	if o == nil {
		return a.latest()
	}
	v := o.floor
	if a.key.node.info() {
		v = max(v, a.infoFor(o))
	}
	for _, m := range a.g.slots {
		if m == nil {
			continue
		}
		if x := o.about(m); x != nil {
			v = max(v, m.visible(x.mask, x.history))
		} else {
			v = max(v, a.visible(m))
		}
	}
	return v
}

// behind says whether some watch that can be reached is to be told something
// now.
func (a *audience) behind() bool {
	if a.mute {
		return false
	}
	for _, c := range a.cohorts {
		if a.due(c) {
			return true
		}
	}
	return false
}

// Summary is the counts of a group as a watcher may see them.
type Summary struct {
	Members, Available  int
	Chat, Away, XA, DND int
}

func (s *Summary) add(show Show, mask policy.Mask, n int) {
	if leak.Face == "summary" {
		mask |= policy.Enrolled | policy.Counted | policy.Show
	}
	if mask&policy.Enrolled == 0 || show == gone {
		return
	}
	s.Members += n
	if show == Offline || mask&policy.Counted == 0 {
		return
	}
	s.Available += n
	if mask&policy.Show == 0 {
		return
	}
	switch show {
	case Chat:
		s.Chat += n
	case Away:
		s.Away += n
	case XA:
		s.XA += n
	case DND:
		s.DND += n
	}
}

// summary counts for a, once per version.
func (a *audience) summary() Summary {
	if a.sumAt != a.g.version {
		a.sum = Summary{}
		for slot, show := range a.g.shows {
			a.sum.add(show, a.masks[slot], 1)
		}
		a.sumAt = a.g.version
	}
	return a.sum
}
