package command

import (
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/policy"
)

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
	if p.locates() {
		if now, err := c.group.Precision(c.bare); err == nil {
			a.tell(c.say("Where you are"), c.precision(now))
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

// locates says whether p lets anybody see where the caller is.
func (p *privacy) locates() bool {
	return p.Share && slices.ContainsFunc(p.Rules, func(r policy.Rule) bool { return (r.Attributes &^ r.Except).Has(policy.Location) })
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

// day is how a moment is written.
const day = "2006-01-02 15:04 MST"

func (c *call) during(r *policy.Rule) (s string) {
	if !r.From.IsZero() {
		s += " " + c.say("from %s", r.From.UTC().Format(day))
	}
	if !r.Until.IsZero() {
		s += " " + c.say("until %s", r.Until.UTC().Format(day))
	}
	return s
}
