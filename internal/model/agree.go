package model

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// SetDefault puts another default authorization in force. For a member without
// a policy of his own it counts as far as he has agreed to it; a stricter one
// he has agreed to by that.
func (g *Group) SetDefault(rules []Rule, now time.Time) {
	g.Policy.Default = rules
	for _, m := range g.Members {
		if grantsNoMore(rules, m.Agreed, now) {
			m.Agreed = rules
		}
	}
}

// Proposed says whether jid has something to say yes to: a default that lets
// others see more than he has agreed to, or more that is required of his own
// policy.
func (g *Group) Proposed(jid string) bool {
	m, own := g.Members[jid], g.Said[jid]
	switch {
	case m == nil:
		return false
	case own != nil:
		return g.Missing(own) != ""
	}
	return !same(g.Policy.Default, m.Agreed)
}

// Agree is his yes.
func (g *Group) Agree(jid string) {
	m, own := g.Members[jid], g.Said[jid]
	m.Agreed = g.Policy.Default
	if own != nil && g.Missing(own) != "" {
		set := Authorization{Hide: own.Hide, Rules: append(slices.Clone(own.Rules), Rule{Who: "members", Attributes: g.Policy.Require})}
		g.Said[jid] = &set
	}
}

// Missing is what a keeps from members although the group requires it: the
// first such word, "" if there is none.
func (g *Group) Missing(a *Authorization) string {
	shared := Set{}
	for _, r := range a.Rules {
		if r.Who != "members" && r.Who != "everyone" || !r.From.IsZero() || !r.Until.IsZero() {
			continue
		}
		for _, w := range r.Attributes {
			if !slices.Contains(r.Except, w) {
				shared[w] = true
			}
		}
	}
	shared = onFloor(shared)
	for _, w := range Words {
		if slices.Contains(g.Policy.Require, w) && (a.Secret || !shared[w]) {
			return w
		}
	}
	return ""
}

// same says whether two policies were written alike.
func same(a, b []Rule) bool { return fmt.Sprint(a) == fmt.Sprint(b) }

// Possible says whether a policy can be set: its default satisfies what it
// requires, and that is collected.
func (p Policy) Possible() bool {
	collected := withFloor(setOf(p.Collect))
	for _, w := range p.Require {
		if !collected[w] {
			return false
		}
	}
	g := New("any")
	g.Policy = p
	return g.Missing(&Authorization{Rules: p.Default}) == ""
}

// grantsNoMore says whether rules grant nobody a word, now or later, that old
// does not grant him; a word counts although its floor is missing, for a later
// rule may bring it. It tries everybody and every time: an outsider, a member
// with any of the roles that are spoken of, at every moment at which something
// begins or ends.
func grantsNoMore(rules, old []Rule, now time.Time) bool {
	var roles []string
	moments := []time.Time{now}
	for _, r := range slices.Concat(rules, old) {
		if role, ok := strings.CutPrefix(r.Who, "role:"); ok && !slices.Contains(roles, role) {
			roles = append(roles, role)
		}
		for _, t := range []time.Time{r.From, r.Until} {
			if t.After(now) {
				moments = append(moments, t)
			}
		}
	}
	who := New("anybody")
	who.Members["member"] = &Member{}
	for some := range 1 << len(roles) {
		m := who.Members["member"]
		m.Roles = nil
		for i, role := range roles {
			if some>>i&1 == 1 {
				m.Roles = append(m.Roles, role)
			}
		}
		for _, at := range moments {
			for _, watcher := range []string{"member", "outsider"} {
				was := who.matching(old, watcher, at)
				for w := range who.matching(rules, watcher, at) {
					if !was[w] {
						return false
					}
				}
			}
		}
	}
	return true
}
