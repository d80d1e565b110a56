package model

import (
	"slices"
	"time"
)

// Set is a set of words.
type Set map[string]bool

func setOf(words []string) Set {
	s := Set{}
	for _, w := range words {
		s[w] = true
	}
	return s
}

// The words about the member himself.
const (
	enrolled = "enrolled"
	named    = "named"
	basic    = "basic"
)

// Sees is what watcher may see of a member, see the six sentences.
func (g *Group) Sees(watcher, member string, wants *Receiving, now time.Time) Set {
	if g.excluded(watcher, member, wants) {
		return Set{}
	}
	s := g.granted(watcher, member, now)
	if s[availability] || g.is(g.Policy.Basic, watcher) {
		s[named] = true
	}
	if g.is(g.Policy.Basic, watcher) {
		s[basic] = true
	}
	if s[named] || s[counted] {
		s[enrolled] = true
	}
	if g.silent(watcher, member) {
		for _, w := range Words {
			delete(s, w)
		}
	}
	if len(wants.Attributes) > 0 {
		wanted := withFloor(setOf(wants.Attributes))
		for _, w := range Words {
			if w != counted && !wanted[w] {
				delete(s, w)
			}
		}
		s = onFloor(s)
	}
	return s
}

// excluded: the watcher does not want to hear of the member.
func (g *Group) excluded(watcher, member string, wants *Receiving) bool {
	roles := g.Members[member].Roles
	var mine []string
	if me := g.Members[watcher]; me != nil {
		mine = me.Roles
	}
	return wants.Refuse ||
		len(wants.Members) > 0 && !slices.Contains(wants.Members, member) ||
		len(wants.Roles) > 0 && !overlap(wants.Roles, roles) ||
		wants.SameRole && !overlap(mine, roles)
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(x string) bool { return slices.Contains(b, x) })
}

// granted is the union of the rules, as far as the group collects it. Under
// the default it is what both the agreed one and the present one grant.
func (g *Group) granted(watcher, member string, now time.Time) Set {
	var s Set
	if own := g.Said[member]; own != nil {
		s = g.union(own.Rules, watcher, now)
	} else {
		s = both(g.union(g.Members[member].Agreed, watcher, now), g.union(g.Policy.Default, watcher, now))
	}
	return onFloor(both(s, withFloor(setOf(g.Policy.Collect))))
}

func (g *Group) union(rules []Rule, watcher string, now time.Time) Set {
	return onFloor(g.matching(rules, watcher, now))
}

// matching is all words of the rules that match, the floor left out of
// account.
func (g *Group) matching(rules []Rule, watcher string, now time.Time) Set {
	s := Set{}
	for _, r := range rules {
		if !g.is(r.Who, watcher) || !r.valid(now) {
			continue
		}
		for _, w := range r.Attributes {
			if !slices.Contains(r.Except, w) {
				s[w] = true
			}
		}
	}
	return s
}

func (r *Rule) valid(now time.Time) bool {
	begun := r.From.IsZero() || r.From.Equal(now) || r.From.Before(now)
	over := !r.Until.IsZero() && !r.Until.After(now)
	return begun && !over
}

func both(a, b Set) Set {
	s := Set{}
	for w := range a {
		if b[w] {
			s[w] = true
		}
	}
	return s
}

// onFloor is what is left of s without availability, if that is missing:
// counted. Who is available is counted.
func onFloor(s Set) Set {
	left := Set{}
	for w := range s {
		if s[availability] || w == counted || w == named || w == basic || w == enrolled {
			left[w] = true
		}
	}
	if left[availability] {
		left[counted] = true
	}
	return left
}

// withFloor is s with what its words stand on: who names show means
// availability too. It is how lists that take away are read.
func withFloor(s Set) Set {
	whole := Set{}
	for w := range s {
		whole[w] = true
		if w != counted {
			whole[availability] = true
		}
	}
	return onFloor(whole)
}

// Acquired is what the group asks of a member and holds: what some rule of his
// grants anybody, now or later, and what it collects.
func (g *Group) Acquired(member string, now time.Time) Set {
	var s Set
	own := g.Said[member]
	switch {
	case own != nil && own.Secret, !g.collectsFrom(member):
		return Set{}
	case own != nil:
		s = worth(own.Rules, now)
	default:
		s = both(worth(g.Members[member].Agreed, now), worth(g.Policy.Default, now))
	}
	return both(s, withFloor(setOf(g.Policy.Collect)))
}

// worth is all that the rules ever grant from now on.
func worth(rules []Rule, now time.Time) Set {
	s := Set{}
	for _, r := range rules {
		for _, w := range r.Attributes {
			if !slices.Contains(r.Except, w) && (r.Until.IsZero() || r.Until.After(now)) {
				s[w] = true
			}
		}
	}
	return onFloor(s)
}

func (g *Group) collectsFrom(member string) bool {
	return len(g.Policy.CollectFrom) == 0 || g.isAny(g.Policy.CollectFrom, member)
}

// silent: nothing of the member's presence is for this watcher.
func (g *Group) silent(watcher, member string) bool {
	own := g.Said[member]
	return own != nil && (own.Secret || slices.Contains(own.Hide, watcher)) ||
		!g.collectsFrom(member)
}
