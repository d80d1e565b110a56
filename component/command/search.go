package command

import (
	"context"
	"strings"

	data "mellium.im/xmpp/form"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// Bounds of a search.
const (
	maxSearch = 200 // characters of what is looked for
	maxFound  = 25
)

// searchWord finds groups by what is said of them, among those that the caller
// may know of.
func searchWord() word {
	return word{
		name: "search", also: []string{"find", "suche", "suchen", "finde"}, at: atService,
		label: "Search for a group",
		usage: "search – search for a group",
		such:  "search shift; search support berlin",
		form: func(_ context.Context, c *call) (*form, error) {
			return &form{
				title:        c.say("Search for a group"),
				instructions: c.say("In the groups' addresses, names and descriptions."),
				fields:       []field{{name: fieldFor, kind: data.TypeText, label: c.say("Words"), required: true}},
			}, nil
		},
		read: func(_ context.Context, _ *call, l *line) (values, error) {
			if len(l.words) == 0 {
				return nil, nil
			}
			return values{fieldFor: l.words}, nil
		},
		run: func(ctx context.Context, c *call, in values) (*answer, error) {
			if in == nil {
				return told(c.say("Write “search shift” for the groups that have to do with shift.")), nil
			}
			return c.search(ctx, in.one(fieldFor))
		},
	}
}

const fieldFor = "for"

// search lists the groups that have all of the words in them.
func (c *call) search(ctx context.Context, text string) (*answer, error) {
	words := strings.Fields(fold(shorten(text, maxSearch)))
	if len(words) == 0 {
		return nil, &fieldError{fieldFor, c.say("Something must stand here.")}
	}
	if !c.s.searches.take(c.bare, 1) {
		return nil, &said{c.say("Not so many at once. Please go on later.")}
	}
	d, err := c.s.cfg.Roster.Directory(ctx, c.bare)
	if err != nil {
		return nil, err
	}
	a := &answer{title: c.say("Groups")}
	for _, g := range d.From(ctx, 0) {
		if !has(g, words) {
			continue
		}
		if len(a.fields) == maxFound {
			a.notes = append(a.notes, note{info, c.say("There are more. Please say more of what you look for.")})
			break
		}
		a.fields = append(a.fields, c.entry(g, g.Description))
	}
	if len(a.fields) == 0 {
		return told(c.say("There is no such group that you may know of.")), nil
	}
	return a, nil
}

// has says whether all words, folded, stand in what its asker may know of g.
func has(g *roster.Description, words []string) bool {
	said := []string{g.Name, g.Title, g.Description}
	for _, a := range g.Attributes {
		said = append(said, a.Value)
	}
	all := strings.Join(said, "\n")
	if ascii(all) {
		all = strings.ToLower(all) // the same, and much faster
	} else {
		all = fold(all)
	}
	for _, w := range words {
		if !strings.Contains(all, w) {
			return false
		}
	}
	return true
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
