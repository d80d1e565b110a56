package command

import (
	"context"
	"strings"
	"unicode"

	data "mellium.im/xmpp/form"

	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// Bounds of one answer: what fits on a phone.
const (
	maxListed = 50  // one by one
	maxTold   = 25  // the same in a chat
	maxAbsent = 30  // names of who is not there
	maxNote   = 100 // characters of a status
)

// whoWord tells who is there, as the caller may see it.
func whoWord() word {
	return word{
		name: "who", also: []string{"wer", "w", "status", "liste", "list"}, at: atGroup,
		label: "Who is there",
		usage: "who – who is there",
		may:   func(c *call) bool { return c.about.Watches },
		run: func(_ context.Context, c *call, _ values) (*answer, error) {
			c.locate() // now: then the group is locked
			return &answer{later: c.who}, nil
		},
	}
}

// who puts a picture into words: those who are there one by one, the others
// by name.
func (c *call) who(p *roster.Picture) *answer {
	s := &p.Line.Summary
	a := &answer{title: c.say("%s: %d of %d available", p.Title, s.Available, s.Members)}
	var absent []string
	more, missing, named, limit := 0, 0, 0, maxListed
	if c.chat {
		limit = maxTold
	}
	for it := range p.Members {
		switch {
		case it.Show == roster.Offline && len(absent) == maxAbsent:
			missing++
		case it.Show == roster.Offline:
			absent = append(absent, name(it))
		case named == limit:
			more++
		default:
			named++
			a.fields = append(a.fields, field{name: it.JID, kind: data.TypeText, label: name(it), values: []string{c.state(it)}})
		}
	}
	if n := s.Available - named - more; n > 0 {
		more += n // who lets himself be counted only
	}
	if more > 0 {
		a.notes = append(a.notes, note{info, c.say("And %d more.", more)})
	}
	if missing > 0 {
		absent = append(absent, c.say("%d more", missing))
	}
	if !c.about.Stale.IsZero() {
		a.notes = append(a.notes, note{warning, c.say("%s keeps the list of members, and it may be old: nothing was heard from there since %s.", c.about.Source, c.about.Stale.UTC().Format(day))})
	}
	if len(absent) > 0 {
		a.fields = append(a.fields, field{name: "absent", kind: data.TypeText, label: c.say("Not there"), values: []string{strings.Join(absent, ", ")}})
	}
	return a
}

// name is what people call a member.
func name(it *roster.Item) string {
	if nick := oneLine(it.Nick); nick != "" {
		return shorten(nick, maxNote)
	}
	local, _, _ := strings.Cut(it.JID, "@")
	return local
}

// state is how a member is, in few words.
func (c *call) state(it *roster.Item) string {
	s := c.show(it.Show)
	if status := oneLine(it.StatusIn(c.lang.tag)); status != "" {
		s += ", " + shorten(status, maxNote)
		if it.StatusBy != nil {
			s += " (" + it.StatusBy.Bot + ")"
		}
	}
	for _, more := range append([]string{c.idle(it), c.network(it), c.unwilling(it)}, pubsub.Glance(it)...) {
		if more = oneLine(more); more != "" {
			s += " · " + more
		}
	}
	return s
}

// oneLine is what somebody has written, as part of a line: without what would
// begin another one, or turn it round.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

func (c *call) show(s roster.Show) string {
	switch s {
	case roster.Chat:
		return c.say("free for chat")
	case roster.Away:
		return c.say("away")
	case roster.DND:
		return c.say("busy")
	case roster.XA:
		return c.say("away for long")
	case roster.Offline:
		return c.say("not there")
	}
	return c.say("available")
}
