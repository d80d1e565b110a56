package command

import (
	"context"
	"errors"
	"strings"
	"unicode"

	data "mellium.im/xmpp/form"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// Bounds of what somebody tells the others, all of them in bytes. What a name
// and the addresses take is counted roughly.
const (
	maxTell    = 4096    // of the text
	maxTellAll = 1 << 20 // of all the messages that it becomes
	tellExtra  = 512     // of one of them, beside the text
)

// tellWord sends a message to those of the members whom the caller means and
// sees.
func tellWord() word {
	return word{
		name: "tell", also: []string{"sag", "sage", "say", "announce", "melde"}, at: atGroup,
		label: "Tell the members something",
		usage: "tell – say something to those who are there",
		such:  "tell Lunch?; tell all: We meet at 10.; tell role lead: Please call me.; tell willing: Who has a minute?",
		may: func(c *call) bool {
			return c.about.Watches && (c.about.Member || c.about.Power >= roster.Admin)
		},
		form: func(_ context.Context, c *call) (*form, error) { return c.tellForm() },
		read: func(_ context.Context, _ *call, l *line) (values, error) {
			to, text := readTell(l.rest)
			if to == "" {
				return nil, nil
			}
			return values{fieldTo: {to}, fieldText: lines([]string{text})}, nil
		},
		run: func(_ context.Context, c *call, in values) (*answer, error) {
			if in == nil {
				return told(c.say("Write “tell Lunch?”, and who is available reads it. Write “help tell” for how to tell others.")), nil
			}
			return c.tell(in)
		},
	}
}

// The fields of the form.
const (
	fieldTo   = "to"
	fieldText = "text"
)

func (c *call) tellForm() (*form, error) {
	roles, err := c.group.RolesSeen(c.bare)
	if err != nil {
		return nil, err
	}
	whom := field{name: fieldTo, kind: data.TypeList, label: c.say("To"), values: []string{roster.CallAvailable.String()}, required: true}
	for _, s := range []roster.Selection{{}, {Call: roster.CallWilling}, {Call: roster.CallAll}} {
		whom.options = append(whom.options, option{s.String(), c.meant(s)})
	}
	for _, r := range roles[:min(len(roles), maxListed)] {
		s := roster.Selection{Call: roster.CallRole, Role: r}
		whom.options = append(whom.options, option{s.String(), c.meant(s)})
	}
	return &form{
		title:        c.say("Tell the members of %s something", c.title()),
		instructions: c.say("It is sent in your name, to those whom you see. Who always sees you offline, and who does not want to hear from you, does not get it."),
		fields:       []field{whom, {name: fieldText, kind: data.TypeTextMulti, label: c.say("Message"), required: true}},
	}, nil
}

// meant is whom a selection means, in words.
func (c *call) meant(s roster.Selection) string {
	switch s.Call {
	case roster.CallAll:
		return c.say("everybody, there or not")
	case roster.CallRole:
		return c.say("who has the role %s", s.Role)
	case roster.CallWilling:
		return c.say("who is available and not busy")
	}
	return c.say("who is available")
}

// selection reads a value of the form's list.
func selection(s string) roster.Selection {
	if role, ok := strings.CutPrefix(s, "role:"); ok {
		return roster.Selection{Call: roster.CallRole, Role: role}
	}
	for _, call := range []roster.Call{roster.CallAll, roster.CallWilling} {
		if s == call.String() {
			return roster.Selection{Call: call}
		}
	}
	return roster.Selection{}
}

// tell sends what in says. The answer knows no more than the caller's own view
// of the group.
func (c *call) tell(in values) (*answer, error) {
	text := strings.TrimSpace(joinLines(in[fieldText]))
	switch {
	case len(text) > maxTell:
		return nil, &fieldError{fieldText, c.say("That is too long for me.")}
	case strings.ContainsFunc(text, unprintable):
		return nil, &fieldError{fieldText, c.say("There are characters in it that cannot be shown.")}
	case text == "":
		return nil, &fieldError{fieldText, c.say("Something must stand here.")}
	}
	if !c.s.tells.take(c.group.Name()+"\n"+c.bare, 1) {
		return nil, &said{c.say("You have told this group much just now. Please wait half a minute.")}
	}
	to := selection(in.one(fieldTo))
	seen, receivers, err := c.group.Reach(c.bare, to)
	switch {
	case errors.Is(err, roster.ErrUnready):
		return failed(c.say("I do not know yet who is there. Please try again in a moment.")), nil
	case errors.Is(err, roster.ErrLimit) || seen*(len(text)+tellExtra) > maxTellAll:
		return nil, &fieldError{fieldTo, c.say("That is too much for so many people. Say it shorter, or choose a role.")}
	case err != nil:
		return nil, err
	case seen == 0:
		return told(c.say("Nobody is told: you see nobody who is meant (%s).", c.meant(to))), nil
	}
	nick, address := c.speaks(c.nick(), text), c.speaks("", text)
	if !c.s.cfg.Send(func(b []byte) []byte {
		for _, r := range receivers {
			if r.Basic {
				b = c.appendTold(b, r.JID, to.String(), nick)
			} else {
				b = c.appendTold(b, r.JID, to.Call.String(), address)
			}
		}
		return b
	}) {
		return failed(c.say("I am busy. Please try again later.")), nil
	}
	return told(c.say("Sent to %d: %s.", seen, c.meant(to))), nil
}

// unprintable says whether r makes a text look like what it is not: as if it
// were somebody else's, or ended earlier.
func unprintable(r rune) bool {
	switch {
	case r == '\n', r == '\t', r == '\u200e', r == '\u200f', r == '\u061c': // marks of direction change nothing but themselves
		return false
	case r == '\u2028', r == '\u2029', r == unicode.ReplacementChar:
		return true
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
}

// nick is what the caller is called in the group; "" = nothing else than in his
// address.
func (c *call) nick() string {
	m, err := c.group.Member(c.bare)
	if err != nil {
		return ""
	}
	return shorten(oneLine(m.Nick), maxNote)
}

// speaks is text with the caller's name before it: his nick, or as in his
// address. The lines below the first are indented, lest one look as if another
// had said it; and a name that is a word of ours is not used, lest a machine
// that says everything again mean it.
func (c *call) speaks(nick, text string) string {
	if nick == "" {
		nick, _, _ = strings.Cut(c.bare, "@")
	}
	if c.s.understands(readLine(nick + ":").verb) {
		nick = c.bare
	}
	return nick + ": " + strings.ReplaceAll(text, "\n", "\n  ")
}

// understands says whether verb is a word of ours, for whomever.
func (s *Service) understands(verb string) bool {
	for i := range s.words {
		if s.words[i].answers(verb) {
			return true
		}
	}
	return false
}

// appendTold appends the message for one receiver, with whom it is meant for;
// who sees no roles is not told which. It has no nick (XEP-0172):
// clients would call the group by it.
func (c *call) appendTold(b []byte, to, meant, body string) []byte {
	b = frame.AppendAttr(append(b, "<message type='chat' from='"...), c.address(c.group))
	b = frame.AppendAttr(append(b, "' to='"...), to)
	b = append(append(b, "' id='"...), newID()...)
	b = frame.AppendText(append(b, "'><body>"...), body)
	b = frame.AppendAttr(append(b, "</body><tell xmlns='"+pubsub.NS+"' from='"...), c.bare)
	b = frame.AppendAttr(append(b, "' to='"...), meant)
	return append(b, "'/></message>"...)
}

// readTell takes apart what stands behind the word: whom it is for, as the
// form has it, and the text. Whom is "" if nothing is there; the text may be
// "", which is asked for then.
func readTell(rest string) (to, text string) {
	rest = strings.TrimSpace(rest)
	if rest == "" {
		return "", ""
	}
	if to = readCall(rest); to != "" {
		return to, ""
	}
	head, behind, found := strings.Cut(rest, ":")
	if found && !strings.Contains(head, "\n") && len(head) <= maxTellHead {
		if strings.TrimSpace(head) == "" {
			return roster.CallAvailable.String(), strings.TrimSpace(behind)
		}
		if to = readCall(head); to != "" {
			return to, strings.TrimSpace(behind)
		}
	}
	first, named, _ := strings.Cut(rest, " ")
	if isOneOf(head, "role", "rolle") && behind != "" && !unicode.IsSpace([]rune(behind)[0]) {
		first, named = head, behind // role:lead
	}
	if isOneOf(first, "role", "rolle") {
		role, text, _ := strings.Cut(strings.TrimSpace(named), " ")
		if role = strings.Trim(role, ":,"); role != "" && !strings.ContainsAny(role, "\n\t") {
			return "role:" + role, strings.TrimSpace(text)
		}
	}
	return roster.CallAvailable.String(), rest
}

const maxTellHead = 100 // bytes of what may stand before the colon

// readCall reads whom a message is for; "" if it is no such thing.
func readCall(s string) string {
	all := split(s)
	for len(all) > 1 && isOneOf(all[0], "to", "the", "an", "die", "den", "der", "mit") {
		all = all[1:]
	}
	switch {
	case len(all) == 2 && isOneOf(all[0], "role", "rolle"):
		return "role:" + all[1]
	case len(all) != 1:
		return ""
	case isOneOf(all[0], "all", "everybody", "everyone", "members", "alle", "allen", "mitglieder", "mitgliedern"):
		return roster.CallAll.String()
	case isOneOf(all[0], "available", "present", "there", "online", "anwesende", "anwesenden", "da"):
		return roster.CallAvailable.String()
	case isOneOf(all[0], "willing", "free", "bereit", "bereite", "bereiten", "freie", "freien"):
		return roster.CallWilling.String()
	}
	return ""
}
