package command

import (
	"context"
	"strings"

	data "mellium.im/xmpp/form"
)

// helpWord tells what can be asked here.
func helpWord() word {
	return word{
		name: "help", also: []string{"hilfe", "h", "?", "hallo", "hello", "hi", "moin"}, at: atService | atGroup,
		label: "Help",
		usage: "help – this list",
		such:  "help share",
		read: func(_ context.Context, _ *call, l *line) (values, error) {
			return values{fieldAbout: l.words}, nil
		},
		run: func(_ context.Context, c *call, in values) (*answer, error) {
			if w := c.called(fold(in.one(fieldAbout))); w != nil {
				return c.helpAbout(w), nil
			}
			return c.help(), nil
		},
	}
}

const fieldAbout = "about"

// help lists what the caller may ask, as he would write it.
func (c *call) help() *answer {
	a := &answer{}
	if c.group == nil {
		a.title = c.say("%s: write one of these words here, or choose a command.", c.title())
	} else {
		a.title = c.say("%s: write one of these words to the group. Only you get the answer.", c.title())
	}
	for _, w := range c.words() {
		if verb, does, ok := strings.Cut(c.say(w.usage), " – "); ok {
			a.fields = append(a.fields, field{name: w.name, kind: data.TypeText, label: verb, values: []string{does}})
		}
	}
	if c.group != nil {
		a.notes = append(a.notes, note{info, c.say("Write “help share” for what else can be shared, and so on.")})
	}
	return a
}

// helpAbout tells all that can be written with w.
func (c *call) helpAbout(w *word) *answer {
	a := &answer{title: c.say(w.usage)}
	for such := range strings.SplitSeq(c.say(w.such), "; ") {
		if such != "" {
			a.fields = append(a.fields, field{kind: data.TypeText, values: []string{such}})
		}
	}
	return a
}
