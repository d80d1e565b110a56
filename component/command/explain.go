package command

import (
	"context"
	"slices"
	"strings"

	data "mellium.im/xmpp/form"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// explainWord tells a member what somebody sees of him and by which of his
// rules; and of the other way round only what his own receiving policy and the
// group's policy do: nobody learns another's rules.
func explainWord() word {
	return word{
		name: "explain", also: []string{"why", "warum", "erklare", "erklaere"}, at: atGroup,
		label: "What somebody sees of you, and why",
		usage: "explain – what somebody sees of you, and why",
		such:  "explain bob@example.org",
		may:   isMember,
		form: func(_ context.Context, c *call) (*form, error) {
			return &form{
				title:  c.say("What somebody sees of you, and why"),
				fields: []field{{name: fieldWhom, kind: data.TypeJID, label: c.say("Whom is it about (address)"), required: true}},
			}, nil
		},
		read: func(_ context.Context, c *call, l *line) (values, error) {
			if len(l.words) == 0 {
				return nil, nil
			}
			j, err := c.readJID(l.words[len(l.words)-1])
			return values{fieldWhom: {j}}, err
		},
		run: func(_ context.Context, c *call, in values) (*answer, error) {
			if in == nil {
				p, err := c.privacy()
				return p.tell(c), err
			}
			return c.explain(in.one(fieldWhom))
		},
	}
}

// watchersWord tells a member who may see what of him.
func watchersWord() word {
	return word{
		name: "watchers", also: []string{"beobachter", "zuschauer"}, at: atGroup,
		label: "Who may see you, and how much",
		usage: "watchers – who may see you, and how much",
		may:   isMember,
		run: func(_ context.Context, c *call, _ values) (*answer, error) {
			all, err := c.group.Watchers(c.bare)
			if err != nil {
				return nil, err
			}
			a := &answer{title: c.say("Who may see you in %s", c.title())}
			for _, s := range all {
				a.tell(c.seer(&s), c.attributes(s.Mask))
			}
			return a, nil
		},
	}
}

const fieldWhom = "whom"

func isMember(c *call) bool { return c.about.Member }

func (c *call) explain(other string) (*answer, error) {
	x, err := c.group.Explain(c.bare, other)
	if err != nil {
		return nil, err
	}
	g, err := c.group.GroupPolicy(c.bare)
	if err != nil {
		return nil, err
	}
	a := &answer{title: c.say("%s and you in %s", other, c.title())}
	a.tell(c.say("Sees of you"), c.attributes(x.Mask))
	for _, reason := range c.reasons(x) {
		a.tell(c.say("Because"), reason)
	}
	if other != c.bare {
		if limits := c.limits(other, x, g); len(limits) > 0 {
			a.tell(c.say("What you see is limited"), strings.Join(limits, "\n"))
		} else {
			a.tell(c.say("What you see"), c.say("what %s shares with you", other))
		}
	}
	return a, nil
}

// reasons are why the other sees what he sees.
func (c *call) reasons(x *roster.Explanation) (all []string) {
	switch {
	case !x.Shares:
		return []string{c.say("you share nothing")}
	case !x.MayWatch:
		all = append(all, c.say("that person may not watch this group"))
	}
	if x.Hidden {
		all = append(all, c.say("that person is on your list of those who always see you offline"))
	}
	for _, r := range x.Rules {
		all = append(all, c.say("your rule: %s", ruleLines([]policy.Rule{r})[0]))
	}
	if len(x.Rules) == 0 {
		all = append(all, c.say("no rule of yours is about that person"))
	} else if !x.Own {
		all = append(all, c.say("these are the rules of the group; you have set none"))
	}
	return all
}

// limits are what the caller's own receiving policy, and the group's policy,
// take away from what he sees of other. What other himself has said is not in
// it.
func (c *call) limits(other string, x *roster.Explanation, g *policy.Group) (all []string) {
	if !c.about.Watches {
		return []string{c.say("you may not watch this group")}
	}
	r := c.received()
	if r.Refuse {
		return []string{c.say("you receive nothing")}
	}
	if len(r.Members) > 0 && !slices.Contains(r.Members, other) {
		all = append(all, c.say("you receive only certain members, and this is none of them"))
	}
	if x.Known && len(r.Roles) > 0 && !common(r.Roles, x.Roles) {
		all = append(all, c.say("you receive only certain roles, and this is none of them"))
	}
	if r.Attributes != 0 {
		all = append(all, c.say("you receive only: %s", c.attributes(r.Attributes)))
	}
	if g.Collect.Has(policy.All) {
		return all
	}
	if g.Collect == 0 {
		return append(all, c.say("the group learns nothing of anybody's presence"))
	}
	return append(all, c.say("the group learns only: %s", c.attributes(g.Collect)))
}

func common(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}
