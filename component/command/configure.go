package command

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	data "mellium.im/xmpp/form"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// configureWord sets how the group behaves.
func configureWord() word {
	return word{
		name: "configure", also: []string{"configuration", "set", "settings", "einstellen", "einstellungen"}, at: atGroup,
		label: "Settings of the group",
		usage: "configure – settings of the group",
		such:  "configure name The Team; configure listed yes; configure watch role:lead; configure delivery 5000; configure require availability",
		may:   isAdmin,
		form: func(ctx context.Context, c *call) (*form, error) {
			rec, g, err := c.settings(ctx)
			if err != nil {
				return nil, err
			}
			return c.configureForm(rec, g), nil
		},
		read: func(ctx context.Context, c *call, l *line) (values, error) {
			if len(l.words) == 0 {
				return nil, nil
			}
			rec, g, err := c.settings(ctx)
			if err != nil {
				return nil, err
			}
			return c.readFields(c.configureForm(rec, g), l)
		},
		run: func(ctx context.Context, c *call, in values) (*answer, error) {
			var before *form
			if in != nil {
				rec, g, err := c.settings(ctx)
				if err != nil {
					return nil, err
				}
				before = c.configureForm(rec, g)
				if err := c.configure(ctx, in); err != nil {
					return nil, err
				}
			}
			rec, g, err := c.settings(ctx)
			if err != nil {
				return nil, err
			}
			now := c.configureForm(rec, g)
			if c.chat && before != nil {
				now.fields = c.changed(before, now)
			}
			return c.tellFields(c.say("Settings of %s", c.title()), now), nil
		},
	}
}

// changed are the fields of now that were not so before: on a phone, what
// somebody has just said is enough.
func (c *call) changed(before, now *form) (all []field) {
	for _, x := range now.fields {
		switch was := before.field(x.name); {
		case was != nil && slices.Equal(was.values, x.values):
			continue
		case len(x.values) == 0:
			x = field{name: x.name, kind: data.TypeText, label: x.label, values: []string{c.say("nothing")}}
		}
		all = append(all, x)
	}
	return all
}

func isAdmin(c *call) bool { return c.about.Power >= roster.Admin }

// The fields of the form: the words of the contract.
const (
	fieldName        = "name"
	fieldDescription = "description"
	fieldLanguage    = "language"
	fieldFree        = "attributes"
	fieldListed      = "listed"
	fieldWatch       = "watch"
	fieldWatchList   = "watch-list"
	fieldBasic       = "basic"
	fieldDefault     = "default-authorization"
	fieldRequire     = "require"
	fieldCollect     = "collect"
	fieldCollectFrom = "collect-from"
	fieldJoin        = "join"
	fieldAggregate   = "aggregate"
	fieldPayload     = "payload"
	fieldDelivery    = "delivery"
)

// settings are those of the group, and its policy.
func (c *call) settings(ctx context.Context) (*roster.GroupRecord, *policy.Group, error) {
	rec, err := c.s.cfg.Roster.ShowGroup(ctx, c.group.Name())
	if err != nil {
		return nil, nil, err
	}
	g, err := policy.ParseGroup(rec.Settings.Policy)
	return rec, g, err
}

// anyone is everyone, as forms have it.
const anyone = "anyone"

