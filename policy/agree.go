package policy

import (
	"slices"
	"time"
)

// Within says whether a grants nobody more than b, now or later. It compares
// rules about classes of people, as defaults are made of: rules that name
// single addresses or domains, and hide, are not looked at. In doubt it says
// no: what a grants without the floor counts as if another rule gave it one.
func (a *Authorization) Within(b *Authorization, now time.Time) bool {
	if !a.Share {
		return true
	}
	if !b.Share {
		return a.Wanted(now) == 0
	}
	moments := []time.Time{now}
	for _, x := range [2]*Authorization{a, b} {
		for t := x.Next(now); !t.IsZero(); t = x.Next(t) {
			moments = append(moments, t)
		}
	}
	// Without the floor rules only add up: what holds for each role alone
	// holds for any together.
	watchers := []Watcher{{}, {Member: true}}
	a.Roles(func(role string) { watchers = append(watchers, Watcher{Member: true, Roles: []string{role}}) })
	return !slices.ContainsFunc(moments, func(t time.Time) bool {
		return slices.ContainsFunc(watchers, func(w Watcher) bool {
			return a.union(t, &w)&^b.union(t, &w) != 0
		})
	})
}

// Granting is a with a rule that lets the members see m.
func (a *Authorization) Granting(m Mask) Authorization {
	with := a.Clone()
	if !a.Share { // the rules of who shares nothing are kept, not in force: yes was said to m alone
		with.Share, with.Rules = true, nil
	}
	with.Rules = append(with.Rules, Rule{Who: Who{Class: Members}, Attributes: m})
	with.Normalise()
	return with
}

// Terms is the text form of what a member of g agrees to: the default, and
// what is required. It changes whenever one of them does.
func (g *Group) Terms() string {
	return writeSentences([]sentence{
		{word: "default", write: g.writeDefault},
		{word: "require", write: g.writeRequire},
	})
}
