package command

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	data "mellium.im/xmpp/form"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// reason is why policy or roster refuse a value, in another language: they say
// it in English, and the words that they put into it stay what they are.
type reason struct {
	english *regexp.Regexp
	other   string
}

var verbs = strings.NewReplacer(`%q`, `"((?:[^"\\]|\\.)*)"`, `%s`, `(.+)`, `%d`, `(\d+)`)

// newReasons reads a table such as [germanReasons].
func newReasons(table [][2]string) (all []reason) {
	for _, t := range table {
		english := verbs.Replace(regexp.QuoteMeta(t[0])) // to which verbs mean nothing
		if rest, ok := strings.CutPrefix(english, `(.+)`); ok {
			english = `(\S+)` + rest // one word
		}
		all = append(all, reason{regexp.MustCompile(`(?s)^` + english + `$`), t[1]})
	}
	return all
}

// maxReason is how much of a reason is looked at, in bytes: it has in it what
// somebody has typed.
const maxReason = 4096

// because says text, a reason of policy's or roster's, in the language. One
// that stands behind the word of a policy it is about is found as well.
func (l language) because(text string) string {
	if l.reasons == nil || len(text) > maxReason {
		return text
	}
	word, rest, ok := strings.Cut(text, ": ")
	var line int
	if _, err := fmt.Sscanf(word, "line %d", &line); ok && err == nil {
		return l.say("Line %d: %s", line, l.because(rest))
	}
	for _, r := range l.reasons() {
		if found := r.english.FindStringSubmatch(text); found != nil {
			said := make([]any, len(found)-1)
			for i := range said {
				said[i] = found[i+1]
			}
			return fmt.Sprintf(r.other, said...)
		}
	}
	if ok && !strings.ContainsAny(word, " \"") {
		return word + ": " + l.because(rest)
	}
	return text
}

// because is a reason in the caller's language, without the name of a field.
func (c *call) because(err error) string {
	var bad *roster.InvalidError
	if errors.As(err, &bad) {
		return c.lang.because(bad.Reason)
	}
	return c.lang.because(err.Error())
}

// invalid says what roster refuses, by the field of f that it is about, if f
// has it. Roster calls a member's roles member.role.
func (c *call) invalid(f *form, bad *roster.InvalidError) *fieldError {
	why := c.lang.because(bad.Reason)
	name := bad.Field[strings.LastIndexByte(bad.Field, '.')+1:]
	if i := strings.IndexByte(name, '['); i >= 0 {
		name = name[:i]
	}
	if f != nil {
		i := slices.IndexFunc(f.fields, func(x field) bool { return x.kind != data.TypeHidden && (x.name == name || x.name == name+"s") })
		if i >= 0 {
			return &fieldError{f.fields[i].called(), why}
		}
	}
	return &fieldError{"", c.say("This cannot be: %s", why)}
}
