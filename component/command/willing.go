package command

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	data "mellium.im/xmpp/form"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// willingWord is what the caller says of his willingness to communicate: in the
// group, or asked of the service in all his groups.
func willingWord() word {
	return word{
		name: "willing", at: atService | atGroup,
		also: []string{"no", "not", "unwilling", "calls", "call", "video", "messages", "mail", "bereit", "keine", "kein", "nicht", "anrufe", "anruf", "telefon",
			"nachrichten"},
		label: "Whether you want to be reached, and how",
		usage: "willing – whether you want to be reached, and how",
		such:  "no calls; no calls until 15:00; no calls for 2 hours; calls yes; calls forget; not willing until tomorrow 9:00; willing video no until Monday everywhere; willing yes",
		may: func(c *call) bool {
			return c.group == nil && len(c.s.cfg.Roster.GroupsOf(c.bare)) > 0 || c.group != nil && c.about.Member
		},
		form: func(_ context.Context, c *call) (*form, error) { return c.willingForm(), nil },
		read: func(_ context.Context, c *call, l *line) (values, error) {
			return c.readWilling(l)
		},
		run: func(ctx context.Context, c *call, in values) (*answer, error) {
			if in == nil {
				return c.tellWilling("")
			}
			return c.setWilling(ctx, in)
		},
	}
}

// The fields of the form.
const (
	fieldApp   = "app"
	fieldValue = "value"
	fieldUntil = "until"
	fieldScope = "scope"

	valueForget = "forget"
	scopeHere   = "group"
	scopeAll    = "all"
)

func (c *call) willingForm() *form {
	f := &form{title: c.say("Whether you want to be reached, and how"), fields: []field{
		{name: fieldApp, kind: data.TypeText, label: c.say("By what: voice, chat, video, mail or another word (empty: by anything)")},
		{name: fieldValue, kind: data.TypeList, label: c.say("Willing"), values: []string{"no"}, required: true,
			options: []option{{"yes", c.say("yes")}, {"no", c.say("no")}, {valueForget, c.say("say nothing")}}},
		{name: fieldUntil, kind: data.TypeText, label: c.say("Until when, such as 15:00 or 2026-01-31 15:00 (empty: until you say otherwise)")},
	}}
	if c.group != nil {
		f.fields = append(f.fields, field{name: fieldScope, kind: data.TypeList, label: c.say("Where"), values: []string{scopeHere},
			options: []option{{scopeHere, c.say("in %s", c.title())}, {scopeAll, c.say("in all your groups")}}})
	}
	return f
}

// apps are other words for applications, folded.
var apps = map[string]string{
	"call": "voice", "calls": "voice", "phone": "voice", "telephone": "voice", "voice": "voice", "anruf": "voice", "anrufe": "voice", "anrufen": "voice",
	"telefon": "voice", "telefonate": "voice", "telefonieren": "voice", "sprache": "voice",
	"video": "video", "videos": "video", "videocalls": "video", "videoanrufe": "video",
	"chat": "chat", "chats": "chat", "message": "chat", "messages": "chat", "text": "chat", "texts": "chat", "nachricht": "chat", "nachrichten": "chat",
	"mail": "mail", "mails": "mail", "email": "mail", "emails": "mail", "e-mail": "mail", "e-mails": "mail",
	"sms": "sms", "meeting": "meeting", "meetings": "meeting", "besprechung": "meeting", "besprechungen": "meeting", "treffen": "meeting",
}

var appName = regexp.MustCompile(`^[a-z0-9][a-z0-9._+-]*$`)

// saying is what was read of a line.
type saying struct {
	app, value, scope string
	until             []string // as it was written
	span              bool     // it is for how long
	extra             []string // what is no word of ours
}