func (c *call) configureForm(rec *roster.GroupRecord, g *policy.Group) *form {
	s := &rec.Settings
	classes := c.classes(rec, g)
	watch, list := []string{}, []string{}
	for _, w := range g.Watch {
		if w.Class == policy.JID || w.Class == policy.Domain {
			list = append(list, w.String())
		} else {
			watch = append(watch, className(w))
		}
	}
	var free, from []string
	for _, a := range s.Attributes {
		free = append(free, a.Name+"="+a.Value)
	}
	for _, w := range g.From {
		from = append(from, w.String())
	}
	return &form{
		title: c.say("Settings of %s", c.title()),
		fields: []field{
			{name: fieldName, kind: data.TypeText, label: c.say("Name"), values: one(s.Title)},
			{name: fieldDescription, kind: data.TypeTextMulti, label: c.say("Description"), values: lines(one(s.Description))},
			{name: fieldLanguage, kind: data.TypeText, label: c.say("Language (such as en)"), values: one(s.Language)},
			{name: fieldFree, kind: data.TypeTextMulti, label: c.say("Attributes, one a line (such as phone=123)"), values: free},
			{name: fieldListed, kind: data.TypeBoolean, label: c.say("Strangers may know of the group"), values: boolean(s.Listed)},
			{name: fieldJoin, kind: data.TypeList, label: c.say("Who may join"), values: []string{s.Join.String()}, options: c.joinRules(), required: true},
			{name: fieldAggregate, kind: data.TypeText, label: c.say("When the contact is there (any, quorum:2, role:duty)"), values: []string{cmp.Or(s.Aggregate, "any")}},
			{name: fieldWatch, kind: data.TypeListMulti, label: c.say("Who may watch"), values: watch, options: classes},
			{name: fieldWatchList, kind: data.TypeTextMulti, label: c.say("Who else may watch (addresses, domains)"), values: list},
			{name: fieldBasic, kind: data.TypeList, label: c.say("Who sees attributes and members"), values: []string{className(g.Basic)}, options: classes, required: true},
			{name: fieldDefault, kind: data.TypeTextMulti, label: c.say("What is shared by who says nothing else"), values: ruleLines(g.Default.Rules)},
			c.attributeField(fieldRequire, c.say("What every member must share"), g.Require),
			c.attributeField(fieldCollect, c.say("What the group learns at all"), g.Collect),
			{name: fieldCollectFrom, kind: data.TypeTextMulti, label: c.say("Of whom (addresses, role:…; none: of all)"), values: from},
			{name: fieldPayload, kind: data.TypeList, label: c.say("Nodes for programs"), values: []string{s.Payload.String()}, required: true, options: []option{
				{roster.Both.String(), c.say("all four")}, {roster.PresenceOnly.String(), c.say("presence only")},
				{roster.Separate.String(), c.say("presence and attributes apart")}, {roster.Combined.String(), c.say("both in one")}}},
			{name: fieldDelivery, kind: data.TypeText, label: c.say("Tell of changes: immediate, or every … milliseconds"), values: []string{roster.FormatDelivery(s.Delivery)}},
		},
	}
}

// joinRules are the ways into a group.
func (c *call) joinRules() []option {
	return []option{
		{roster.Invite.String(), c.say("who is invited")},
		{roster.Approve.String(), c.say("who an admin approves")},
		{roster.Open.String(), c.say("who wants to")},
	}
}

// classes are whom a group policy can speak of here: everybody, members, and
// the roles that somebody has or the policy names.
func (c *call) classes(rec *roster.GroupRecord, g *policy.Group) []option {
	all := []option{{policy.Who{Class: policy.Members}.String(), c.say("Members")}, {anyone, c.say("Everybody")}}
	var roles []string
	for _, m := range rec.Members {
		roles = append(roles, m.Roles...)
	}
	for _, w := range append(slices.Clone(g.Watch), g.Basic) {
		if w.Class == policy.Role {
			roles = append(roles, w.Name)
		}
	}
	slices.Sort(roles)
	for _, r := range slices.Compact(roles) {
		w := policy.Who{Class: policy.Role, Name: r}
		all = append(all, option{w.String(), c.whom(w)})
	}
	return all
}

func className(w policy.Who) string {
	if w.Class == policy.Everyone {
		return anyone
	}
	return w.String()
}

// attributeField lets attributes be chosen.
func (c *call) attributeField(name, label string, m policy.Mask) field {
	f := field{name: name, kind: data.TypeListMulti, label: label, values: strings.Fields(m.String())}
	for _, a := range attributeNames {
		f.options = append(f.options, option{a.word, c.say(a.label)})
	}
	return f
}

