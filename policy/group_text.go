package policy

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The text form of a group policy:
//
//	watch members
//	watch domain:partner.example
//	basic role:lead
//	collect all except location addresses
//	collect-from role:staff
//	default members: all except location addresses
//	default outsiders: counted
//	require availability
//
// Lines of the same word add up; only basic is said once. Each line with default is a rule of the default authorization, "default
// nothing" is one without rules. "collect nothing" is for a group that keeps
// lists and leaves presence to others. What no line speaks of is as in
// [DefaultGroup]. What is written says everything, so that a stored policy
// does not widen when an upgrade brings new attributes.

// nothing is what a default without rules, and no attribute, is called.
const nothing = "nothing"

// ParseGroup reads the text form. It returns a [LineError] for the first line
// that makes no sense; an error without a line is about lines that contradict
// one another.
func ParseGroup(text string) (*Group, error) {
	g := &Group{}
	seen, err := readSentences(text, g.sentences())
	if err != nil {
		return nil, err
	}
	d := DefaultGroup()
	if !seen["watch"] {
		g.Watch = d.Watch
	}
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
	if err := g.checkRequire(); err != nil {
		return nil, err
	}
	return g, nil
}

// String is the text form.
func (g *Group) String() string { return writeSentences(g.sentences()) }

// sentences is the one list of what a group policy can say. A new one needs
// its clause in Check, and in ParseGroup if its default is not the zero value.
func (g *Group) sentences() []sentence {
	return []sentence{
		{word: "watch", read: g.readWatch, write: func() []string { return names(g.Watch) }},
		{word: "basic", once: true, read: g.readBasic, write: func() []string { return names([]Who{g.Basic}) }},
		{word: "collect", read: g.readCollect, write: g.writeCollect},
		{word: "collect-from", read: g.readFrom, write: func() []string { return names(g.From) }},
		{word: "default", read: g.readDefault, write: g.writeDefault},
		{word: "require", read: g.readRequire, write: g.writeRequire},
	}
}

// anyone is what everyone is called where it is about watching.
const anyone = "anyone"

func names(all []Who) []string {
	list := make([]string, len(all))
	for i, w := range all {
		if list[i] = w.String(); w.Class == Everyone {
			list[i] = anyone
		}
	}
	return list
}

func readWho(s string) (Who, error) {
	if s == anyone {
		return Who{Class: Everyone}, nil
	}
	return ParseWho(s)
}

func (g *Group) readWatch(rest string) error {
	for _, name := range strings.Fields(rest) {
		w, err := readWho(name)
		if err != nil {
			return fmt.Errorf("watch: %w", err)
		}
		g.Watch = append(g.Watch, w)
	}
	return g.checkWatch()
}

func (g *Group) readFrom(rest string) error {
	for _, name := range strings.Fields(rest) {
		if name == classes[Members] {
			continue // all of them, as it is without a line
		}
		w, err := ParseWho(name)
		if err != nil {
			return errFrom
		}
		g.From = append(g.From, w)
	}
	return g.checkFrom()
}

func (g *Group) readBasic(rest string) (err error) {
	if g.Basic, err = readWho(rest); err != nil {
		return errBasic
	}
	return g.checkBasic()
}

func (g *Group) readRequire(rest string) error {
	if rest == nothing {
		return nil
	}
	m, err := readAttributes(rest)
	if err != nil {
		return fmt.Errorf("require: %w", err)
	}
	g.Require |= m
	return nil
}

func (g *Group) writeRequire() []string {
	if g.Require == 0 {
		return nil
	}
	return []string{writeAttributes(g.Require)}
}

func (g *Group) readCollect(rest string) error {
	if rest == nothing {
		return nil
	}
	m, err := readAttributes(rest)
	if err != nil {
		return fmt.Errorf("collect: %w", err)
	}
	g.Collect |= m
	return nil
}

func (g *Group) writeCollect() []string {
	if g.Collect == 0 {
		return []string{nothing}
	}
	return []string{writeAttributes(g.Collect)}
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
	if len(g.Default.Rules) > MaxDefault {
		return fmt.Errorf("default: more than %d rules", MaxDefault)
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

var (
	errBasic = errors.New("basic is members, role:X or anyone")
	errFrom  = errors.New("collect-from is members, or some of them: role:X, jid:X")
	errWatch = errors.New("watch: nobody is named")
)

// MaxDefault bounds the rules of a default authorization: two of them are
// compared for every role at every moment that they name.
const MaxDefault = 50

// MaxWatch bounds the names of a group policy's watch and collect-from.
const MaxWatch = 1000

// Check says what is wrong with g, if anything: basic for a class it cannot
// be for, something collected that is not known, or a default authorization that is more than
// rules about classes of people.
func (g *Group) Check() error {
	for _, check := range []func() error{g.checkWatch, g.checkBasic, g.checkFrom, g.checkRequire} {
		if err := check(); err != nil {
			return err
		}
	}
	if g.Collect&^All != 0 {
		return errors.New("collect: an attribute is not known")
	}
	if !g.Default.Share || len(g.Default.Hide) > 0 {
		return errors.New("default: share and hide are for each member to say")
	}
	if err := g.Default.Check(); err != nil {
		return fmt.Errorf("default: %w", err)
	}
	if len(g.Default.Rules) > MaxDefault {
		return fmt.Errorf("default: more than %d rules", MaxDefault)
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

func (g *Group) checkWatch() error {
	if len(g.Watch) == 0 {
		return errWatch
	}
	if len(g.Watch) > MaxWatch {
		return fmt.Errorf("watch: more than %d are named", MaxWatch)
	}
	for _, w := range g.Watch {
		if w.Class == Outsiders {
			return errors.New("watch: outsiders alone cannot be meant; anyone is members too")
		}
		if err := w.check(); err != nil {
			return fmt.Errorf("watch: %w", err)
		}
	}
	return nil
}

func (g *Group) checkFrom() error {
	if len(g.From) > MaxWatch {
		return fmt.Errorf("collect-from: more than %d are named", MaxWatch)
	}
	for _, w := range g.From {
		if w.Class != Role && w.Class != JID {
			return errFrom
		}
		if err := w.check(); err != nil {
			return fmt.Errorf("collect-from: %w", err)
		}
	}
	return nil
}

func (g *Group) checkRequire() error {
	if lost := g.Require &^ g.Collect; lost != 0 {
		return fmt.Errorf("require: %s is not collected", lost)
	}
	if lacks := g.Lacks(&g.Default); lacks != 0 {
		return fmt.Errorf("require: the default does not let members see %s", lacks)
	}
	return nil
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
	g.Watch, g.From = sorted(g.Watch), sorted(g.From)
	g.Default.Normalise()
}

func sorted(all []Who) []Who {
	slices.SortFunc(all, func(a, b Who) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Name, b.Name))
	})
	return slices.Compact(all)
}
