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
require availability
watch anyone role:x
collect-from role:staff
watch jid:eve@b.example
default role:lead: all except location
default members: availability
collect-from jid:ann@a.example members
default outsiders: counted until 2026-01-01T19:00:00+01:00
collect availability, show location
basic  role:lead
collect mood
`)
	if err != nil {
		t.Fatal(err)
	}
	const want = `watch anyone
watch role:x
watch jid:eve@b.example
basic role:lead
collect availability show mood location
collect-from role:staff
collect-from jid:ann@a.example
default members: availability
default outsiders: counted until 2026-01-01T18:00:00Z
default role:lead: counted availability connection show status devices idle capabilities mood activity tune interests language location nickname avatar timezone addresses willingness except location
require availability
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
		"watch members":                policy.DefaultGroup(),
		"collect-from members":         policy.DefaultGroup(),
		"require nothing":              policy.DefaultGroup(),
		"watch domain:b.example":       whole(func(g *policy.Group) { g.Watch = []policy.Who{{Class: policy.Domain, Name: "b.example"}} }),
		"require show":                 whole(func(g *policy.Group) { g.Require = policy.Counted | policy.Availability | policy.Show }),
		"basic everyone":               whole(func(g *policy.Group) { g.Basic.Class = policy.Everyone }),
		"basic anyone":                 whole(func(g *policy.Group) { g.Basic.Class = policy.Everyone }),
		"basic members":                policy.DefaultGroup(),
		"collect all":                  policy.DefaultGroup(),
		"collect connection":           whole(func(g *policy.Group) { g.Collect = policy.Counted | policy.Availability | policy.Connection }),
		"collect nothing":              whole(func(g *policy.Group) { g.Collect = 0 }),
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
		"basic members\nbasics members":        `line 2: "basics": a line begins with one of watch, basic, collect, collect-from, default, require`,
		"basic":                                "line 1: basic is members, role:X or anyone",
		"basic outsiders":                      "line 1: basic is",
		"basic nobody":                         "line 1: basic is",
		"basic role:":                          "line 1: basic is",
		"basic role:two words":                 "line 1: basic is",
		"basic jid:a@b":                        "line 1: basic is",
		"basic domain:b":                       "line 1: basic is",
		"basic members\n\nbasic everyone":      "line 3: basic is said twice",
		"watch":                                "line 1: watch: nobody is named",
		"watch outsiders":                      "line 1: watch: outsiders alone",
		"watch bob":                            "line 1: watch: \"bob\" is none of",
		"watch jid:bob":                        "line 1: watch: jid:bob: not an address",
		"collect-from outsiders":               "line 1: collect-from is",
		"collect-from domain:b":                "line 1: collect-from is",
		"require shoe":                         `line 1: require: unknown presence attribute "shoe"`,
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
		repeat("default members: show", policy.MaxDefault+1): fmt.Sprintf("line %d: default: more than", policy.MaxDefault+1),
	} {
		g, err := policy.ParseGroup(text)
		var line *policy.LineError
		if g != nil || !errors.As(err, &line) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%.60q: got %v, want %s", text, err, reason)
		}
	}
}

// Lines that make sense one by one may not do so together.
func TestParseGroupContradictions(t *testing.T) {
	for text, reason := range map[string]string{
		"require mood\ncollect show":        "require: mood is not collected",
		"require location":                  "require: the default does not let members see location",
		"default nothing\nrequire show":     "members see counted availability show",
		"default role:x: all\nrequire show": "members see counted availability show",
		"default members: all until 2030-01-01T00:00:00Z\nrequire availability": "members see counted availability",
	} {
		if g, err := policy.ParseGroup(text); g != nil || err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%q: got %v, want %s", text, err, reason)
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
		"unknown":          {"collect: ", func(g *policy.Group) { g.Collect |= policy.Named }},
		"no share":         {"default: share", func(g *policy.Group) { g.Default.Share = false }},
		"hide":             {"default: share and hide", func(g *policy.Group) { g.Default.Hide = []string{"a@b"} }},
		"address":          {"only a member himself", func(g *policy.Group) { g.Default.Rules = rules(policy.Who{Class: policy.JID, Name: "a@b"}) }},
		"domain":           {"only a member himself", func(g *policy.Group) { g.Default.Rules = rules(policy.Who{Class: policy.Domain, Name: "b"}) }},
		"nobody watches":   {"watch: nobody", func(g *policy.Group) { g.Watch = nil }},
		"outsiders watch":  {"watch: outsiders", func(g *policy.Group) { g.Watch = []policy.Who{{Class: policy.Outsiders}} }},
		"from a domain":    {"collect-from is", func(g *policy.Group) { g.From = []policy.Who{{Class: policy.Domain, Name: "b"}} }},
		"uncollected":      {"is not collected", func(g *policy.Group) { g.Require, g.Collect = policy.Mood, policy.All&^policy.Mood }},
		"too little":       {"does not let members see location", func(g *policy.Group) { g.Require = policy.Location }},
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
		who := func(label string, min int, of ...string) (all []policy.Who) {
			for _, s := range rapid.SliceOfN(rapid.SampledFrom(of), min, 3).Draw(t, label) {
				w, _ := policy.ParseWho(s)
				all = append(all, w)
			}
			return all
		}
		g := policy.Group{
			Watch:   who("watch", 1, "members", "everyone", "role:lead", "jid:eve@b.example", "domain:b.example"),
			From:    who("from", 0, "role:lead", "role:ops", "jid:ann@a.example"),
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
		g.Require = policy.All
		g.Require &^= g.Lacks(&g.Default)
		if g.Require &= g.Collect; g.Require&policy.Availability == 0 {
			g.Require = 0
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
