package command

import (
	"strings"

	data "mellium.im/xmpp/form"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// answer is what a word has to say: notes, then fields under a title.
type answer struct {
	title  string
	fields []field
	notes  []note

	// later, if set, makes the answer out of what the caller may see of the
	// group when it is its turn; nothing else is read then. It runs under the
	// group's lock: it must not wait, nor call the roster.
	later func(*roster.Picture) *answer
}

type level string

// The types of a note (XEP-0050 §4.3).
const (
	info    level = "info"
	warning level = "warn"
	failure level = "error"
)

type note struct {
	level level
	text  string
}

// told is an answer of one sentence.
func told(text string) *answer { return &answer{notes: []note{{info, text}}} }

// said is what a word says instead of asking for anything.
type said struct{ text string }

func (s *said) Error() string { return s.text }

// failed is an answer that says why nothing was done.
func failed(text string) *answer { return &answer{notes: []note{{failure, text}}} }

// tell adds a field.
func (a *answer) tell(label, text string) {
	a.fields = append(a.fields, field{kind: data.TypeText, name: label, label: label, values: []string{text}})
}

// text is the answer as it stands in a chat.
func (a *answer) text() string {
	body := a.body()
	if a.title == "" || body == "" {
		return a.title + body
	}
	return a.title + "\n" + body
}

// body is text without the title.
func (a *answer) body() string {
	var b strings.Builder
	add := func(line string) {
		if line == "" {
			return
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(line)
	}
	for i := range a.fields {
		f := &a.fields[i]
		said := strings.Join(f.values, "\n")
		switch {
		case f.label == "":
			add(said)
		case said == "":
			add(f.label)
		case strings.Contains(said, "\n"):
			add(f.label + ":\n" + said)
		default:
			add(f.label + ": " + said)
		}
	}
	for _, n := range a.notes {
		add(n.text)
	}
	return b.String()
}
