package policy_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/policy"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const item = policy.Named | policy.Basic

func TestDecide(t *testing.T) {
	rule := func(who string, m policy.Mask) policy.Rule {
		w, err := policy.ParseWho(who)
		if err != nil {
			t.Fatal(err)
		}
		return policy.Rule{Who: w, Attributes: m}
	}
	auth := func(r ...policy.Rule) *policy.Authorization {
		return &policy.Authorization{Share: true, Rules: r}
	}
	past, soon := noon.Add(-time.Hour), noon.Add(time.Hour)
	member := policy.Watcher{JID: "bob@a.example", Member: true, Roles: []string{"lead"}}
	outsider := policy.Watcher{JID: "eve@b.example"}
	floor := policy.Counted | policy.Availability
	for _, c := range []struct {
		name string
		a    *policy.Authorization
		w    policy.Watcher
		r    policy.Receiving
		want policy.Mask
	}{
		{"default, member", nil, member, policy.Receiving{}, item | policy.All&^(policy.Location|policy.Addresses)},
		{"default, outsider", nil, outsider, policy.Receiving{}, 0},
		{"nothing granted", auth(), member, policy.Receiving{}, item},
		{"no floor", auth(rule("members", policy.Show|policy.Status)), member, policy.Receiving{}, item},
		{"availability is counted", auth(rule("members", policy.Availability)), member, policy.Receiving{}, item | floor},
		{"union", auth(rule("members", policy.Availability), rule("role:lead", policy.Show)), member, policy.Receiving{}, item | floor | policy.Show},
		{"another role", auth(rule("role:ops", policy.All)), member, policy.Receiving{}, item},
		{"an outsider has no role", auth(rule("role:lead", policy.All)), policy.Watcher{JID: "eve@b.example", Roles: []string{"lead"}}, policy.Receiving{}, 0},
		{"by jid", auth(rule("jid:eve@b.example", policy.Availability)), outsider, policy.Receiving{}, policy.Named | floor},
		{"by domain", auth(rule("domain:b.example", policy.Availability)), outsider, policy.Receiving{}, policy.Named | floor},
		{"domain is not a suffix", auth(rule("domain:example", policy.Availability)), outsider, policy.Receiving{}, 0},
		{"counted only", auth(rule("outsiders", policy.Counted)), outsider, policy.Receiving{}, policy.Counted},
		{"not yet", auth(policy.Rule{Who: policy.Who{Class: policy.Everyone}, Attributes: policy.All, From: soon}), member, policy.Receiving{}, item},
		{"no longer", auth(policy.Rule{Who: policy.Who{Class: policy.Everyone}, Attributes: policy.All, From: past, Until: noon}), member, policy.Receiving{}, item},
		{"hidden from him", &policy.Authorization{Share: true, Hide: []string{"bob@a.example"}, Rules: policy.Default().Rules}, member, policy.Receiving{}, item},
		{"hidden keeps the name he had", &policy.Authorization{Share: true, Hide: []string{"eve@b.example"}, Rules: []policy.Rule{rule("everyone", policy.Availability)}}, outsider, policy.Receiving{}, policy.Named},
		{"hidden from who may count", &policy.Authorization{Share: true, Hide: []string{"eve@b.example"}, Rules: []policy.Rule{rule("everyone", policy.Counted)}}, outsider, policy.Receiving{}, policy.Enrolled},
		{"not shared, not counted", &policy.Authorization{Rules: []policy.Rule{rule("everyone", policy.Counted)}}, outsider, policy.Receiving{}, policy.Enrolled},
		{"not shared", &policy.Authorization{Rules: policy.Default().Rules}, member, policy.Receiving{}, item},
		{"refused", nil, member, policy.Receiving{Refuse: true}, 0},
		{"only others", nil, member, policy.Receiving{Members: []string{"x@a.example"}}, 0},
		{"only other roles", nil, member, policy.Receiving{Roles: []string{"ops"}}, 0},
		{"same role", nil, member, policy.Receiving{SameRole: true}, item | policy.All&^(policy.Location|policy.Addresses)},
		{"only show, floor gone", nil, member, policy.Receiving{Attributes: policy.Show}, item | policy.Counted},
		{"only availability", nil, member, policy.Receiving{Attributes: policy.Availability}, item | floor},
	} {
		g := policy.DefaultGroup()
		s := policy.Subject{JID: "ann@a.example", Roles: []string{"lead"}, Authorization: c.a}
		if c.want&(policy.Named|policy.Counted) != 0 {
			c.want |= policy.Enrolled // whoever has an item, or counts, is counted as a member
		}
		if got := g.Decide(noon, &s, &c.w, &c.r); got != c.want {
			t.Errorf("%s: got %032b %s, want %032b %s", c.name, got, got, c.want, c.want)
		}
	}
}

