package play

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
)

// bindings are what the captures of a play stand for.
type bindings map[string]string

var special = regexp.MustCompile(`\\\*|\*|\{[a-z][a-z0-9_-]*\}`)

// match reports whether value is what pattern says, and notes captures.
func (b bindings) match(pattern, value string) bool {
	if !special.MatchString(pattern) {
		return pattern == value
	}
	var re strings.Builder
	var names []string
	rest := pattern
	re.WriteString(`(?s)^`)
	for rest != "" {
		at := special.FindStringIndex(rest)
		if at == nil {
			break
		}
		re.WriteString(regexp.QuoteMeta(rest[:at[0]]))
		word := rest[at[0]:at[1]]
		rest = rest[at[1]:]
		bound, known := b[strings.Trim(word, "{}")]
		switch {
		case word == `\*`:
			re.WriteString(`\*`)
		case word == "*":
			re.WriteString(`.*`)
		case known:
			re.WriteString(regexp.QuoteMeta(bound))
		default:
			names = append(names, strings.Trim(word, "{}"))
			re.WriteString(`(.+?)`)
		}
	}
	re.WriteString(regexp.QuoteMeta(rest) + `$`)
	m := regexp.MustCompile(re.String()).FindStringSubmatch(value)
	if m == nil {
		return false
	}
	for i, name := range names {
		if old, twice := b[name]; twice && old != m[i+1] {
			return false // both of them new in this very pattern
		}
		b[name] = m[i+1]
	}
	return true
}

// expand replaces captures in text that is sent. escape prepares each value.
func (b bindings) expand(text string, escape func(string) string) (string, error) {
	var unknown string
	text = special.ReplaceAllStringFunc(text, func(word string) string {
		if word[0] != '{' {
			return word
		}
		value, ok := b[strings.Trim(word, "{}")]
		if !ok {
			unknown = word
		}
		return escape(value)
	})
	if unknown != "" {
		return "", fmt.Errorf("%s stands for nothing yet", unknown)
	}
	return text, nil
}

// try runs f on a copy and keeps what it captured if it succeeds.
func (b bindings) try(f func(bindings) bool) bool {
	trial := maps.Clone(b)
	if !f(trial) {
		return false
	}
	maps.Copy(b, trial)
	return true
}
