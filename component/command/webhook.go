package command

import (
	"context"
	"errors"
	"strings"

	data "mellium.im/xmpp/form"

	"github.com/rollcall-xmpp/rollcall/component/hook"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// webhookWord sets who is told of the group over the web.
func webhookWord() word {
	return word{
		name: "webhook", also: []string{"webhooks"}, at: atGroup,
		label: "Who is told over the web",
		usage: "webhook – who is told over the web",
		such:  "webhook add ci https://ci.example.org/presence; webhook remove ci",
		may:   isAdmin,
		form: func(_ context.Context, c *call) (*form, error) {
			return &form{title: c.say("Who is told over the web"),
				instructions: c.say("A webhook is a watcher with an address of its own. It sees what members let that address see; by default that is nobody."),
				fields: []field{
					{name: fieldHow, kind: data.TypeList, label: c.say("What shall be done"), values: []string{howAdd}, required: true, options: []option{
						{howAdd, c.say("add or replace it")}, {howRemove, c.say("remove")}, {howList, c.say("only tell me which there are")}}},
					{name: fieldName, kind: data.TypeText, label: c.say("Its name (small letters, digits, hyphens)")},
					{name: fieldURL, kind: data.TypeText, label: c.say("Where changes are posted (https://…)")},
					{name: fieldFormat, kind: data.TypeList, label: c.say("What is posted"), values: []string{roster.HookJSON}, required: true, options: []option{
						{roster.HookJSON, c.say("JSON")}, {roster.HookMultipart, c.say("RLMI and PIDF")}}},
				}}, nil
		},
		read: func(_ context.Context, c *call, l *line) (values, error) {
			if len(l.words) == 0 {
				return nil, nil
			}
			in := values{fieldFormat: {roster.HookJSON}}
			switch verb := strings.ToLower(l.words[0]); {
			case isOneOf(verb, howAdd, "neu", "anlegen") && len(l.words) >= 3:
				in[fieldHow], in[fieldName], in[fieldURL] = []string{howAdd}, l.words[1:2], l.words[2:3]
				if len(l.words) > 3 {
					in[fieldFormat] = l.words[3:4]
				}
			case isOneOf(verb, howRemove, "entfernen", "entferne") && len(l.words) == 2:
				in[fieldHow], in[fieldName] = []string{howRemove}, l.words[1:2]
			default:
				return nil, &said{c.say("Write “webhook add NAME https://…”, or “webhook remove NAME”.")}
			}
			return in, nil
		},
		run: func(ctx context.Context, c *call, in values) (*answer, error) {
			switch in.one(fieldHow) {
			case howAdd:
				return c.addHook(ctx, in)
			case howRemove:
				err := c.group.RemoveHook(ctx, c.bare, in.one(fieldName))
				if errors.Is(err, roster.ErrNoHook) {
					return nil, &fieldError{fieldName, c.say("There is none of this name.")}
				}
				return told(c.say("It is told nothing any more.")), err
			}
			return c.hooks()
		},
	}
}

const (
	fieldURL    = "url"
	fieldFormat = "format"
	howAdd      = "add"
	howList     = "list"
)

func (c *call) addHook(ctx context.Context, in values) (*answer, error) {
	rec := roster.HookRecord{Name: in.one(fieldName), URL: in.one(fieldURL), Format: in.one(fieldFormat), Secret: hook.NewSecret()}
	err := c.group.SetHook(ctx, c.bare, rec)
	var bad *roster.InvalidError
	switch {
	case errors.As(err, &bad) && bad.Field == fieldURL:
		return nil, &fieldError{fieldURL, c.because(err)}
	case errors.As(err, &bad) && bad.Field == "webhook":
		return nil, &fieldError{fieldName, c.because(err)}
	case errors.As(err, &bad) && bad.Field == fieldFormat:
		return nil, &fieldError{fieldFormat, c.because(err)}
	case err != nil:
		return nil, err
	}
	a := told(c.say("It is told what members let its address see. Its posts are signed with this secret, which is told only once."))
	a.tell(c.say("Address"), c.s.cfg.Roster.HookJID(c.group.Name(), rec.Name))
	a.tell(c.say("Secret"), rec.Secret)
	return a, nil
}

// hooks tells which there are, and how they do.
func (c *call) hooks() (*answer, error) {
	all, err := c.group.Hooks(c.bare)
	if err != nil || len(all) == 0 {
		return told(c.say("Nobody is told over the web.")), err
	}
	a := &answer{title: c.say("Who is told over the web")}
	for _, rec := range all {
		a.tell(rec.Name, rec.Where()+" · "+c.s.cfg.Roster.HookJID(c.group.Name(), rec.Name)+" · "+c.hookState(&rec))
	}
	return a, nil
}

func (c *call) hookState(rec *roster.HookRecord) string {
	if rec.Ended != "" {
		return c.say("ended: %s", rec.Ended)
	}
	if c.s.cfg.Hooks != nil {
		const second = "2006-01-02 15:04:05 MST"
		s, _ := c.s.cfg.Hooks(c.group.Name(), rec.Name)
		switch {
		case !s.Failing.IsZero():
			return c.say("fails since %s: %s", s.Failing.UTC().Format(second), s.Said)
		case !s.Last.IsZero():
			return c.say("told last at %s", s.Last.UTC().Format(second))
		}
	}
	return c.say("nothing told yet")
}

// seer is who may see somebody.
func (c *call) seer(s *roster.Seer) string {
	if s.Hook == "" {
		return c.whom(s.Who)
	}
	return c.say("Webhook %s, told at %s", s.Who.Name, s.Hook)
}
