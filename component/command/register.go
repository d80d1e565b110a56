package command

import (
	"context"
	"encoding/xml"
	"errors"

	data "mellium.im/xmpp/form"
	"mellium.im/xmpp/stanza"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// wireRegister is a registration (XEP-0077 §3): fields or a form, or the end
// of one.
type wireRegister struct {
	Remove *struct{} `xml:"jabber:iq:register remove"`
	Nick   *string   `xml:"jabber:iq:register nick"`
	Form   *wireForm `xml:"jabber:x:data x"`
	Other  []struct {
		XMLName xml.Name
	} `xml:",any"`
}

// register answers XEP-0077: to register with a group is to join it, to cancel
// that is to leave. It is the words join, nick and leave in another dress, for
// clients that have a window for it.
func (c *call) register(ctx context.Context, b []byte, q *pubsub.Request) ([]byte, error) {
	var in wireRegister
	switch {
	case q.Local != "query" || len(q.Payload) > maxCommand || xml.Unmarshal(q.Payload, &in) != nil:
		return b, pubsub.BadRequest
	case c.group == nil:
		return b, c.no(stanza.FeatureNotImplemented, c.say("You join each group by itself: look at the groups here."))
	case !q.Set:
		return c.askRegistration(b)
	case in.Remove != nil:
		if in.Nick != nil || in.Form != nil || len(in.Other) > 0 { // §3.2: the only child
			return b, pubsub.BadRequest
		}
		return b, c.unregister(ctx)
	case in.Nick == nil && in.Form == nil && len(in.Other) > 0: // another's password, say
		return b, pubsub.BadRequest
	}
	typed := values{}
	if in.Nick != nil {
		typed[fieldNick] = []string{*in.Nick}
	}
	if in.Form != nil {
		if in.Form.Type == "cancel" {
			return b, nil
		}
		var ok bool
		if typed, ok = in.Form.submitted(pubsub.NSRegister); !ok {
			return b, pubsub.BadRequest
		}
	}
	f, err := c.registration()
	if err != nil {
		return b, err
	}
	said, wrong := c.check(f, typed)
	if wrong != nil {
		return b, pubsub.Error{Type: stanza.Modify, Condition: stanza.NotAcceptable, Text: wrong.Error()}
	}
	return b, c.unregistrable(f, c.enrol(ctx, said))
}

// no is a refusal that people can read: some clients show nothing else.
func (c *call) no(condition stanza.Condition, text string) error {
	return pubsub.Error{Type: stanza.Cancel, Condition: condition, Text: text}
}

// registration is the form for who is a member, or may become one.
func (c *call) registration() (*form, error) {
	f := &form{fields: []field{{name: fieldNick, kind: data.TypeText, label: c.say("Your name in the group (none: as in your address)")}}}
	switch {
	case c.about.Member:
		m, err := c.group.Member(c.bare)
		if err != nil {
			return nil, err
		}
		f.title, f.instructions, f.fields[0].values = c.title(), c.say("You are a member of %s now.", c.title()), one(m.Nick)
		return f, nil
	case !pubsub.Registers(c.about):
		return nil, c.no(stanza.NotAllowed, c.say("Only who is invited can join."))
	}
	terms, err := c.terms()
	f.title, f.instructions = c.say("Join %s", c.title()), terms
	if c.about.Applied {
		f.instructions = c.say("The admins of %s are asked. You will be told what they say.", c.title())
	}
	return f, err
}

// askRegistration appends the form, and the same for clients that know no
// forms.
func (c *call) askRegistration(b []byte) ([]byte, error) {
	f, err := c.registration()
	if err != nil {
		return b, err
	}
	b = append(b, "<query xmlns='"+pubsub.NSRegister+"'>"...)
	if c.about.Member {
		b = append(b, "<registered/>"...)
	}
	b = append(frame.AppendText(append(b, "<instructions>"...), f.instructions), "</instructions><nick>"...)
	b = append(frame.AppendText(b, values{"": f.fields[0].values}.one("")), "</nick>"...)
	b, err = appendForm(b, pubsub.NSRegister, f)
	return append(b, "</query>"...), err
}

// enrol makes the caller a member, or gives one another name. Who has to wait
// is told so in a message: the answer itself says nothing.
func (c *call) enrol(ctx context.Context, in values) error {
	if c.about.Member {
		return c.group.SetNick(ctx, c.bare, in.one(fieldNick))
	}
	joined, err := c.group.Join(ctx, c.bare, in.one(fieldNick))
	if err != nil || joined {
		return err
	}
	c.s.cfg.Send(func(b []byte) []byte {
		return c.appendMessage(b, &Message{}, told(c.say("The admins of %s are asked. You will be told what they say.", c.title())))
	})
	return nil
}

func (c *call) unregister(ctx context.Context) error {
	err := c.group.Leave(ctx, c.bare)
	if errors.Is(err, roster.ErrNoMember) { // §3.2
		return pubsub.Error{Type: stanza.Auth, Condition: stanza.RegistrationRequired}
	}
	if err == nil && c.about.Source != "" { // the answer itself says nothing
		c.s.cfg.Send(func(b []byte) []byte { return c.appendMessage(b, &Message{}, told(c.left())) })
	}
	return err
}

// unregistrable puts why somebody cannot join into the words of XEP-0077 §3.1
// and his own.
func (c *call) unregistrable(f *form, err error) error {
	var bad *roster.InvalidError
	switch {
	case errors.Is(err, roster.ErrForbidden):
		return c.no(stanza.NotAllowed, c.say("Only who is invited can join."))
	case errors.Is(err, roster.ErrForeign):
		return c.no(stanza.NotAllowed, c.explainError(err).notes[0].text)
	case errors.Is(err, roster.ErrRefused):
		return c.no(stanza.NotAllowed, c.say("There was a no before, and nobody is asked twice."))
	case errors.Is(err, roster.ErrLimit):
		return pubsub.Error{Type: stanza.Wait, Condition: stanza.ResourceConstraint, Text: c.say("There is no more room for this.")}
	case errors.As(err, &bad):
		return pubsub.Error{Type: stanza.Modify, Condition: stanza.NotAcceptable, Text: c.invalid(f, bad).Error()}
	}
	return err
}