// read takes in one word before "until".
func (s *saying) read(w string) {
	f := strings.TrimRight(fold(w), ".!?:")
	switch {
	case f == "", isOneOf(f, "willing", "communicate", "me", "to", "is", "are", "please", "bitte", "any", "mehr", "more", "now", "jetzt", "in", "groups", "gruppen", "ich", "bin"):
	case isOneOf(f, "no", "not", "none", "off", "unwilling", "nein", "nicht", "keine", "keinen", "kein", "aus"):
		s.value = "no"
	case isOneOf(f, "yes", "ok", "okay", "on", "ja", "gern", "gerne", "an", "erlaubt", "welcome", "wieder", "again"):
		s.value = "yes"
	case isOneOf(f, "forget", "default", "clear", "nothing", "vergiss", "vergessen", "egal", "nichts"):
		s.value = valueForget
	case isOneOf(f, "everywhere", "anywhere", "uberall", "ueberall", "all", "allen", "alle"):
		s.scope = scopeAll
	case isOneOf(f, "here", "hier"):
		s.scope = scopeHere
	case f == "bereit":
	case apps[f] != "" && s.app == "":
		s.app = apps[f]
	default:
		s.extra = append(s.extra, w)
	}
}

// readWilling reads lines such as "no calls until 15:00" and "bereit".
func (c *call) readWilling(l *line) (values, error) {
	verb := l.verb
	if len(l.words) == 0 && isOneOf(verb, "willing", "bereit", "calls", "call", "anrufe", "anruf", "telefon", "video", "messages", "mail", "nachrichten") {
		return nil, nil
	}
	s := saying{}
	all := append([]string{verb}, l.words...)
	for i, w := range all {
		f := fold(w)
		if until := isOneOf(f, "until", "till", "til", "bis"); until || isOneOf(f, "for", "fur", "fuer") {
			s.until, s.span = all[i+1:], !until
			break
		}
		s.read(w)
	}
	for n := len(s.until); n > 0; n = len(s.until) { // "until 15:00 everywhere"
		if last := fold(s.until[n-1]); !isOneOf(last, "everywhere", "uberall", "ueberall", "groups", "gruppen", "allen", "all", "here", "hier") || n == 1 && isOneOf(last, "all") {
			break
		} else if !isOneOf(last, "groups", "gruppen") {
			s.read(last)
		}
		s.until = s.until[:n-1]
	}
	return s.values(c, verb)
}

func (s *saying) values(c *call, verb string) (values, error) {
	for _, w := range s.extra {
		f := strings.TrimRight(fold(w), ".!?:")
		if s.app != "" || !appName.MatchString(f) || verb != "willing" {
			return nil, &fieldError{shorten(w, 40), c.say("I do not understand this. Write it like “no calls until 15:00”.")}
		}
		s.app = f
	}
	switch {
	case s.value == "" && len(s.until) == 0 && s.app == "" || s.value == "no" && s.app == "" && verb == "no" && len(s.until) == 0:
		return nil, &fieldError{"", c.say("I do not understand this. Write it like “no calls until 15:00”.")}
	case s.value == "":
		s.value = "yes"
	}
	in := values{fieldApp: {s.app}, fieldValue: {s.value}}
	if s.scope != "" && c.group != nil {
		in[fieldScope] = []string{s.scope}
	}
	if len(s.until) > 0 {
		now := c.now()
		at, ok := readMoment(s.until, now)
		if s.span {
			at, ok = readSpan(s.until, now)
		}
		if !ok {
			return nil, c.noMoment(strings.Join(s.until, " "))
		}
		if !at.IsZero() {
			in[fieldUntil] = []string{at.Format(time.RFC3339)}
		}
	}
	return in, nil
}

func (c *call) noMoment(text string) error {
	return &fieldError{shorten(text, 40), c.say("This is no moment that I understand. Write it like 15:00, tomorrow 9:00, Monday or 2026-01-31 15:00.")}
}

// now is the moment in the caller's zone, as far as it is known.
func (c *call) now() time.Time { return c.s.cfg.Now().In(c.locate()) }

// locate finds the caller's zone. It asks the roster the first time.
func (c *call) locate() *time.Location {
	if c.zone == nil {
		if c.zone = c.s.cfg.Roster.Zone(c.bare); c.zone == nil {
			c.zone = time.UTC
		}
	}
	return c.zone
}

