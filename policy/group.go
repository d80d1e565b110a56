package policy

import (
	"slices"
	"time"
)

// Group is the group policy: what the group acquires and shows at all, and
// what holds for members who said nothing.
type Group struct {
	Watch   []Who         // who may watch: members, role:X, everyone, jid:X, domain:X
	Basic   Who           // who sees the member list and attributes: members, role:X, everyone
	Collect Mask          // what is acquired at all
	From    []Who         // of which members: role:X, jid:X; empty = of all
	Default Authorization // of members who set none
	Require Mask          // what each must share with the members
}

// DefaultGroup is the policy of a new group.
func DefaultGroup() Group {
	return Group{Watch: []Who{{Class: Members}}, Default: Default(), Basic: Who{Class: Members}, Collect: All}
}

// Watches says whether w may watch anything of the group.
func (g *Group) Watches(w *Watcher) bool {
	return slices.ContainsFunc(g.Watch, func(who Who) bool { return who.matches(w) })
}

// Sees says whether w sees the member list and all attributes.
func (g *Group) Sees(w *Watcher) bool { return g.Basic.matches(w) }

// acquires says whether the group acquires anything of s.
func (g *Group) acquires(s *Subject) bool {
	who := Watcher{JID: s.JID, Member: true, Roles: s.Roles}
	return len(g.From) == 0 || slices.ContainsFunc(g.From, func(w Who) bool { return w.matches(&who) })
}

// Acquires is what is worth asking s's server for: what some rule may grant
// somebody from now on, as far as the group acquires it.
func (g *Group) Acquires(now time.Time, s *Subject) Mask {
	if !g.acquires(s) {
		return 0
	}
	m := g.Collect
	for _, a := range g.standing(s) {
		if a != nil {
			m &= a.Wanted(now)
		}
	}
	return m.Closed()
}

// Lacks is what g requires of every member and a does not always grant to the
// members: such a policy cannot be set. To hide from single addresses is no
// lack: nobody is made to show himself to one particular person.
func (g *Group) Lacks(a *Authorization) Mask {
	if !a.Share {
		return g.Require
	}
	var m Mask
	for i := range a.Rules {
		r := &a.Rules[i]
		if always := r.From.IsZero() && r.Until.IsZero(); always && (r.Who.Class == Members || r.Who.Class == Everyone) {
			m |= r.Attributes &^ r.Except
		}
	}
	return g.Require &^ m.Closed()
}
