package policy_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/policy"
)

func TestParseGroup(t *testing.T) {
	g, err := policy.ParseGroup(`
# what the admin set
default role:lead: all except location
default outsiders: counted until 2026-01-01T19:00:00+01:00
collect availability, show location
basic  role:lead
collect mood
`)
	if err != nil {
		t.Fatal(err)
	}
	const want = `basic role:lead
collect availability show mood location
default outsiders: counted until 2026-01-01T18:00:00Z
default role:lead: counted availability connection show status devices idle capabilities mood activity tune interests language location nickname avatar timezone addresses willingness except location
`
	if got := g.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if !g.Default.Share || g.Collect != policy.Counted|policy.Availability|policy.Show|policy.Mood|policy.Location {
		t.Errorf("read as %+v", g)
	}
}

// What no line speaks of is as in a new group; what is written says it all,
// and names every attribute of today.
func TestParseGroupDefaults(t *testing.T) {
	whole := func(set func(*policy.Group)) policy.Group {
		g := policy.DefaultGroup()
		set(&g)
		return g
	}
	for text, want := range map[string]policy.Group{
		"":                             policy.DefaultGroup(),
		"# nothing\n\n":                policy.DefaultGroup(),
		"basic everyone":               whole(func(g *policy.Group) { g.Basic.Class = policy.Everyone }),
		"basic anyone":                 whole(func(g *policy.Group) { g.Basic.Class = policy.Everyone }),
		"basic members":                policy.DefaultGroup(),
		"collect all":                  policy.DefaultGroup(),
		"collect connection":           whole(func(g *policy.Group) { g.Collect = policy.Counted | policy.Availability | policy.Connection }),
		"collect counted":              whole(func(g *policy.Group) { g.Collect = policy.Counted }),
		"collect all except mood tune": whole(func(g *policy.Group) { g.Collect = policy.All &^ (policy.Mood | policy.Tune) }),
		"default nothing":              whole(func(g *policy.Group) { g.Default = policy.Authorization{Share: true} }),
		"default members: all except location addresses": policy.DefaultGroup(),
	} {
		g, err := policy.ParseGroup(text)
		if err != nil || !reflect.DeepEqual(*g, want) {
			t.Errorf("%q: got\n%v%v, want\n%s", text, g, err, &want)
			continue
		}
		written := g.String()
		if again, err := policy.ParseGroup(written); err != nil || !reflect.DeepEqual(again, g) {
			t.Errorf("%q is written as %q and read as %v, %v", text, written, again, err)
		}
		for _, word := range []string{"basic ", "collect ", "default "} {
			if !strings.Contains("\n"+written, "\n"+word) {
				t.Errorf("%q is written without %s", text, word)
			}
		}
		if strings.Contains(written, " all") {
			t.Errorf("%q is written as %q, which an upgrade would widen", text, written)
		}
	}
}

func TestParseGroupRefuses(t *testing.T) {
	for text, reason := range map[string]string{
		"basic members\nbasics members":        `line 2: "basics": a line begins with one of basic, collect, default`,
		"basic":                                "line 1: basic is members, role:X or everyone",
		"basic outsiders":                      "line 1: basic is",
		"basic nobody":                         "line 1: basic is",
		"basic role:":                          "line 1: basic is",
		"basic role:two words":                 "line 1: basic is",
		"basic jid:a@b":                        "line 1: basic is",
		"basic domain:b":                       "line 1: basic is",
		"basic members\n\nbasic everyone":      "line 3: basic is said twice",
		"collect":                              "line 1: collect: no attribute",
		"collect shoe":                         `line 1: collect: unknown presence attribute "shoe"`,
		"collect all except availability":      "line 1: collect: without availability",
		"default":                              "line 1: default: ",
		"default members":                      "line 1: default: ",
		"default nothing at all":               "line 1: default: ",
		"default members: shoe":                `line 1: default: unknown presence attribute "shoe"`,
		"collect show\ndefault jid:a@b: show":  "line 2: default: jid:a@b: only a member himself",
		"default domain:b: show":               "line 1: default: domain:b: only a member himself",
		"default role:\xff: show":              `"\xff"`,
		"default share no":                     "line 1: default: ",
		"default members: show from yesterday": `"yesterday"`,
		repeat("default members: show", policy.MaxRules+1): fmt.Sprintf("line %d: default: more than", policy.MaxRules+1),
	} {
		g, err := policy.ParseGroup(text)
		var line *policy.LineError
		if g != nil || !errors.As(err, &line) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%.60q: got %v, want %s", text, err, reason)
		}
	}
}

