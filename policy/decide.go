package policy

import (
	"slices"
	"time"
)

// Watcher is who looks. Without a JID it stands for everybody of its
// standing.
type Watcher struct {
	JID    string // bare, or "" for an audience
	Member bool
	Roles  []string
}

// Subject is who is looked at.
type Subject struct {
	JID           string // bare
	Roles         []string
	Authorization *Authorization // nil = the group's default
	Agreed        *Authorization // the default he agreed to, if he has not to the present one
	Elsewhere     *Authorization // what he set at his server; nil = nothing: both must grant
}

// Receiving is what a watcher wants. The zero value wants everything.
type Receiving struct {
	Refuse     bool     // nothing at all
	Members    []string // only these bare JIDs; empty = all
	Roles      []string // only members with one of these; empty = all
	SameRole   bool     // only members with a role in common with the watcher
	Attributes Mask     // only these; 0 = all
}

// Decide says what w may see of s at the time now under all three policies.
// r may be nil. 0 means: no item, not even counted.
func (g *Group) Decide(now time.Time, s *Subject, w *Watcher, r *Receiving) Mask {
	if r != nil && r.excludes(s, w) {
		return 0
	}
	m := g.granted(now, s, w)
	if m&Availability != 0 {
		m |= Named
	}
	if g.Basic.matches(w) {
		m |= Named | Basic
	}
	if m&(Named|Counted) != 0 {
		m |= Enrolled
	}
	if g.hides(s, w) {
		m &= member
	}
	if r != nil && r.Attributes != 0 {
		m &= r.Attributes | Counted | member
	}
	return m.Closed()
}

// granted is what s lets w see, wherever he said so, as far as the group
// acquires it.
func (g *Group) granted(now time.Time, s *Subject, w *Watcher) Mask {
	m := g.Collect
	for _, a := range g.standing(s) {
		if a != nil {
			m &= a.Grants(now, w)
		}
	}
	return m.Closed()
}

// standing is the policies that speak for s; all of them must grant.
func (g *Group) standing(s *Subject) [3]*Authorization {
	if s.Authorization != nil {
		return [3]*Authorization{s.Authorization, s.Elsewhere}
	}
	return [3]*Authorization{&g.Default, s.Agreed, s.Elsewhere}
}

// hides says whether w sees s as offline, whatever else is granted.
func (g *Group) hides(s *Subject, w *Watcher) bool {
	if !g.acquires(s) {
		return true
	}
	return s.Authorization.hides(w) || s.Elsewhere.hides(w)
}

func (a *Authorization) hides(w *Watcher) bool {
	return a != nil && (!a.Share || w.JID != "" && slices.Contains(a.Hide, w.JID))
}

// excludes says whether the watcher does not want s at all.
func (r *Receiving) excludes(s *Subject, w *Watcher) bool {
	return r.Refuse ||
		len(r.Members) > 0 && !slices.Contains(r.Members, s.JID) ||
		len(r.Roles) > 0 && !common(r.Roles, s.Roles) ||
		r.SameRole && !common(w.Roles, s.Roles)
}

func common(a, b []string) bool {
	return slices.ContainsFunc(a, func(x string) bool { return slices.Contains(b, x) })
}
