package roster_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

func (s *stage) explained(t *testing.T, me, other string) string {
	t.Helper()
	x, err := s.g.Explain(at(me), at(other))
	if err != nil {
		return err.Error()
	}
	var rules []string
	for _, r := range x.Rules {
		rules = append(rules, r.Who.String())
	}
	return fmt.Sprintf("known=%t member=%t %v watches=%t own=%t shares=%t hidden=%t by %v: %s",
		x.Known, x.Member, x.Roles, x.MayWatch, x.Own, x.Shares, x.Hidden, rules, x.Mask)
}

func groupPolicy(t *testing.T, lines ...string) policy.Group {
	t.Helper()
	p, err := policy.ParseGroup(strings.Join(lines, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return *p
}

// Each learns what others see of him, by which of his rules; and of the
// others only what he may know.
func TestExplain(t *testing.T) {
	rec := team("ann", "bob", "cid")
	rec.Members[1].Roles = []string{"lead"}
	s := play(t, rec)
	s.authorizes("ann", &policy.Authorization{Share: true, Hide: []string{at("cid")}, Rules: []policy.Rule{
		rule(t, "members", policy.Availability), rule(t, "role:lead", policy.Availability|policy.Show), rule(t, "jid:"+at("eve"), policy.All)}})
	for _, c := range [][3]string{
		{"ann", "bob", "known=true member=true [lead] watches=true own=true shares=true hidden=false by [members role:lead]: counted availability show"},
		{"ann", "cid", "known=true member=true [] watches=true own=true shares=true hidden=true by [members]: "},
		{"ann", "eve", "known=true member=false [] watches=false own=true shares=true hidden=false by [jid:eve@a.example]: "},
		{"bob", "ann", "known=true member=true [] watches=true own=false shares=true hidden=false by [members]: " + (policy.All &^ (policy.Location | policy.Addresses)).String()},
		{"eve", "ann", "no such group"},
	} {
		if got := s.explained(t, c[0], c[1]); got != c[2] {
			t.Errorf("to %s about %s: %s\nwant %s", c[0], c[1], got, c[2])
		}
	}
	// To who does not see the member list everybody is an outsider.
	s.do(op{kind: "policy", policy: groupPolicy(t, "basic role:lead", "watch anyone")})
	const stranger = "known=false member=false [] watches=true own=true shares=true hidden=false by []: "
	for _, other := range []string{"bob", "zoe"} {
		if got := s.explained(t, "ann", other); got != stranger {
			t.Errorf("about %s: %s", other, got)
		}
	}
	if got := s.explained(t, "eve", "ann"); got != "forbidden" && got != "no such member" {
		t.Errorf("to an outsider: %s", got)
	}
}

func TestWatchers(t *testing.T) {
	s := play(t, team("ann", "bob"))
	s.authorizes("ann", &policy.Authorization{Share: true, Hide: []string{at("bob")}, Rules: []policy.Rule{
		rule(t, "members", policy.Availability), rule(t, "role:lead", policy.Show), rule(t, "domain:b.example", policy.All)}})
	list := func() string {
		all, err := s.g.Watchers(at("ann"))
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, x := range all {
			fmt.Fprintf(&b, "%s: %s\n", x.Who, x.Mask)
		}
		return b.String()
	}
	want := "members: counted availability\noutsiders: \ndomain:b.example: \njid:bob@a.example: \nrole:lead: counted availability show\n"
	if got := list(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	s.do(op{kind: "policy", policy: groupPolicy(t, "watch members domain:b.example", "collect all except show")})
	want = "members: counted availability\noutsiders: \ndomain:b.example: " + (policy.All &^ policy.Show).String() +
		"\njid:bob@a.example: \nrole:lead: counted availability\n"
	if got := list(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// A stricter default holds at once, a looser one when the member has said yes,
// to those very terms; and after a restart it is the same.
func TestAgreement(t *testing.T) {
	rec := team("ann", "bob")
	rec.Settings.Policy = "default members: availability"
	s, ctx := play(t, rec), context.Background()
	s.subscribes("bob", roster.NodePresence)
	s.comes("ann", "desk", roster.DND, "here")
	s.says("bob presence full: ann bob")
	s.do(op{kind: "policy", policy: groupPolicy(t, "default members: availability show status")})
	s.says()
	first, err := s.g.Proposal(at("ann"))
	if err != nil || first == nil {
		t.Fatal(first, err)
	}
	s.do(op{kind: "policy", policy: groupPolicy(t, "default members: availability show")})
	if err := s.g.Agree(ctx, at("ann"), first.ID); !errors.Is(err, roster.ErrStale) {
		t.Fatalf("yes to other terms: %v", err)
	}
	s.do(op{kind: "agree", jid: at("ann")})
	s.says() // what is shown in addition has to be asked for
	if _, probe := s.g.Wants(); len(probe) != 1 || probe[0] != at("ann") {
		t.Fatalf("probes %q", probe)
	}
	s.comes("ann", "desk", roster.DND, "here")
	s.says("bob presence: ann")
	if p, _ := s.g.Proposal(at("ann")); p != nil {
		t.Error("she is asked again")
	}
	s.do(op{kind: "policy", policy: groupPolicy(t, "default nothing")})
	s.says("bob presence: ann")
	stored, err := s.r.ShowGroup(ctx, "team")
	if err != nil || stored.Member(at("bob")).Agreed != "" {
		t.Errorf("%v %v", stored, err)
	}
}

// What is required cannot be kept back by a policy, and is not taken from who
// set his before.
func TestRequire(t *testing.T) {
	s, ctx := play(t, team("ann", "bob")), context.Background()
	only := &policy.Authorization{Share: true, Rules: []policy.Rule{rule(t, "members", policy.Availability)}}
	s.authorizes("ann", only)
	s.do(op{kind: "policy", policy: groupPolicy(t, "require show")})
	var bad *roster.InvalidError
	if err := s.g.Authorize(ctx, at("bob"), only); !errors.As(err, &bad) || bad.Field != "authorization" || !strings.Contains(bad.Reason, "members may see show") {
		t.Errorf("less than required: %v", err)
	}
	if a, own, _ := s.g.Authorization(at("ann")); !own || a.String() != "members: availability\n" {
		t.Errorf("ann's became %s", &a)
	}
	p, _ := s.g.Proposal(at("ann"))
	if p == nil || p.Require != policy.Show {
		t.Fatalf("ann is asked for %+v", p)
	}
	s.do(op{kind: "agree", jid: at("ann")})
	if a, _, _ := s.g.Authorization(at("ann")); a.String() != "members: show\nmembers: availability\n" && a.String() != "members: availability\nmembers: show\n" {
		t.Errorf("ann's became %s", &a)
	}
}