func repeat(line string, n int) string { return strings.Repeat(line+"\n", n) }

// Check guards what comes from forms as the parser guards texts.
func TestCheckGroup(t *testing.T) {
	rules := func(w policy.Who) []policy.Rule { return []policy.Rule{{Who: w, Attributes: policy.Show}} }
	for name, c := range map[string]struct {
		reason string
		spoil  func(*policy.Group)
	}{
		"basic by address": {"basic is", func(g *policy.Group) { g.Basic = policy.Who{Class: policy.JID, Name: "a@b"} }},
		"basic by no role": {"basic is", func(g *policy.Group) { g.Basic = policy.Who{Class: policy.Role} }},
		"nothing":          {"collect: ", func(g *policy.Group) { g.Collect = 0 }},
		"unknown":          {"collect: ", func(g *policy.Group) { g.Collect |= policy.Named }},
		"no share":         {"default: share", func(g *policy.Group) { g.Default.Share = false }},
		"hide":             {"default: share and hide", func(g *policy.Group) { g.Default.Hide = []string{"a@b"} }},
		"address":          {"only a member himself", func(g *policy.Group) { g.Default.Rules = rules(policy.Who{Class: policy.JID, Name: "a@b"}) }},
		"domain":           {"only a member himself", func(g *policy.Group) { g.Default.Rules = rules(policy.Who{Class: policy.Domain, Name: "b"}) }},
		"two words":        {"two", func(g *policy.Group) { g.Default.Rules = rules(policy.Who{Class: policy.Role, Name: "one\u00a0two"}) }},
		"no attribute":     {"no attribute", func(g *policy.Group) { g.Default.Rules[0].Attributes = 0 }},
	} {
		g := policy.DefaultGroup()
		if err := g.Check(); err != nil {
			t.Fatal(err)
		}
		c.spoil(&g)
		if err := g.Check(); err == nil || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: got %v, want %s", name, err, c.reason)
		}
	}
}

func groups() *rapid.Generator[policy.Group] {
	return rapid.Custom(func(t *rapid.T) policy.Group {
		basic, _ := policy.ParseWho(rapid.SampledFrom([]string{"members", "everyone", "role:lead", "role:#:"}).Draw(t, "basic"))
		g := policy.Group{
			Basic:   basic,
			Collect: masks().Filter(func(m policy.Mask) bool { return m != 0 }).Draw(t, "collect"),
			Default: policy.Authorization{Share: true},
		}
		for _, r := range auths().Draw(t, "default").Rules {
			if r.Who.Class < policy.JID {
				r.Attributes |= policy.Counted // a rule grants something
				g.Default.Rules = append(g.Default.Rules, r)
			}
		}
		return g
	})
}

// What passes Check is read as it was written, and decides the same.
func TestGroupRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := groups().Draw(t, "g")
		if err := g.Check(); err != nil {
			t.Fatal(err)
		}
		written := g.String()
		g.Normalise()
		again, err := policy.ParseGroup(written)
		if err != nil {
			t.Fatalf("%q: %v", written, err)
		}
		if again.String() != g.String() {
			t.Fatalf("wrote\n%sread\n%s", &g, again)
		}
		s := policy.Subject{JID: "ann@a.example", Roles: []string{"lead"}}
		w := watchers().Draw(t, "w")
		if got, want := again.Decide(noon, &s, &w, nil), g.Decide(noon, &s, &w, nil); got != want {
			t.Fatalf("decided %s, now %s", want, got)
		}
	})
}

func FuzzParseGroup(f *testing.F) {
	f.Add("basic role:x\ncollect all except show\ndefault everyone: counted until 2026-01-01T00:00:00Z\n")
	f.Add("basic anyone\ndefault nothing\n")
	f.Fuzz(func(t *testing.T, text string) {
		g, err := policy.ParseGroup(text)
		if err != nil {
			return
		}
		if err := g.Check(); err != nil {
			t.Fatalf("%q was read, but: %v", text, err)
		}
		again, err := policy.ParseGroup(g.String())
		if err != nil || again.String() != g.String() {
			t.Fatalf("%q: written as %q: %v", text, g, err)
		}
	})
}
