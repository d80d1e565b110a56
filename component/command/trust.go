package command

import (
	"context"
	"slices"
	"strings"

	data "mellium.im/xmpp/form"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// trustWord is whom the caller lets say something on his behalf.
func trustWord() word {
	return word{
		name: "trust", also: []string{"distrust", "untrust", "vertraue", "vertrauen", "misstraue", "misstrauen"}, at: atGroup,
		label: "Who may say something for you",
		usage: "trust – who may say something for you, such as your calendar",
		such:  "trust calendar@bots.example.org; trust phone@bots.example.org with connection willingness; distrust calendar@bots.example.org",
		may:   isMember,
		form:  func(_ context.Context, c *call) (*form, error) { return c.trustForm(), nil },
		read:  func(_ context.Context, c *call, l *line) (values, error) { return c.readTrust(l) },
		run: func(ctx context.Context, c *call, in values) (*answer, error) {
			if in == nil {
				return c.tellTrust()
			}
			return c.setTrust(ctx, in)
		},
	}
}

const (
	fieldBot = "bot"
	fieldMay = "may"
)

func (c *call) trustForm() *form {
	may := field{name: fieldMay, kind: data.TypeListMulti, label: c.say("What it may say (nothing: no longer)"), values: strings.Fields(reportable.String())}
	for r := roster.Reportable; r != 0; r &= r - 1 {
		may.options = append(may.options, option{(r & -r).String(), c.attributes(r & -r)})
	}
	f := &form{title: c.say("Who may say something for you"),
		instructions: c.say("A program that you name, such as a calendar, may say something for you here, marked as its word, for a day at most, and never above what you say yourself."),
		fields:       []field{{name: fieldBot, kind: data.TypeText, label: c.say("Its address"), required: true}, may}}
	if a, err := c.tellTrust(); err == nil {
		f.instructions += "\n" + a.body()
	}
	return f
}

// reportable is what one may say if nothing else is said: what a network says of
// devices takes a word of its own.
const reportable = roster.Reportable &^ policy.Connection

func (c *call) readTrust(l *line) (values, error) {
	if len(l.words) == 0 {
		return nil, nil
	}
	in := values{fieldBot: {l.words[0]}, fieldMay: strings.Fields(reportable.String())}
	rest := slices.DeleteFunc(slices.Clone(l.words[1:]), func(w string) bool { return isOneOf(w, "with", "mit", "and", "und", "for", "fur") })
	switch {
	case isOneOf(l.verb, "distrust", "untrust", "misstraue", "misstrauen"), len(rest) == 1 && isOneOf(rest[0], "no", "nothing", "nein", "nichts", "off"):
		in[fieldMay] = []string{}
	case len(rest) > 0:
		var mask policy.Mask
		for _, w := range rest {
			bit, ok := attribute(w)
			if !ok || bit&^roster.Reportable != 0 {
				return nil, &fieldError{shorten(w, 40), c.say("This cannot be said for you. There are: %s.", roster.Reportable.String())}
			}
			mask |= bit
		}
		in[fieldMay] = strings.Fields(mask.String())
	}
	return in, nil
}

func (c *call) setTrust(ctx context.Context, in values) (*answer, error) {
	may, err := policy.ParseMask(strings.Join(in[fieldMay], " "))
	if err != nil {
		return nil, &fieldError{fieldMay, c.because(err)}
	}
	bot := strings.TrimPrefix(strings.TrimSpace(in.one(fieldBot)), "xmpp:")
	if j, ok := bareJID(bot); ok {
		bot = j
	}
	err = c.group.Trust(ctx, c.bare, func(all []roster.Trust) ([]roster.Trust, error) {
		all = slices.DeleteFunc(all, func(t roster.Trust) bool { return t.Bot == bot })
		if may != 0 {
			all = append(all, roster.Trust{Bot: bot, May: may})
		}
		return all, nil
	})
	if err != nil {
		return nil, err
	}
	return c.tellTrust()
}

func (c *call) tellTrust() (*answer, error) {
	all, err := c.group.Trusted(c.bare)
	if err != nil {
		return nil, err
	}
	said, err := c.group.Said(c.bare)
	if err != nil {
		return nil, err
	}
	a := &answer{title: c.say("Who may say something for you in %s", c.title())}
	for _, t := range all {
		text := c.attributes(t.May)
		if i := slices.IndexFunc(said.Reports, func(r roster.Report) bool { return r.Bot == t.Bot }); i >= 0 {
			text += " – " + c.say("says something until %s", tellMoment(said.Reports[i].Until.In(c.locate())))
		}
		a.tell(t.Bot, text)
	}
	if len(all) == 0 {
		a.notes = append(a.notes, note{info, c.say("Nobody.")})
	}
	return a, nil
}
