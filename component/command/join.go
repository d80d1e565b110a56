package command

import (
	"context"
	"errors"

	data "mellium.im/xmpp/form"

	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// joinWord makes the caller a member, or asks the admins to.
func joinWord() word {
	return word{
		name: "join", also: []string{"yes", "ja", "beitreten", "accept"}, at: atGroup,
		label: "Join the group",
		usage: "join – join the group",
		such:  "join; join as Anna",
		may:   func(c *call) bool { return !c.about.Member && pubsub.Registers(c.about) },
		form: func(_ context.Context, c *call) (*form, error) {
			terms, err := c.terms()
			return &form{
				title:        c.say("Join %s", c.title()),
				instructions: terms,
				fields:       []field{{name: fieldNick, kind: data.TypeText, label: c.say("Your name in the group (none: as in your address)")}},
			}, err
		},
		read: func(_ context.Context, _ *call, l *line) (values, error) {
			if len(l.words) > 0 && isOneOf(l.words[0], "as", "als", "the", "team", "group") {
				l.words = l.words[1:]
			}
			return values{fieldNick: l.words}, nil
		},
		run: func(ctx context.Context, c *call, in values) (*answer, error) {
			joined, err := c.group.Join(ctx, c.bare, in.one(fieldNick))
			switch {
			case errors.Is(err, roster.ErrForbidden):
				return failed(c.say("Only who is invited can join.")), nil
			case err != nil:
				return nil, err
			case !joined:
				return told(c.say("The admins of %s are asked. You will be told what they say.", c.title())), nil
			}
			p, err := c.privacy()
			a := p.tell(c)
			a.title = c.say("You are a member of %s now. Others see of you:", c.title())
			return a, err
		},
	}
}

const fieldNick = "nick"

// terms are what a new member lets the others see.
func (c *call) terms() (string, error) {
	g, err := c.group.GroupPolicy(c.bare)
	if err != nil {
		return "", err
	}
	p, err := c.privacy()
	if err != nil {
		return "", err
	}
	text := c.about.Description
	if text != "" {
		text += "\n"
	}
	text += c.say("Others will see of you – %s", p.tell(c).body())
	if g.Require != 0 {
		text += "\n" + c.say("Every member must let the others see: %s.", c.attributes(g.Require))
	}
	return text, nil
}

// declineWord says no to an invitation, or takes back the wish to join.
func declineWord() word {
	return word{
		name: "decline", also: []string{"no", "nein", "ablehnen"}, at: atGroup,
		label: "Say no to the invitation",
		usage: "decline – say no to the invitation",
		may:   func(c *call) bool { return c.about.Invited && !c.about.Member },
		run: func(ctx context.Context, c *call, _ values) (*answer, error) {
			err := c.group.Decline(ctx, c.bare)
			if errors.Is(err, roster.ErrNoMember) {
				err = c.group.Leave(ctx, c.bare)
			}
			if err != nil {
				return nil, err
			}
			return told(c.say("All right. You are not asked again.")), nil
		},
	}
}

// leaveWord ends the caller's membership.
func leaveWord() word {
	return word{
		name: "leave", also: []string{"verlassen", "austreten", "quit"}, at: atGroup,
		label: "Leave the group",
		usage: "leave – leave the group",
		may:   isMember,
		form: func(_ context.Context, c *call) (*form, error) {
			f := &form{
				title:        c.say("Leave %s", c.title()),
				instructions: c.say("You are no member any more then, and the group forgets what you let others see."),
			}
			if c.about.Source != "" {
				f.instructions = c.say("%s keeps the list of this group, so you stay on it. But then nobody sees of you when you are available, and you are told nothing.", c.about.Source)
			}
			return f, nil
		},
		run: func(ctx context.Context, c *call, _ values) (*answer, error) {
			if err := c.group.Leave(ctx, c.bare); err != nil {
				return nil, err
			}
			return told(c.left()), nil
		},
	}
}

// left is what somebody is told who has left, as far as he can.
func (c *call) left() string {
	if c.about.Source != "" {
		return c.say("%s keeps the list of this group, so you stay on it. But nobody sees of you when you are available from now on, and you are told nothing. Write share to change that.", c.about.Source)
	}
	return c.say("You have left %s.", c.title())
}

// nickWord is what the caller is called in the group.
func nickWord() word {
	return word{
		name: "nick", also: []string{"spitzname", "nickname"}, at: atGroup,
		label: "Your name in the group",
		usage: "nick – your name in the group",
		such:  "nick Anna",
		may:   isMember,
		form: func(ctx context.Context, c *call) (*form, error) {
			m, err := c.member(ctx, c.bare)
			if err != nil {
				return nil, err
			}
			return &form{title: c.say("Your name in %s", c.title()),
				fields: []field{{name: fieldNick, kind: data.TypeText, label: c.say("Name (none: as in your address)"), values: one(m.Nick)}}}, nil
		},
		read: func(_ context.Context, _ *call, l *line) (values, error) {
			if len(l.words) == 0 {
				return nil, nil
			}
			return values{fieldNick: l.words}, nil
		},
		run: func(ctx context.Context, c *call, in values) (*answer, error) {
			if in != nil {
				if err := c.group.SetNick(ctx, c.bare, in.one(fieldNick)); err != nil {
					return nil, err
				}
			}
			m, err := c.member(ctx, c.bare)
			if err != nil {
				return nil, err
			}
			if m.Nick == "" {
				return told(c.say("You have no name of your own in %s.", c.title())), nil
			}
			return told(c.say("In %s you are called %s.", c.title(), m.Nick)), nil
		},
	}
}

// member is somebody's record.
func (c *call) member(_ context.Context, jid string) (*roster.MemberRecord, error) {
	return c.group.Member(jid)
}
