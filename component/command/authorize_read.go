package command

import (
	"context"
	"slices"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// readAuthorize reads lines such as "share status with lead" and "hide from
// bob@example.org".
func readAuthorize(_ context.Context, c *call, l *line) (values, error) {
	p, err := c.privacy()
	if err != nil {
		return nil, err
	}
	in := values{fieldWhat: {p.what()}, fieldHide: p.Hide, fieldRules: ruleLines(p.Rules)}
	switch l.verb {
	case "hide", "verstecke", "verbirg":
		return p.readHide(c, l, in, true)
	case "unhide":
		return p.readHide(c, l, in, false)
	}
	if len(l.words) == 0 && l.more == "" {
		return nil, nil
	}
	if l.more != "" { // rules, one a line
		in[fieldWhat], in[fieldRules] = []string{whatRules}, lines([]string{l.more})
		return in, nil
	}
	mask, rest, err := c.readAttributes(l.words)
	switch {
	case err != nil:
		return nil, err
	case len(l.words) == 1 && isOneOf(l.words[0], "default", "standard", "vorschlag"):
		in[fieldWhat] = []string{whatDefault}
		return in, nil
	case mask == 0 && len(rest) == 0:
		in[fieldWhat] = []string{whatNothing}
		return in, nil
	}
	whom := []policy.Who{{Class: policy.Members}}
	if len(rest) > 0 {
		if whom, err = c.readWhom(rest); err != nil {
			return nil, err
		}
	}
	in[fieldWhat], in[fieldRules] = []string{whatRules}, p.changed(whom, mask, len(rest) == 0)
	return in, nil
}

// changed are the rules in which those for whom have been replaced by mask;
// with all set, all rules.
func (p *privacy) changed(whom []policy.Who, mask policy.Mask, all bool) []string {
	var rules []policy.Rule
	for _, r := range p.Rules {
		if !all && !slices.Contains(whom, r.Who) {
			rules = append(rules, r)
		}
	}
	for _, w := range whom {
		if mask != 0 {
			rules = append(rules, policy.Rule{Who: w, Attributes: mask})
		}
	}
	return ruleLines(rules)
}

func (p *privacy) readHide(c *call, l *line, in values, hide bool) (values, error) {
	names := l.words
	if len(names) > 0 && isOneOf(names[0], "from", "vor", "me", "mich") {
		names = names[1:]
	}
	if len(names) > 0 && isOneOf(names[0], "from", "vor") {
		names = names[1:]
	}
	if len(names) == 0 {
		return nil, nil
	}
	all := slices.Clone(p.Hide)
	for _, n := range names {
		j, err := c.readJID(n)
		if err != nil {
			return nil, err
		}
		all = slices.DeleteFunc(all, func(x string) bool { return x == j })
		if hide {
			all = append(all, j)
		}
	}
	in[fieldHide] = all
	return in, nil
}