// one is a field's value; "" is none.
func one(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// configure puts in in force, all of it or nothing.
func (c *call) configure(ctx context.Context, in values) error {
	return c.group.Edit(ctx, c.bare, func(s *roster.Settings) error {
		s.Title, s.Description, s.Language = in.one(fieldName), strings.Join(in[fieldDescription], "\n"), in.one(fieldLanguage)
		s.Listed = in.is(fieldListed)
		var err error
		if s.Payload, err = roster.ParsePayload(in.one(fieldPayload)); err != nil {
			return &fieldError{fieldPayload, c.because(err)}
		}
		if s.Join, err = roster.ParseJoin(in.one(fieldJoin)); err != nil {
			return &fieldError{fieldJoin, c.because(err)}
		}
		s.Aggregate = in.one(fieldAggregate)
		if s.Delivery, err = roster.ParseDelivery(in.one(fieldDelivery)); err != nil {
			return &fieldError{fieldDelivery, c.say("This is neither immediate nor a number.")}
		}
		if s.Attributes, err = c.freeAttributes(in[fieldFree]); err != nil {
			return err
		}
		s.Policy, err = c.groupPolicy(in)
		return err
	})
}

func (c *call) freeAttributes(all []string) (out []roster.Attribute, err error) {
	for _, l := range all {
		if strings.TrimSpace(l) == "" {
			continue
		}
		name, value, ok := strings.Cut(l, "=")
		if !ok {
			return nil, &fieldError{fieldFree, c.say("“%s” is not written like phone=123.", shorten(l, 40))}
		}
		out = append(out, roster.Attribute{Name: strings.TrimSpace(name), Value: strings.TrimSpace(value)})
	}
	slices.SortFunc(out, func(a, b roster.Attribute) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// groupPolicy is the text form of the group policy that in asks for.
func (c *call) groupPolicy(in values) (string, error) {
	var b strings.Builder
	if len(in[fieldWatch])+len(words(in[fieldWatchList])) == 0 {
		return "", &fieldError{fieldWatch, c.say("Something must stand here.")}
	}
	for _, w := range in[fieldWatch] {
		b.WriteString("watch " + w + "\n")
	}
	for _, l := range words(in[fieldWatchList]) {
		if !strings.Contains(l, ":") {
			l = addressOrDomain(l)
		}
		b.WriteString("watch " + l + "\n")
	}
	b.WriteString("basic " + in.one(fieldBasic) + "\n")
	for _, l := range words(in[fieldCollectFrom]) {
		if strings.Contains(l, "@") && !strings.Contains(l, ":") {
			l = "jid:" + l
		}
		b.WriteString("collect-from " + l + "\n")
	}
	collect := "nothing"
	if len(in[fieldCollect]) > 0 {
		collect = strings.Join(in[fieldCollect], " ")
	}
	b.WriteString("collect " + collect + "\n")
	if len(in[fieldRequire]) > 0 {
		b.WriteString("require " + strings.Join(in[fieldRequire], " ") + "\n")
	}
	rules := 0
	for _, l := range in[fieldDefault] {
		if strings.TrimSpace(l) != "" {
			rules++
			b.WriteString("default " + l + "\n")
		}
	}
	if rules == 0 {
		b.WriteString("default nothing\n")
	}
	g, err := policy.ParseGroup(b.String())
	var bad *policy.LineError
	switch {
	case errors.As(err, &bad):
		return "", c.policyLine(b.String(), in, bad)
	case err != nil:
		return "", &fieldError{"", c.because(err)}
	}
	return g.String(), nil
}

// policyLine says what is wrong with a line of the group policy, by the field
// that it comes from.
func (c *call) policyLine(text string, in values, bad *policy.LineError) error {
	all := strings.Split(text, "\n")
	if bad.Line < 1 || bad.Line > len(all) {
		return &fieldError{"", c.lang.because(bad.Reason)}
	}
	word, rest, _ := strings.Cut(all[bad.Line-1], " ")
	switch {
	case word == "default":
		word = fieldDefault
	case word == fieldWatch && !slices.Contains(in[fieldWatch], rest):
		word = fieldWatchList
	}
	return &fieldError{word, c.lang.because(bad.Reason)}
}

func addressOrDomain(s string) string {
	if strings.Contains(s, "@") {
		return "jid:" + s
	}
	return "domain:" + s
}
