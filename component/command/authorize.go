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

// privacy is what the caller lets others see now.
type privacy struct {
	policy.Authorization
	own bool // he has said so himself
}

func (c *call) privacy() (p privacy, err error) {
	p.Authorization, p.own, err = c.group.Authorization(c.bare)
	return p, err
}

// what is the choice in the form that p comes from.
func (p *privacy) what() string {
	switch {
	case !p.own:
		return whatDefault
	case !p.Share:
		return whatNothing
	}
	if len(p.Rules) == 1 && p.Rules[0].Who.Class == policy.Members && p.Rules[0].From.IsZero() && p.Rules[0].Until.IsZero() {
		mask := (p.Rules[0].Attributes &^ p.Rules[0].Except).Closed()
		for _, x := range presets {
			if x.mask.Closed() == mask {
				return x.name
			}
		}
	}
	return whatRules
}

// ruleLines is the text form of rules, as short as people would write it.
func ruleLines(rules []policy.Rule) (all []string) {
	for _, r := range rules {
		text := r.String()
		if words := r.Attributes.String(); r.Attributes.Has(policy.All) {
			text = strings.Replace(text, words, "all", 1)
		} else if r.Attributes.Has(policy.Availability) {
			text = strings.Replace(text, ": "+words, ": "+(r.Attributes&^policy.Counted).String(), 1)
		}
		all = append(all, text)
	}
	return all
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
		instructions: c.say("Now: %s", p.tell(c).body()),
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

// tell puts p into words.
func (p *privacy) tell(c *call) *answer {
	a := &answer{title: c.say("What others see of you in %s", c.title())}
	if !p.Share || len(p.Rules) == 0 {
		a.tell(c.say("Everybody"), c.say("nothing"))
	} else {
		for _, r := range merged(p.Rules) {
			a.tell(c.whom(r.Who), c.attributes(r.Attributes)+c.during(&r))
		}
	}
	if len(p.Hide) > 0 {
		a.tell(c.say("Always offline for"), strings.Join(p.Hide, ", "))
	}
	open := c.proposal() != nil
	switch {
	case !p.own && open:
		a.notes = append(a.notes, note{info, c.say("This is what you agreed to; you have said nothing else.")})
	case !p.own:
		a.notes = append(a.notes, note{info, c.say("This is what the group proposes; you have said nothing else.")})
	}
	if c.chat && open {
		a.notes = append(a.notes, note{info, c.say("The group asks you something: write “agree”.")})
	}
	return a
}

// merged is rules with those about the same people at the same time made one,
// without exceptions: that is how they count.
func merged(rules []policy.Rule) (all []policy.Rule) {
	for _, r := range rules {
		r.Attributes, r.Except = r.Attributes&^r.Except, 0
		same := func(x policy.Rule) bool { return x.Who == r.Who && x.From.Equal(r.From) && x.Until.Equal(r.Until) }
		if i := slices.IndexFunc(all, same); i >= 0 {
			all[i].Attributes |= r.Attributes
		} else {
			all = append(all, r)
		}
	}
	return all
}

// whom is whom a rule speaks of.
func (c *call) whom(w policy.Who) string {
	switch w.Class {
	case policy.Members:
		return c.say("Members")
	case policy.Outsiders:
		return c.say("Who is not in the group")
	case policy.Everyone:
		return c.say("Everybody")
	case policy.Role:
		return c.say("Members with the role %s", w.Name)
	case policy.Domain:
		return c.say("Everybody at %s", w.Name)
	}
	return w.Name
}

func (c *call) during(r *policy.Rule) (s string) {
	const day = "2006-01-02 15:04 MST"
	if !r.From.IsZero() {
		s += " " + c.say("from %s", r.From.UTC().Format(day))
	}
	if !r.Until.IsZero() {
		s += " " + c.say("until %s", r.Until.UTC().Format(day))
	}
	return s
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
		return c.say("Line %d: %s", bad.Line, bad.Reason)
	}
	return err.Error()
}

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
