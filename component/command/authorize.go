package command

import (
	"context"
	"errors"
	"slices"
	"strings"

	data "mellium.im/xmpp/form"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// authorizeWord is what the caller lets others see of him in the group.
func authorizeWord() word {
	return word{
		name: "authorize", also: []string{"share", "teile", "teilen", "zeige", "hide", "verstecke", "verbirg", "unhide", "show", "privacy"},
		at:    atGroup,
		label: "Who sees what of you",
		usage: "share – what others see of you",
		such:  "share nothing; share everything but location; share only availability; share status with lead; hide from bob@example.org; unhide bob@example.org; share default",
		form: func(_ context.Context, c *call) (*form, error) {
			p, err := c.privacy()
			return p.form(c), err
		},
		read: readAuthorize,
		run: func(ctx context.Context, c *call, in values) (*answer, error) {
			p, err := c.privacy()
			if err != nil || in == nil {
				return p.tell(c), err
			}
			return p.authorize(ctx, c, in)
		},
	}
}

// The fields of the form.
const (
	fieldWhat  = "what"
	fieldHide  = "hide"
	fieldRules = "rules"
)

// What can be chosen beside the presets.
const (
	whatDefault = "default"
	whatNothing = "nothing"
	whatRules   = "rules"
)

// preset is a policy with one rule, for members.
type preset struct {
	name, label string
	mask        policy.Mask
}

var presets = [...]preset{
	{"everything", "Everything", policy.All},
	{"most", "All but location and addresses", policy.All &^ (policy.Location | policy.Addresses)},
	{"status", "Available, away, busy, status text", policy.Availability | policy.Show | policy.Status},
	{"availability", "Only whether I am available", policy.Availability},
	{"counted", "Only a number, no name", policy.Counted},
}

// authorize does what in asks for.
func (p *privacy) authorize(ctx context.Context, c *call, in values) (*answer, error) {
	if in.is(fieldAgree) {
		a, err := c.agree(ctx, in.one(fieldProposal))
		if err != nil || p.same(in) {
			return a, err
		}
	}
	a, err := p.wanted(c, in)
	if err != nil {
		return nil, err
	}
	if err := c.group.Authorize(ctx, c.bare, a); err != nil {
		return nil, err
	}
	now, err := c.privacy()
	return now.tell(c), err
}

// same says whether in leaves p as it is.
func (p *privacy) same(in values) bool {
	return in.one(fieldWhat) == p.what() && slices.Equal(in[fieldHide], p.Hide) && slices.Equal(in[fieldRules], ruleLines(p.Rules))
}

func (p *privacy) form(c *call) *form {
	choices := []option{}
	for _, x := range presets {
		choices = append(choices, option{x.name, c.say(x.label)})
	}
	choices = append(choices,
		option{whatNothing, c.say("Nothing")},
		option{whatDefault, c.say("What the group proposes")},
		option{whatRules, c.say("My own rules, below")})
	f := &form{
		title:        c.say("Who sees what of you in %s", c.title()),
		instructions: c.say("Now – %s", p.tell(c).body()),
		fields: []field{
			{name: fieldWhat, kind: data.TypeList, label: c.say("Members see"), values: []string{p.what()}, options: choices, required: true},
			{name: fieldHide, kind: data.TypeJIDMulti, label: c.say("Always offline for (addresses)"), values: p.Hide,
				desc: c.say("These people always see you offline. They are not told.")},
			{name: fieldRules, kind: data.TypeTextMulti, label: c.say("My own rules, one a line"), values: ruleLines(p.Rules),
				desc: c.say("Such as: members: availability show – role:lead: all except location – jid:bob@example.org: status until 2030-01-31T18:00:00Z")},
		},
	}
	if open := c.proposal(); open != nil {
		f.instructions += "\n" + c.proposes(open)
		f.fields = append(f.fields, field{name: fieldProposal, kind: data.TypeHidden, values: []string{open.ID}},
			field{name: fieldAgree, kind: data.TypeBoolean, label: c.say("I agree"), values: boolean(false)})
	}
	return f
}

// wanted is the policy that in asks for; nil takes back what he has said.
func (p *privacy) wanted(c *call, in values) (*policy.Authorization, error) {
	what, hide := in.one(fieldWhat), in[fieldHide]
	if what == p.what() && !slices.Equal(in[fieldRules], ruleLines(p.Rules)) {
		what = whatRules // who only edits the rules wants them
	}
	a := &policy.Authorization{Share: true}
	switch what {
	case whatDefault:
		if len(hide) == 0 {
			return nil, nil
		}
		if !p.own { // who only hides from somebody has not agreed to anything new
			a.Rules = p.Rules
			break
		}
		g, err := c.group.GroupPolicy(c.bare)
		if err != nil {
			return nil, err
		}
		a.Rules = g.Default.Rules
	case whatNothing:
		a.Share, a.Rules = false, p.Rules // to come back to
	case whatRules:
		var err error
		if a, err = policy.ParseAuthorization(strings.Join(in[fieldRules], "\n")); err != nil {
			return nil, &fieldError{fieldRules, c.lineError(err)}
		}
		hide = append(slices.Clone(hide), a.Hide...)
	default:
		i := slices.IndexFunc(presets[:], func(x preset) bool { return x.name == what })
		if i < 0 {
			return nil, &fieldError{fieldWhat, c.say("Something must stand here.")}
		}
		a.Rules = []policy.Rule{{Who: policy.Who{Class: policy.Members}, Attributes: presets[i].mask}}
	}
	a.Hide = hide
	return a, c.spell(a)
}

// spell writes the addresses in a as servers stamp them.
func (c *call) spell(a *policy.Authorization) error {
	for i := range a.Hide {
		j, ok := bareJID(a.Hide[i])
		if !ok {
			return &fieldError{fieldHide, c.say("“%s” is not an address like user@example.org.", shorten(a.Hide[i], 40))}
		}
		a.Hide[i] = j
	}
	for i := range a.Rules {
		w := &a.Rules[i].Who
		if w.Class != policy.JID {
			continue
		}
		j, ok := bareJID(w.Name)
		if !ok {
			return &fieldError{fieldRules, c.say("“%s” is not an address like user@example.org.", shorten(w.Name, 40))}
		}
		w.Name = j
	}
	return nil
}

// lineError says which line of a text makes no sense.
func (c *call) lineError(err error) string {
	var bad *policy.LineError
	if errors.As(err, &bad) {
		return c.say("Line %d: %s", bad.Line, c.lang.because(bad.Reason))
	}
	return c.because(err)
}
