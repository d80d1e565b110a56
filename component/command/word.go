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
	// next is a second form, where what is asked depends on what was said in
	// the first; nil: there is none.
	next func(context.Context, *call, values) (*form, error)
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
		locationWord(),
		combineWord(),
		receiveWord(),
		explainWord(),
		watchersWord(),
		tellWord(),
		willingWord(),
		trustWord(),
		agreeWord(),
		joinWord(),
		declineWord(),
		leaveWord(),
		nickWord(),
		inviteWord(),
		approveWord(),
		memberWord(),
		removeWord(),
		configureWord(),
		webhookWord(),
		deleteWord(),
		historyWord(),
		groupsWord(),
		searchWord(),
		mineWord(),
		createWord(),
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

// called finds the word that verb stands for in a chat line, folded: yes is
// said to different things. nil: none that the caller may use.
func (c *call) called(verb string) *word {
	for _, w := range c.words() {
		if w.answers(verb) {
			return w
		}
	}
	return nil
}

// answers says whether w is what verb stands for in a chat line.
func (w *word) answers(verb string) bool {
	return w.usage != "" && (w.name == verb || slices.Contains(w.also, verb))
}

// whole is all that w asks for, in one form, after in.
func (w *word) whole(ctx context.Context, c *call, in values) (*form, error) {
	f, err := w.form(ctx, c)
	if err != nil || w.next == nil {
		return f, err
	}
	first, wrong := c.check(f, in)
	if wrong != nil {
		return f, nil // and that will be said
	}
	g, err := w.next(ctx, c, first)
	if err != nil {
		return nil, err
	}
	return &form{title: g.title, instructions: g.instructions, fields: append(slices.Clone(f.with(first).fields), g.fields...)}, nil
}