// setWilling does what in says.
func (c *call) setWilling(ctx context.Context, in values) (*answer, error) {
	x := roster.Willing{App: fold(in.one(fieldApp)), No: in.one(fieldValue) == "no"}
	if apps[x.App] != "" {
		x.App = apps[x.App]
	}
	if text := strings.TrimSpace(in.one(fieldUntil)); text != "" {
		at, ok := readMoment(strings.Fields(text), c.now())
		if !ok {
			return nil, &fieldError{fieldUntil, c.noMoment(text).Error()}
		}
		x.Until = at
	}
	edit := func(was []roster.Willing) ([]roster.Willing, error) {
		was = slices.DeleteFunc(was, func(y roster.Willing) bool { return y.App == x.App })
		if in.one(fieldValue) == valueForget {
			return was, nil
		}
		return append(was, x), nil
	}
	var err error
	if c.group == nil || in.one(fieldScope) == scopeAll {
		err = c.s.cfg.Roster.SayToAll(ctx, c.bare, edit)
	} else {
		err = c.group.Say(ctx, c.bare, edit)
	}
	if err != nil {
		return nil, err
	}
	return c.tellWilling(x.App)
}

// tellWilling tells how things stand.
func (c *call) tellWilling(string) (*answer, error) {
	if c.group == nil {
		a := &answer{title: c.say("What you say of your willingness in all your groups")}
		for _, x := range c.s.cfg.Roster.SaidToAll(c.bare) {
			a.tell(c.app(x.App), c.willing(&x))
		}
		return c.orNothing(a), nil
	}
	said, err := c.group.Said(c.bare)
	if err != nil {
		return nil, err
	}
	a := &answer{title: c.say("What others see of your willingness in %s", c.title())}
	for _, x := range said.Counts {
		a.tell(c.app(x.App), c.willing(&x)+c.where(said, &x))
	}
	for _, r := range said.Reports {
		if r.Status != "" {
			a.tell(c.say("Said for you"), c.say("“%s”, until %s, by %s", oneLine(r.Status), tellMoment(r.Until.In(c.locate())), r.Bot))
		}
	}
	c.orNothing(a)
	if said.May&policy.Willingness == 0 {
		a.notes = append(a.notes, note{warning, c.say("Nobody may see it, so it is not kept. Write “share” for what others see of you.")})
	}
	return a, nil
}

func (c *call) orNothing(a *answer) *answer {
	if len(a.fields) == 0 {
		a.notes = append(a.notes, note{info, c.say("You have said nothing. Write it like “no calls until 15:00”.")})
	}
	return a
}

// where is who has said x, and where, if it was not the caller here.
func (c *call) where(said *roster.Words, x *roster.Willing) string {
	has := func(list []roster.Willing) bool {
		return slices.ContainsFunc(list, func(y roster.Willing) bool { return y.App == x.App })
	}
	switch {
	case x.Source != "":
		return " – " + c.say("said by %s", x.Source)
	case has(said.Here):
		return ""
	case has(said.All):
		return " – " + c.say("in all your groups")
	}
	return " – " + c.say("as you publish it")
}

// app is an application as people call it.
func (c *call) app(name string) string {
	switch name {
	case "":
		return c.say("By anything")
	case "voice":
		return c.say("Calls")
	case "video":
		return c.say("Video")
	case "chat":
		return c.say("Messages")
	case "mail":
		return c.say("Mail")
	case "meeting":
		return c.say("Meetings")
	}
	return name
}

// willing is yes or no, and until when.
func (c *call) willing(x *roster.Willing) string {
	text := c.yes(!x.No)
	if !x.Until.IsZero() {
		text += ", " + c.say("until %s", tellMoment(x.Until.In(c.locate())))
	}
	return text
}

// unwilling is what a member does not want, and what all the same, in few words.
func (c *call) unwilling(it *roster.Item) string {
	var parts []string
	none := len(it.Willing) > 0 && it.Willing[0].App == "" && it.Willing[0].No
	for i := range it.Willing {
		x, text := &it.Willing[i], ""
		switch {
		case x.App == "" && x.No:
			text = c.say("does not want to be reached")
		case x.App != "" && x.No && !none:
			text = c.say("no %s", c.noun(x.App))
		case x.App != "" && !x.No && none:
			text = c.say("but %s", c.noun(x.App))
		default:
			continue
		}
		if !x.Until.IsZero() {
			text += " " + c.say("until %s", tellMoment(x.Until.In(c.locate())))
		}
		if x.Source != "" {
			text += " (" + x.Source + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

// noun is an application within a sentence.
func (c *call) noun(name string) string {
	switch name {
	case "voice":
		return c.say("calls")
	case "video":
		return c.say("video")
	case "chat":
		return c.say("messages")
	case "mail":
		return c.say("mail")
	case "meeting":
		return c.say("meetings")
	}
	return name
}
