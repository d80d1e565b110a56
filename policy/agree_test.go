package policy_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// classRules are what defaults are made of.
func classRules() *rapid.Generator[policy.Authorization] {
	return rapid.Custom(func(t *rapid.T) policy.Authorization {
		a := auths().Draw(t, "a")
		a.Rules = slices.DeleteFunc(a.Rules, func(r policy.Rule) bool { return r.Who.Class >= policy.JID })
		return a
	})
}

// Who is within another grants nobody more, whoever looks, whenever; who is
// not does so for somebody, some time.
func TestWithin(t *testing.T) {
	roles := [][]string{nil, {"lead"}, {"ops"}, {"lead", "ops"}}
	rapid.Check(t, func(t *rapid.T) {
		a, b := classRules().Draw(t, "a"), classRules().Draw(t, "b")
		floor := rapid.Bool().Draw(t, "floor")
		for i := range a.Rules {
			if floor { // nothing is in doubt then
				a.Rules[i].Attributes |= policy.Availability
				a.Rules[i].Except &^= policy.Availability
			}
		}
		more := false
		for h := range 6 {
			now := noon.Add(time.Duration(h) * time.Hour)
			ws := []policy.Watcher{{JID: "x@y.example"}}
			for _, r := range roles {
				ws = append(ws, policy.Watcher{JID: "x@y.example", Member: true, Roles: r})
			}
			for i := range ws {
				more = more || a.Grants(now, &ws[i])&^b.Grants(now, &ws[i]) != 0
			}
		}
		if got := a.Within(&b, noon); got && more || floor && got == more {
			t.Fatalf("within: %t; but somebody is granted more: %t\n%s--\n%s", got, more, &a, &b)
		}
	})
}

// What is granted in addition is no longer lacking, and nothing else changes.
func TestGranting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g, a := groups().Draw(t, "g"), auths().Draw(t, "a")
		with := a
		if lacks := g.Lacks(&a); lacks != 0 {
			with = a.Granting(lacks)
		}
		if left := g.Lacks(&with); left != 0 {
			t.Fatalf("still lacks %s", left)
		}
		w := watchers().Draw(t, "w")
		if lost := a.Grants(noon, &w) &^ with.Grants(noon, &w); lost != 0 {
			t.Fatalf("lost %s", lost)
		}
		if got := with.Grants(noon, &w); !w.Member && got != a.Grants(noon, &w) {
			t.Fatalf("an outsider sees %s", got)
		}
	})
}

// Under an agreement to an older default both must grant.
func TestAgreed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g, agreed, w := groups().Draw(t, "g"), classRules().Draw(t, "agreed"), watchers().Draw(t, "w")
		s := policy.Subject{JID: "ann@a.example", Roles: []string{"lead"}}
		now := g.Decide(noon, &s, &w, nil)
		s.Agreed = &agreed
		both := g.Decide(noon, &s, &w, nil)
		if both&^now != 0 {
			t.Fatalf("the agreement widens %s to %s", now, both)
		}
		if got := both & policy.All; got&^agreed.Grants(noon, &w) != 0 {
			t.Fatalf("%s was not agreed to", got)
		}
	})
}