func TestWords(t *testing.T) {
	if got := policy.All.String(); got == "" {
		t.Fatal("all has no words")
	}
	for _, s := range []string{"members", "outsiders", "everyone", "role:x", "jid:a@b", "domain:b"} {
		if w, err := policy.ParseWho(s); err != nil || w.String() != s {
			t.Errorf("%s: %v %v", s, w, err)
		}
	}
	for _, s := range []string{"", "membersx", "role:", "jid:", "nobody"} {
		if w, err := policy.ParseWho(s); err == nil {
			t.Errorf("%q was read as %v", s, w)
		}
	}
	if _, err := policy.ParseMask("show shoe"); err == nil {
		t.Error("an unknown word was accepted")
	}
}

func masks() *rapid.Generator[policy.Mask] {
	return rapid.Custom(func(t *rapid.T) policy.Mask {
		return policy.Mask(rapid.Uint32().Draw(t, "bits")) & policy.All
	})
}

func auths() *rapid.Generator[policy.Authorization] {
	whos := []string{"members", "outsiders", "everyone", "role:lead", "role:ops", "jid:bob@a.example", "domain:a.example"}
	return rapid.Custom(func(t *rapid.T) policy.Authorization {
		rules := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) policy.Rule {
			w, _ := policy.ParseWho(rapid.SampledFrom(whos).Draw(t, "who"))
			r := policy.Rule{Who: w, Attributes: masks().Draw(t, "attributes"), Except: masks().Draw(t, "except")}
			if rapid.Bool().Draw(t, "bounded") {
				r.From = noon.Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "from")) * time.Hour)
			}
			return r
		}), 0, 6).Draw(t, "rules")
		return policy.Authorization{Share: true, Rules: rules}
	})
}

func watchers() *rapid.Generator[policy.Watcher] {
	return rapid.Custom(func(t *rapid.T) policy.Watcher {
		return policy.Watcher{
			JID:    rapid.SampledFrom([]string{"", "bob@a.example", "eve@b.example"}).Draw(t, "jid"),
			Member: rapid.Bool().Draw(t, "member"),
			Roles:  rapid.SliceOfDistinct(rapid.SampledFrom([]string{"lead", "ops"}), func(s string) string { return s }).Draw(t, "roles"),
		}
	})
}

// A grant added never hides; the order of rules has no meaning; receiving
// never widens; the floor always holds; ParseMask is the inverse of String.
func TestDecideProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := policy.DefaultGroup()
		a, w := auths().Draw(t, "a"), watchers().Draw(t, "w")
		s := policy.Subject{JID: "ann@a.example", Roles: []string{"lead"}, Authorization: &a}
		before := g.Decide(noon, &s, &w, nil)
		if before != before.Closed() {
			t.Fatalf("no floor under %s", before)
		}
		r := policy.Receiving{
			SameRole:   rapid.Bool().Draw(t, "same"),
			Attributes: masks().Draw(t, "wanted"),
		}
		if got := g.Decide(noon, &s, &w, &r); got&^before != 0 {
			t.Fatalf("receiving widened %s to %s", before, got)
		}
		if m, err := policy.ParseMask(before.String()); err != nil || m != before&policy.All {
			t.Fatalf("%s: %v %v", before, m, err)
		}
		more := a
		more.Rules = append([]policy.Rule{auths().Filter(func(a policy.Authorization) bool { return len(a.Rules) > 0 }).
			Draw(t, "more").Rules[0]}, a.Rules...)
		s.Authorization = &more
		first := g.Decide(noon, &s, &w, nil)
		if before&^first != 0 {
			t.Fatalf("a grant added hid %s", before&^first)
		}
		last := policy.Authorization{Share: true, Rules: append(append([]policy.Rule{}, a.Rules...), more.Rules[0])}
		s.Authorization = &last
		if got := g.Decide(noon, &s, &w, nil); got != first {
			t.Fatalf("order matters: %s, %s", first, got)
		}
		if a.Grants(noon, &w)&^a.Wanted(noon) != 0 {
			t.Fatal("granted what is not wanted")
		}
	})
}

func BenchmarkDecide(b *testing.B) {
	g := policy.DefaultGroup()
	s := policy.Subject{JID: "ann@a.example"}
	w := policy.Watcher{Member: true}
	b.ReportAllocs()
	for b.Loop() {
		g.Decide(noon, &s, &w, nil)
	}
}
