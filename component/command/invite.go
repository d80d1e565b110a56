package command

import (
	"context"
	"errors"
	"strings"

	data "mellium.im/xmpp/form"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// inviteWord asks people to join.
func inviteWord() word {
	return word{
		name: "invite", also: []string{"einladen", "lade"}, at: atGroup,
		label: "Invite somebody",
		usage: "invite – invite somebody",
		such:  "invite bob@example.org",
		may:   isAdmin,
		form: func(_ context.Context, c *call) (*form, error) {
			return &form{title: c.say("Invite to %s", c.title()), fields: []field{
				{name: fieldWhom, kind: data.TypeJIDMulti, label: c.say("Whom (addresses)"), required: true}}}, nil
		},
		read: readPeople,
		run: func(ctx context.Context, c *call, in values) (*answer, error) {
			return c.each(in[fieldWhom], func(jid string) error { return c.invite(ctx, jid) }, c.say("invited")), nil
		},
	}
}

// Invites says whether somebody may invite one more person now, and counts it.
func (s *Service) Invites(bare string) bool { return s.invitations.take(bare, 1) }

func (c *call) invite(ctx context.Context, jid string) error {
	if !c.s.Invites(c.bare) {
		return &said{c.say("Not so many at once. Please go on later.")}
	}
	return c.group.Invite(ctx, c.bare, jid)
}

// approveWord answers who wants to join.
func approveWord() word {
	return word{
		name: "approve", also: []string{"reject", "zulassen", "abweisen", "applicants"}, at: atGroup,
		label: "Who wants to join",
		usage: "approve – who wants to join",
		such:  "approve bob@example.org; reject bob@example.org",
		may:   isAdmin,
		form: func(_ context.Context, c *call) (*form, error) {
			waits, err := c.visitors(roster.Applied)
			if err != nil {
				return nil, err
			}
			if len(waits) == 0 && !c.chat {
				return nil, &said{c.waiting(waits)}
			}
			f := field{name: fieldWhom, kind: data.TypeListMulti, label: c.say("Who"), required: true}
			for _, v := range waits {
				f.options = append(f.options, option{v.JID, v.JID})
			}
			if c.chat || len(waits) > maxListed { // nobody can choose in a chat, or among so many
				f.kind, f.options = data.TypeJIDMulti, nil
			}
			if len(waits) == 1 {
				f.values = []string{waits[0].JID}
			}
			return &form{title: c.say("Who wants to join %s", c.title()), instructions: c.waiting(waits), fields: []field{
				f,
				{name: fieldAnswer, kind: data.TypeList, label: c.say("Answer"), values: []string{"yes"}, required: true,
					options: []option{{"yes", c.say("yes, let them in")}, {"no", c.say("no, and do not ask again")}}},
			}}, nil
		},
		read: func(ctx context.Context, c *call, l *line) (values, error) {
			in, err := readPeople(ctx, c, l)
			if in == nil || err != nil {
				return nil, err
			}
			in[fieldAnswer] = []string{"yes"}
			if l.verb == "reject" || l.verb == "abweisen" {
				in[fieldAnswer] = []string{"no"}
			}
			return in, nil
		},
		run: func(ctx context.Context, c *call, in values) (*answer, error) {
			if in == nil {
				waits, err := c.visitors(roster.Applied)
				return told(c.waiting(waits)), err
			}
			if in.one(fieldAnswer) == "no" {
				return c.each(in[fieldWhom], func(jid string) error { return c.group.Reject(ctx, c.bare, jid) }, c.say("turned away")), nil
			}
			return c.each(in[fieldWhom], func(jid string) error { return c.group.Approve(ctx, c.bare, jid) }, c.say("is a member now")), nil
		},
	}
}

const fieldAnswer = "answer"

// visitors are those in one state.
func (c *call) visitors(state roster.VisitorState) (some []roster.VisitorRecord, err error) {
	all, err := c.group.Visitors(c.bare)
	for _, v := range all {
		if v.State == state {
			some = append(some, v)
		}
	}
	return some, err
}

// waiting says who waits for an answer.
func (c *call) waiting(all []roster.VisitorRecord) string {
	if len(all) == 0 {
		return c.say("Nobody waits to be let in.")
	}
	var names []string
	for _, v := range all[:min(len(all), maxAbsent)] {
		names = append(names, v.JID)
	}
	if more := len(all) - len(names); more > 0 {
		names = append(names, c.say("%d more", more))
	}
	return c.say("To be let in want: %s", strings.Join(names, ", "))
}

// readPeople reads a list of addresses; without one the line only asks.
func readPeople(_ context.Context, c *call, l *line) (values, error) {
	in := values{}
	for _, w := range l.words {
		if isOneOf(w, "and", "und", "ein") {
			continue
		}
		j, err := c.readJID(w)
		if err != nil {
			return nil, err
		}
		in[fieldWhom] = append(in[fieldWhom], j)
	}
	if len(in) == 0 {
		return nil, nil
	}
	return in, nil
}

// each does something for several people and says how it went with each.
func (c *call) each(jids []string, do func(string) error, done string) *answer {
	a := &answer{}
	switch {
	case len(jids) == 0:
		return failed(c.say("Of whom do you speak? An address is missing."))
	case len(jids) > maxListed:
		return failed(c.say("Not so many at once. Please go on later."))
	}
	for _, j := range jids {
		err := do(j)
		switch {
		case err == nil:
			a.notes = append(a.notes, note{info, j + ": " + done})
			continue
		case errors.Is(err, roster.ErrNoGroup):
			err = roster.ErrForbidden
		}
		text := c.say("That did not work. Please try again later.")
		if why := c.explainError(err); why != nil {
			text = why.notes[0].text
		} else {
			c.s.cfg.Log.Error("answer command", "error", err)
		}
		a.notes = append(a.notes, note{failure, j + ": " + text})
	}
	return a
}
