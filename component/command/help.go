package command

import (
	"context"

	data "mellium.im/xmpp/form"
)

// helpWord tells what can be asked here.
func helpWord() word {
	return word{
		name: "help", also: []string{"hilfe", "h", "?", "hallo", "hello", "hi", "moin"}, at: atService | atGroup,
		label: "Help",
		usage: "help – this list",
		run: func(_ context.Context, c *call, _ values) (*answer, error) {
			return c.help(), nil
		},
	}
}

// help lists what the caller may ask, as he would write it.
func (c *call) help() *answer {
	a := &answer{}
	if c.group == nil {
		a.title = c.say("%s: write one of these words here, or choose a command.", c.title())
	} else {
		a.title = c.say("%s: write one of these words to the group; only you get the answer.", c.title())
	}
	for _, w := range c.words() {
		if w.usage != "" {
			a.fields = append(a.fields, field{kind: data.TypeFixed, values: []string{c.say(w.usage)}})
		}
	}
	return a
}
