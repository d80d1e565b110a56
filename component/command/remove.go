package command

import (
	"context"
	"errors"

	data "mellium.im/xmpp/form"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// removeWord takes members out of the group, and may keep them out.
func removeWord() word {
	return word{
		name: "remove", also: []string{"kick", "ban", "unban", "entfernen", "entferne", "sperren", "sperre", "entsperren", "entsperre"}, at: atGroup,
		label: "Remove or ban somebody",
		usage: "remove – remove or ban somebody",
		such:  "remove bob@example.org; ban bob@example.org; unban bob@example.org",
		may:   isAdmin,
		form: func(_ context.Context, c *call) (*form, error) {
			return &form{title: c.say("Remove from %s", c.title()), fields: []field{
				{name: fieldWhom, kind: data.TypeJIDMulti, label: c.say("Whom (addresses)"), required: true},
				{name: fieldHow, kind: data.TypeList, label: c.say("What shall be done"), values: []string{howRemove}, required: true, options: []option{
					{howRemove, c.say("remove")}, {howBan, c.say("remove, and keep out for ever")}, {howUnban, c.say("no longer keep out")}}},
			}}, nil
		},
		read: func(ctx context.Context, c *call, l *line) (values, error) {
			in, err := readPeople(ctx, c, l)
			if in == nil || err != nil {
				return nil, err
			}
			in[fieldHow] = []string{howRemove}
			switch l.verb {
			case "ban", "sperren", "sperre":
				in[fieldHow] = []string{howBan}
			case "unban", "entsperren", "entsperre":
				in[fieldHow] = []string{howUnban}
			}
			return in, nil
		},
		run: func(ctx context.Context, c *call, in values) (*answer, error) {
			switch in.one(fieldHow) {
			case howBan:
				return c.each(in[fieldWhom], func(jid string) error { return c.group.Ban(ctx, c.bare, jid) }, c.say("banned")), nil
			case howUnban:
				return c.each(in[fieldWhom], func(jid string) error { return c.group.Unban(ctx, c.bare, jid) }, c.say("no longer banned")), nil
			}
			return c.each(in[fieldWhom], func(jid string) error { return c.group.Remove(ctx, c.bare, jid) }, c.say("removed")), nil
		},
	}
}

// What can be done to people.
const (
	fieldHow  = "how"
	howRemove = "remove"
	howBan    = "ban"
	howUnban  = "unban"
)

// deleteWord ends the group; its name has to be said, lest it be by mistake.
func deleteWord() word {
	return word{
		name: "delete", also: []string{"disband", "loschen", "loesche", "losche", "auflosen"}, at: atGroup,
		label: "Delete the group",
		usage: "delete – delete the group",
		may:   func(c *call) bool { return c.about.Power >= roster.Owner },
		form: func(_ context.Context, c *call) (*form, error) {
			return &form{
				title:        c.say("Delete %s", c.title()),
				instructions: c.say("The members are told, and nothing of the group is left. This cannot be undone."),
				fields:       []field{{name: fieldName, kind: data.TypeText, label: c.say("Write “%s” to delete it", c.group.Name()), required: true}},
			}, nil
		},
		read: func(_ context.Context, _ *call, l *line) (values, error) {
			if len(l.words) == 0 {
				return nil, nil
			}
			return values{fieldName: l.words}, nil
		},
		run: func(ctx context.Context, c *call, in values) (*answer, error) {
			switch {
			case in == nil:
				return told(c.say("The members are told, and nothing of the group is left. This cannot be undone.") + " " +
					c.say("Write “delete %s” if you mean it.", c.group.Name())), nil
			case in.one(fieldName) != c.group.Name() && in.one(fieldName) != c.address(c.group):
				return nil, &fieldError{fieldName, c.say("This is not the group's name: %s.", c.group.Name())}
			}
			if err := c.s.cfg.Roster.Disband(ctx, c.bare, c.group.Name()); err != nil {
				return nil, err
			}
			return told(c.say("%s is no more.", c.title())), nil
		},
	}
}

// createWord makes a group, owned by the caller.
func createWord() word {
	return word{
		name: "create", also: []string{"new", "neu", "anlegen", "grunden", "erstelle"}, at: atService,
		label: "Create a group",
		usage: "create – create a group",
		such:  "create team; create team The Team",
		may:   func(c *call) bool { return c.s.cfg.Roster.MayCreate(c.bare) },
		form: func(_ context.Context, c *call) (*form, error) {
			return c.createForm(), nil
		},
		read: func(_ context.Context, c *call, l *line) (values, error) {
			if len(l.words) == 0 {
				return nil, nil
			}
			return values{fieldAddress: {l.words[0]}, fieldName: l.words[1:]}, nil
		},
		run: func(ctx context.Context, c *call, in values) (*answer, error) {
			if in == nil {
				return told(c.say("Write “create team The Team” for a group with the address team and the name The Team.")), nil
			}
			return c.create(ctx, in)
		},
	}
}

const fieldAddress = "address"

func (c *call) createForm() *form {
	return &form{title: c.say("Create a group"), fields: []field{
		{name: fieldAddress, kind: data.TypeText, label: c.say("Address (one word, before @%s)", c.s.cfg.Domain), required: true},
		{name: fieldName, kind: data.TypeText, label: c.say("Name")},
		{name: fieldDescription, kind: data.TypeTextMulti, label: c.say("Description")},
		{name: fieldJoin, kind: data.TypeList, label: c.say("Who may join"), values: []string{roster.Invite.String()}, options: c.joinRules(), required: true},
		{name: fieldListed, kind: data.TypeBoolean, label: c.say("Strangers may know of the group"), values: boolean(false)},
		{name: fieldNick, kind: data.TypeText, label: c.say("Your name in the group (none: as in your address)")},
	}}
}

func (c *call) create(ctx context.Context, in values) (*answer, error) {
	name, ok := localpart(in.one(fieldAddress), c.s.cfg.Domain)
	if !ok {
		return nil, &fieldError{fieldAddress, c.say("A group cannot have this address.")}
	}
	join, err := roster.ParseJoin(in.one(fieldJoin))
	if err != nil {
		return nil, &fieldError{fieldJoin, c.because(err)}
	}
	rec := &roster.GroupRecord{
		Name:     name,
		Settings: roster.Settings{Title: in.one(fieldName), Description: joinLines(in[fieldDescription]), Join: join, Listed: in.is(fieldListed)},
		Members:  []roster.MemberRecord{{JID: c.bare, Nick: in.one(fieldNick)}},
	}
	if !c.s.creations.take(c.bare, 1) {
		return nil, &said{c.say("Not so many at once. Please go on later.")}
	}
	err = c.s.cfg.Roster.Establish(ctx, c.bare, rec)
	var bad *roster.InvalidError
	switch {
	case errors.Is(err, roster.ErrGroupExists):
		return nil, &fieldError{fieldAddress, c.say("A group cannot have this address.")}
	case errors.As(err, &bad) && bad.Field == fieldName:
		return nil, &fieldError{fieldAddress, c.say("A group cannot have this address.")}
	case err != nil:
		return nil, err
	}
	a := told(c.say("There it is. Add it as a contact; its commands are there."))
	if join != roster.Invite && !rec.Settings.Listed {
		a.notes = append(a.notes, note{warning, c.say("Strangers do not know of it: who is not invited cannot join.")})
	}
	a.tell(c.say("Address"), name+"@"+c.s.cfg.Domain)
	return a, nil
}
