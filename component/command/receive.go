package command

import (
	"context"
	"strings"

	data "mellium.im/xmpp/form"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// receiveWord is what the caller wants to be sent.
func receiveWord() word {
	return word{
		name: "receive", also: []string{"empfange", "empfangen", "mute", "stumm"}, at: atGroup,
		label: "What you receive",
		usage: "receive – what you are sent",
		such:  "receive nothing; receive everything; receive only availability; receive only role:lead; receive only bob@example.org; receive my role; receive each (show each member in my contact list); receive one (only the group)",
		may:   func(c *call) bool { return c.about.Watches },
		form: func(_ context.Context, c *call) (*form, error) {
			return c.receiveForm(c.received()), nil
		},
		read: readReceive,
		run: func(ctx context.Context, c *call, in values) (*answer, error) {
			if len(c.subscriptions()) == 0 {
				return failed(c.say("You have neither a subscription in this group nor it as a contact.")), nil
			}
			if in == nil {
				return c.tellReceived(), nil
			}
			r, err := c.wantReceived(in)
			if err != nil {
				return nil, err
			}
			if err := c.setReceived(ctx, r); err != nil {
				return nil, err
			}
			if in[fieldEach] != nil && c.isContact() {
				if err := c.group.SetResources(ctx, c.bare, in.is(fieldEach)); err != nil {
					return nil, err
				}
			}
			return c.tellReceived(), nil
		},
	}
}

// The fields of the form.
const (
	fieldDeliver  = "deliver"
	fieldMembers  = "members"
	fieldRoles    = "roles"
	fieldSameRole = "same-role"
	fieldOf       = "attributes"
	fieldEach     = "resources"
)

func (c *call) isContact() bool {
	_, err := c.group.Receiving(c.bare, c.bare, roster.NodeContact, "")
	return err == nil
}

// subscriptions are those of the caller, and his contact.
func (c *call) subscriptions() []roster.SubscriptionRecord {
	all := c.group.Subscriptions(c.bare)
	contact := roster.SubscriptionRecord{Node: roster.NodeContact.String(), JID: c.bare, Owner: c.bare}
	if c.isContact() {
		all = append(all, contact)
	}
	return all
}

// node is the one that rec is about.
func node(rec *roster.SubscriptionRecord) roster.Node {
	if n, err := roster.ParseNode(rec.Node); err == nil {
		return n
	}
	return roster.NodeContact
}

// received is what the caller wants now: what the first of his subscriptions
// says.
func (c *call) received() policy.Receiving {
	for _, s := range c.subscriptions() {
		if r, err := c.group.Receiving(c.bare, s.JID, node(&s), s.ID); err == nil {
			return r
		}
	}
	return policy.Receiving{}
}

// setReceived sets it for all of them.
func (c *call) setReceived(ctx context.Context, r *policy.Receiving) error {
	for _, s := range c.subscriptions() {
		if err := c.group.Configure(ctx, c.bare, s.JID, node(&s), s.ID, r); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) receiveForm(r policy.Receiving) *form {
	f := c.receivePlain(r)
	if c.isContact() {
		f.fields = append(f.fields, field{name: fieldEach, kind: data.TypeBoolean, label: c.say("Show each member in my contact list, not only the group"),
			values: boolean(c.group.Resources(c.bare))})
	}
	return f
}

func (c *call) receivePlain(r policy.Receiving) *form {
	of := c.attributeField(fieldOf, c.say("Of each member, only this (none: everything)"), r.Attributes)
	return &form{
		title:        c.say("What you receive from %s", c.title()),
		instructions: c.say("You are sent what others let you see and you want. This counts for all your subscriptions in this group, and for it as a contact."),
		fields: []field{
			{name: fieldDeliver, kind: data.TypeBoolean, label: c.say("Send me who is there"), values: boolean(!r.Refuse)},
			{name: fieldMembers, kind: data.TypeJIDMulti, label: c.say("Only these members (none: all)"), values: r.Members},
			{name: fieldRoles, kind: data.TypeText, label: c.say("Only members with one of these roles (none: all)"), values: one(strings.Join(r.Roles, " "))},
			{name: fieldSameRole, kind: data.TypeBoolean, label: c.say("Only members with a role of mine"), values: boolean(r.SameRole)},
			of,
		},
	}
}

// wantReceived is the policy that in asks for.
func (c *call) wantReceived(in values) (*policy.Receiving, error) {
	r := &policy.Receiving{Refuse: !in.is(fieldDeliver), Members: in[fieldMembers], Roles: words(in[fieldRoles]), SameRole: in.is(fieldSameRole)}
	for _, w := range in[fieldOf] {
		m, err := policy.ParseMask(w)
		if err != nil {
			return nil, &fieldError{fieldOf, c.because(err)}
		}
		r.Attributes |= m
	}
	if r.Attributes.Has(policy.All) {
		r.Attributes = 0
	}
	r.Normalise()
	if err := r.Check(); err != nil {
		return nil, &fieldError{"", c.because(err)}
	}
	return r, nil
}

func (c *call) tellReceived() *answer {
	a := &answer{title: c.say("What you receive from %s", c.title())}
	r := c.received()
	if c.group.Resources(c.bare) && !r.Refuse {
		defer a.tell(c.say("In your contact list"), c.say("each member"))
	}
	if r.Refuse {
		a.tell(c.say("You are sent"), c.say("nothing"))
		return a
	}
	what := c.say("everything")
	if r.Attributes != 0 {
		what = c.attributes(r.Attributes)
	}
	a.tell(c.say("You are sent"), what)
	if len(r.Members) > 0 {
		a.tell(c.say("Only of"), strings.Join(r.Members, ", "))
	}
	if len(r.Roles) > 0 {
		a.tell(c.say("Only of the roles"), strings.Join(r.Roles, ", "))
	}
	if r.SameRole {
		a.tell(c.say("Only of"), c.say("members with a role of yours"))
	}
	return a
}

// readReceive reads lines such as "receive only role:lead".
func readReceive(_ context.Context, c *call, l *line) (values, error) {
	if len(l.words) == 0 && l.verb != "mute" && l.verb != "stumm" {
		return nil, nil
	}
	if l.verb == "mute" || l.verb == "stumm" {
		return values{fieldDeliver: boolean(false)}, nil
	}
	in := values{fieldDeliver: boolean(true), fieldSameRole: boolean(false), fieldMembers: {}, fieldRoles: {}, fieldOf: {}}
	for i := 0; i < len(l.words); i++ {
		w := l.words[i]
		bit, isAttribute := attribute(w)
		switch {
		case isOneOf(w, "only", "just", "and", "from", "of", "nur", "und", "von", "vom"):
		case isOneOf(w, "each", "jeden", "jedes"):
			return values{fieldEach: boolean(true)}, nil
		case isOneOf(w, "one", "eines", "eins"):
			return values{fieldEach: boolean(false)}, nil
		case isOneOf(w, "everything", "all", "alles"):
		case isOneOf(w, "nothing", "none", "nichts", "no"):
			return values{fieldDeliver: boolean(false)}, nil // the rest is kept
		case isOneOf(w, "same-role", "my", "mine", "meine", "meiner"):
			in[fieldSameRole] = boolean(true)
		case isOneOf(w, "role", "roles", "rolle", "rollen") && in.is(fieldSameRole):
		case isOneOf(w, "role", "roles", "rolle", "rollen") && i+1 < len(l.words):
			i++
			in[fieldRoles] = append(in[fieldRoles], l.words[i])
		case strings.HasPrefix(w, "role:"):
			in[fieldRoles] = append(in[fieldRoles], w[len("role:"):])
		case strings.Contains(w, "@"):
			j, err := c.readJID(w)
			if err != nil {
				return nil, err
			}
			in[fieldMembers] = append(in[fieldMembers], j)
		case isAttribute:
			in[fieldOf] = append(in[fieldOf], strings.Fields(bit.String())...)
		default:
			return nil, &fieldError{shorten(w, 40), c.say("I do not know this attribute. There are: %s.", policy.All.String())}
		}
	}
	return in, nil
}
