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
}

// Receiving is what a watcher wants. The zero value wants everything.
type Receiving struct {
	Refuse     bool     // nothing at all
	Members    []string // only these bare JIDs; empty = all
	Roles      []string // only members with one of these; empty = all
	SameRole   bool     // only members with a role in common with the watcher
	Attributes Mask     // only these; 0 = all
}

// Group is the part of the group policy that enters a decision.
type Group struct {
	Default Authorization // of members who set none
	Basic   Who           // who sees the member list and attributes
	Collect Mask          // what is acquired at all
}

// DefaultGroup is the policy of a new group.
func DefaultGroup() Group {
	return Group{Default: Default(), Basic: Who{Class: Members}, Collect: All}
}

// Decide says what w may see of s at the time now under all three policies.
// r may be nil. 0 means: no item, not even counted.
func (g *Group) Decide(now time.Time, s *Subject, w *Watcher, r *Receiving) Mask {
	if r != nil && r.excludes(s, w) {
		return 0
	}
	a := s.Authorization
	if a == nil {
		a = &g.Default
	}
	m := a.Grants(now, w) & g.Collect
	if m&Availability != 0 {
		m |= Named
	}
	if g.Basic.matches(w) {
		m |= Named | Basic
	}
	if !a.Share || w.JID != "" && slices.Contains(a.Hide, w.JID) {
		m &= Named | Basic
	}
	if r != nil && r.Attributes != 0 {
		m &= r.Attributes | Counted | Named | Basic
	}
	return m.Closed()
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
