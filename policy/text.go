package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The text form of a policy is a line for each sentence. People edit it, the
// store keeps it.
//
//	share no
//	hide eve@example.org
//	members: availability show status
//	role:lead: all except location
//	jid:bob@example.org: location from 2026-01-01T08:00:00Z until 2026-01-01T18:00:00Z
//
// Empty lines and those that begin with # say nothing. Without a share line
// the member shares.

// Bounds of one authorization policy.
const (
	MaxRules = 1000
	MaxHide  = 1000
)

// LineError is a line of a policy that was refused, and why.
type LineError struct {
	Line   int // from 1
	Reason string
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }

// ParseAuthorization reads the text form. It returns a [LineError] for the
// first line that makes no sense.
func ParseAuthorization(text string) (*Authorization, error) {
	a := &Authorization{Share: true}
	n := 0
	for line := range strings.Lines(text) {
		n++
		if err := a.parseLine(strings.TrimSpace(line)); err != nil {
			return nil, &LineError{n, err.Error()}
		}
	}
	if err := a.Check(); err != nil {
		return nil, &LineError{n, err.Error()}
	}
	a.Normalise()
	return a, nil
}

func (a *Authorization) parseLine(line string) error {
	if line == "" || line[0] == '#' {
		return nil
	}
	switch word, rest, _ := strings.Cut(line, " "); word {
	case "share":
		switch strings.TrimSpace(rest) {
		case "yes":
			a.Share = true
		case "no":
			a.Share = false
		default:
			return fmt.Errorf("share is yes or no")
		}
		return nil
	case "hide":
		hide := Authorization{Hide: strings.Fields(rest)}
		a.Hide = append(a.Hide, hide.Hide...)
		return hide.Check()
	}
	r, err := ParseRule(line)
	if err != nil {
		return err
	}
	a.Rules = append(a.Rules, r)
	return nil
}

// Check says what is wrong with a, if anything: too many rules, a rule that
// can never be valid or grants nothing, a name that is no bare JID or domain.
func (a *Authorization) Check() error {
	if len(a.Rules) > MaxRules {
		return fmt.Errorf("more than %d rules", MaxRules)
	}
	if len(a.Hide) > MaxHide {
		return fmt.Errorf("hidden from more than %d", MaxHide)
	}
	for _, j := range a.Hide {
		if !isBare(j) {
			return fmt.Errorf("hide: %q is not an address like user@example.org", j)
		}
	}
	for i := range a.Rules {
		if err := a.Rules[i].check(); err != nil {
			return err
		}
	}
	return nil
}

func (r *Rule) check() error {
	switch {
	case r.Attributes&All == 0:
		return fmt.Errorf("%s: no attribute is named", r.Who)
	case !r.From.IsZero() && !r.Until.IsZero() && !r.From.Before(r.Until):
		return fmt.Errorf("%s: it ends (until) before it begins (from)", r.Who)
	}
	return r.Who.check()
}

func (w Who) check() error {
	switch {
	case w.Class == JID && !isBare(w.Name):
		return fmt.Errorf("%s: not an address like user@example.org", w)
	case w.Class == Domain && (strings.ContainsAny(w.Name, "@/ ")):
		return fmt.Errorf("%s: not a domain", w)
	case w.Class >= Role && !isWord(w.Name):
		return fmt.Errorf("%s%q is not one word", classes[w.Class], w.Name)
	}
	return nil
}

func isBare(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && domain != "" && !strings.ContainsAny(s, "/ \t\n'\"<>&") && !strings.Contains(domain, "@")
}

// ParseRule reads one rule: who, a colon, attributes, and what limits it.
func ParseRule(line string) (Rule, error) {
	who, rest, ok := strings.Cut(line, ": ")
	if !ok {
		return Rule{}, fmt.Errorf("%q: a rule is written like members: availability show", line)
	}
	r := Rule{}
	var err error
	if r.Who, err = ParseWho(strings.TrimSpace(who)); err != nil {
		return r, err
	}
	into := &r.Attributes
	for words := strings.Fields(rest); len(words) > 0; words = words[1:] {
		switch w := words[0]; w {
		case "except":
			into = &r.Except
		case "from", "until":
			if len(words) < 2 {
				return r, fmt.Errorf("%s: a date and time is missing", w)
			}
			if words = words[1:]; w == "from" {
				r.From, err = ParseTime(words[0])
			} else {
				r.Until, err = ParseTime(words[0])
			}
		default:
			var m Mask
			m, err = ParseMask(strings.TrimSuffix(w, ","))
			*into |= m
		}
		if err != nil {
			return r, err
		}
	}
	return r, r.check()
}

// ParseTime reads a date and time as XEP-0082 writes it, to the second.
func ParseTime(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, s)
	t = t.UTC().Truncate(time.Second)
	if err != nil || t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}, fmt.Errorf("%q is not a date and time like 2026-01-31T08:00:00Z", s)
	}
	return t, nil
}

// Normalise brings a into the one form that all equal policies have: rules
// and hide sorted and unique.
func (a *Authorization) Normalise() {
	slices.Sort(a.Hide)
	a.Hide = slices.Compact(a.Hide)
	slices.SortFunc(a.Rules, func(x, y Rule) int {
		return cmp.Or(cmp.Compare(x.Who.Class, y.Who.Class), cmp.Compare(x.Who.Name, y.Who.Name),
			x.From.Compare(y.From), x.Until.Compare(y.Until),
			cmp.Compare(x.Attributes, y.Attributes), cmp.Compare(x.Except, y.Except))
	})
	a.Rules = slices.CompactFunc(a.Rules, func(x, y Rule) bool { return x == y })
}

// String is the text form.
func (a *Authorization) String() string {
	var b strings.Builder
	if !a.Share {
		b.WriteString("share no\n")
	}
	for _, j := range a.Hide {
		b.WriteString("hide " + j + "\n")
	}
	for i := range a.Rules {
		b.WriteString(a.Rules[i].String() + "\n")
	}
	return b.String()
}

// String is the text form of one rule.
func (r Rule) String() string {
	s := r.Who.String() + ": " + r.Attributes.String()
	if r.Except != 0 {
		s += " except " + r.Except.String()
	}
	if !r.From.IsZero() {
		s += " from " + r.From.UTC().Format(time.RFC3339)
	}
	if !r.Until.IsZero() {
		s += " until " + r.Until.UTC().Format(time.RFC3339)
	}
	return s
}
