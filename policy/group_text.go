package policy

import (
	"errors"
	"fmt"
)

// The text form of a group policy:
//
//	basic role:lead
//	collect all except location addresses
//	default members: all except location addresses
//	default outsiders: counted
//
// Each line with default is a rule of the default authorization, "default
// nothing" is one without rules. What no line speaks of is as in
// [DefaultGroup]. What is written says everything, so that a stored policy
// does not widen when an upgrade brings new attributes.

// nothing is what a default without rules is called.
const nothing = "nothing"

// ParseGroup reads the text form. It returns a [LineError] for the first line
// that makes no sense.
func ParseGroup(text string) (*Group, error) {
	g := &Group{}
	seen, err := readSentences(text, g.sentences())
	if err != nil {
		return nil, err
	}
	d := DefaultGroup()
	if !seen["basic"] {
		g.Basic = d.Basic
	}
	if !seen["collect"] {
		g.Collect = d.Collect
	}
	if !seen["default"] {
		g.Default = d.Default
	}
	g.Default.Share = true
	g.Normalise()
	return g, nil
}

// String is the text form.
func (g *Group) String() string { return writeSentences(g.sentences()) }

// sentences is the one list of what a group policy can say. A new one needs
// its clause in Check, and in ParseGroup if its default is not the zero value.
func (g *Group) sentences() []sentence {
	return []sentence{
		{word: "basic", once: true, read: g.readBasic, write: func() []string { return []string{g.Basic.String()} }},
		{word: "collect", read: g.readCollect, write: func() []string { return []string{writeAttributes(g.Collect)} }},
		{word: "default", read: g.readDefault, write: g.writeDefault},
	}
}

func (g *Group) readBasic(rest string) (err error) {
	if rest == "anyone" { // as forms have it
		rest = classes[Everyone]
	}
	if g.Basic, err = ParseWho(rest); err != nil {
		return errBasic
	}
	return g.checkBasic()
}

func (g *Group) readCollect(rest string) error {
	m, err := readAttributes(rest)
	if err != nil {
		return fmt.Errorf("collect: %w", err)
	}
	g.Collect |= m
	return nil
}

func (g *Group) readDefault(rest string) error {
	if rest == nothing {
		return nil
	}
	r, err := ParseRule(rest)
	if err != nil {
		return fmt.Errorf("default: %w", err)
	}
	g.Default.Rules = append(g.Default.Rules, r)
	if len(g.Default.Rules) > MaxRules {
		return fmt.Errorf("default: more than %d rules", MaxRules)
	}
	return checkDefault(&r)
}

func (g *Group) writeDefault() []string {
	if len(g.Default.Rules) == 0 {
		return []string{nothing}
	}
	lines := make([]string, len(g.Default.Rules))
	for i, r := range g.Default.Rules {
		lines[i] = r.String()
	}
	return lines
}

var errBasic = errors.New("basic is members, role:X or everyone")

// Check says what is wrong with g, if anything: basic for a class it cannot
// be for, nothing collected, or a default authorization that is more than
// rules about classes of people.
func (g *Group) Check() error {
	if err := g.checkBasic(); err != nil {
		return err
	}
	if g.Collect == 0 || g.Collect&^All != 0 {
		return errors.New("collect: no attribute is named, or one that is not known")
	}
	if !g.Default.Share || len(g.Default.Hide) > 0 {
		return errors.New("default: share and hide are for each member to say")
	}
	if err := g.Default.Check(); err != nil {
		return fmt.Errorf("default: %w", err)
	}
	for i := range g.Default.Rules {
		if err := checkDefault(&g.Default.Rules[i]); err != nil {
			return err
		}
	}
	return nil
}

func (g *Group) checkBasic() error {
	switch c := g.Basic.Class; {
	case c == Members, c == Everyone, c == Role && isWord(g.Basic.Name):
		return nil
	}
	return errBasic
}

// checkDefault is about what a default may say less than a member's own rule:
// whom he shows himself to by name is his to say.
func checkDefault(r *Rule) error {
	switch r.Who.Class {
	case JID, Domain:
		return fmt.Errorf("default: %s: only a member himself can name an address or a domain", r.Who)
	case Role:
		if !isWord(r.Who.Name) {
			return fmt.Errorf("default: %q is not one word", r.Who.Name)
		}
	}
	return nil
}

// Normalise brings g into the one form that all equal policies have. As in
// [Receiving.Normalise], to collect any attribute is to collect availability.
func (g *Group) Normalise() {
	g.Collect = floored(g.Collect)
	g.Default.Normalise()
}
