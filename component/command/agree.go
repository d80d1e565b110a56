package command

import (
	"context"
	"errors"
	"strings"

	data "mellium.im/xmpp/form"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// agreeWord says yes to what the group asks of a member: another default, or
// that he shows more. It is there while something is asked.
func agreeWord() word {
	return word{
		name: "agree", also: []string{"yes", "ja", "zustimmen", "accept"}, at: atGroup,
		label: "What the group asks you to agree to",
		usage: "agree – what the group asks you to agree to",
		may:   func(c *call) bool { return c.proposal() != nil },
		form: func(_ context.Context, c *call) (*form, error) {
			p := c.proposal()
			if p == nil {
				return nil, roster.ErrNoNode
			}
			return &form{
				title:        c.say("What %s asks you to agree to", c.title()),
				instructions: c.proposes(p),
				fields: []field{
					{name: fieldProposal, kind: data.TypeHidden, values: []string{p.ID}},
					{name: fieldAgree, kind: data.TypeBoolean, label: c.say("I agree"), values: boolean(true)},
				},
			}, nil
		},
		read: func(_ context.Context, c *call, l *line) (values, error) {
			p := c.proposal()
			if p == nil || len(l.words) == 0 || fold(l.words[0]) != code(p) {
				return nil, nil
			}
			return values{fieldProposal: {p.ID}, fieldAgree: boolean(true)}, nil
		},
		run: func(ctx context.Context, c *call, in values) (*answer, error) {
			if in == nil {
				p := c.proposal()
				if p == nil {
					return told(c.say("Nothing is asked of you.")), nil
				}
				return told(c.proposes(p) + "\n" + c.say("Write “agree %s” to say yes.", code(p))), nil
			}
			if !in.is(fieldAgree) {
				return told(c.say("All stays as it is.")), nil
			}
			return c.agree(ctx, in.one(fieldProposal))
		},
	}
}

// The fields of the form.
const (
	fieldProposal = "proposal"
	fieldAgree    = "agree"
)

// code is what a person writes to say yes to p, and not to what comes after
// it.
func code(p *roster.Proposal) string { return p.ID[:min(4, len(p.ID))] }

// proposal is what is asked of the caller; nil: nothing.
func (c *call) proposal() *roster.Proposal {
	p, err := c.group.Proposal(c.bare)
	if err != nil {
		return nil
	}
	return p
}

// proposes puts p into words.
func (c *call) proposes(p *roster.Proposal) string {
	if p.Require != 0 {
		return c.say("%s asks that every member lets the others see: %s. You do not, so far.", c.title(), c.attributes(p.Require))
	}
	var all []string
	for _, r := range merged(p.Default.Rules) {
		all = append(all, c.whom(r.Who)+": "+c.attributes(r.Attributes)+c.during(&r))
	}
	if len(all) == 0 {
		all = append(all, c.say("nothing"))
	}
	return c.say("%s proposes that others see of you: %s. Until you agree, what you agreed to before holds.", c.title(), strings.Join(all, "; "))
}

// agree says yes to the proposal of that id.
func (c *call) agree(ctx context.Context, id string) (*answer, error) {
	switch err := c.group.Agree(ctx, c.bare, id); {
	case errors.Is(err, roster.ErrStale):
		return failed(c.say("By now the group asks for something else. Please look again.")), nil
	case err != nil:
		return nil, err
	}
	p, err := c.privacy()
	return p.tell(c), err
}
