package model

import (
	"fmt"
	"strings"
	"time"
)

// The text forms of policies, a line for each sentence. They are read, not
// checked: what makes no sense is the service's to refuse.

// AddLine adds a line of an authorization policy: "share no", "hide X", "hide
// X Y", or a rule.
func (a *Authorization) AddLine(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "share":
		a.Secret = strings.TrimSpace(rest) == "no"
		return nil
	case "hide":
		a.Hide = append(a.Hide, strings.Fields(rest)...)
		return nil
	}
	r, err := ReadRule(line)
	a.Rules = append(a.Rules, r)
	return err
}

// ReadRule reads "who: words except words from time until time".
func ReadRule(line string) (r Rule, err error) {
	who, rest, ok := strings.Cut(line, ": ")
	if !ok {
		return r, fmt.Errorf("%q is no rule", line)
	}
	r.Who = strings.TrimSpace(who)
	mode := "attributes"
	for _, w := range strings.Fields(rest) {
		switch {
		case w == "except" || w == "from" || w == "until":
			mode = w
		case mode == "from":
			r.From, err = time.Parse(time.RFC3339, w)
			mode = "attributes"
		case mode == "until":
			r.Until, err = time.Parse(time.RFC3339, w)
			mode = "attributes"
		case mode == "except":
			r.Except = append(r.Except, words(w)...)
		default:
			r.Attributes = append(r.Attributes, words(w)...)
		}
		if err != nil {
			return r, err
		}
	}
	return r, nil
}

func words(w string) []string {
	w = strings.TrimSuffix(w, ",")
	if w == "all" {
		return Words
	}
	return []string{w}
}

// list is a list of words with exceptions, as a set in the order of the page.
func list(text string) (all []string) {
	is := map[string]bool{}
	take := true
	for _, w := range strings.Fields(text) {
		if w == "except" {
			take = false
			continue
		}
		for _, word := range words(w) {
			is[word] = take
		}
	}
	for _, w := range Words {
		if is[w] {
			all = append(all, w)
		}
	}
	return all
}

// AddLine adds a line of a receiving policy.
func (r *Receiving) AddLine(line string) error {
	word, rest := cut(line)
	switch word {
	case "refuse":
		r.Refuse = true
	case "members":
		r.Members = append(r.Members, strings.Fields(rest)...)
	case "roles":
		r.Roles = append(r.Roles, strings.Fields(rest)...)
	case "same-role":
		r.SameRole = true
	case "attributes":
		r.Attributes = append(r.Attributes, list(rest)...)
	default:
		return fmt.Errorf("%q is no line of a receiving policy", line)
	}
	return nil
}

// ReadPolicy reads a group policy. What no line speaks of is as in a new
// group.
func ReadPolicy(text string) (p Policy, err error) {
	said := map[string]bool{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		word, rest := cut(line)
		said[word] = true
		switch word {
		case "watch":
			p.Watch = append(p.Watch, rest)
		case "basic":
			p.Basic = rest
		case "collect":
			p.Collect = append(p.Collect, list(rest)...)
		case "collect-from":
			p.CollectFrom = append(p.CollectFrom, rest)
		case "require":
			p.Require = append(p.Require, list(rest)...)
		case "default":
			if rest == "nothing" {
				continue
			}
			r, err := ReadRule(rest)
			if err != nil {
				return p, err
			}
			p.Default = append(p.Default, r)
		default:
			return p, fmt.Errorf("%q is no line of a group policy", line)
		}
	}
	fresh := NewPolicy()
	if !said["watch"] {
		p.Watch = fresh.Watch
	}
	if !said["basic"] {
		p.Basic = fresh.Basic
	}
	if !said["collect"] {
		p.Collect = fresh.Collect
	}
	if !said["default"] {
		p.Default = fresh.Default
	}
	return p, nil
}

// cut takes the first word off a line.
func cut(line string) (word, rest string) {
	word = strings.Fields(line + " ")[0]
	return word, strings.TrimSpace(strings.TrimPrefix(line, word))
}
