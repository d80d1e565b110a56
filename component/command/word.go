package command

import (
	"context"
	"slices"

	"github.com/rollcall-xmpp/rollcall/pubsub"
)

// place says where a word can be used.
type place uint8

const (
	atService place = 1 << iota
	atGroup
)

// word is one thing that can be asked.
type word struct {
	name  string   // as in the command's node and in a chat line
	also  []string // other names in a chat line, folded
	at    place
	label string // in a list of commands
	usage string // in a chat: what to write, and what it does; "" = not offered there
	such  string // in a chat: more that can be written, separated by semicolons

	// may says who may use the word, out of those who may know of the place;
	// nil = all of them.
	may func(*call) bool
	// form is what the word must know; nil: it runs at once.
	form func(context.Context, *call) (*form, error)
	// read makes of a chat line what the form would have given. nil values:
	// the line only asks how things stand. A word without read takes none.
	read func(context.Context, *call, *line) (values, error)
	// run does it. Without values it says how things stand. A *fieldError
	// brings the form back.
	run func(context.Context, *call, values) (*answer, error)
}

// table is all words, in the order in which people see them.
func table() []word {
	return []word{
		whoWord(),
		authorizeWord(),
		receiveWord(),
		explainWord(),
		watchersWord(),
		agreeWord(),
		configureWord(),
		groupsWord(),
		mineWord(),
		helpWord(),
	}
}

// node is the word's command node.
func (w *word) node() string { return pubsub.NS + "#" + w.name }

// allows says whether c may use the word.
func (w *word) allows(c *call) bool {
	return w.at&c.place() != 0 && (w.may == nil || w.may(c))
}

// word finds one by its command node.
func (s *Service) word(node string) *word {
	i := slices.IndexFunc(s.words, func(w word) bool { return w.node() == node })
	if i < 0 {
		return nil
	}
	return &s.words[i]
}

// called finds a word by what it is called in a chat line, folded.
func (s *Service) called(verb string) *word {
	i := slices.IndexFunc(s.words, func(w word) bool { return w.name == verb || slices.Contains(w.also, verb) })
	if i < 0 {
		return nil
	}
	return &s.words[i]
}
