package command

import (
	"slices"
	"strings"

	data "mellium.im/xmpp/form"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// readFields reads a line such as "configure listed yes": the name of one
// field of f, and its value.
func (c *call) readFields(f *form, l *line) (values, error) {
	name := fold(l.words[0])
	x := f.field(name)
	if x == nil {
		var all []string
		for i := range f.fields {
			all = append(all, f.fields[i].name)
		}
		return nil, &fieldError{shorten(l.words[0], 40), c.say("There is no such setting. There are: %s.", strings.Join(all, ", "))}
	}
	v := l.words[1:]
	if len(v) > 0 && isOneOf(v[0], "to", "is", "auf", "=") && len(v) > 1 {
		v = v[1:]
	}
	text := strings.Join(v, " ")
	if l.more != "" {
		text = strings.TrimSpace(text + "\n" + l.more)
	}
	switch x.kind {
	case data.TypeBoolean:
		switch {
		case isOneOf(text, "yes", "ja", "on", "an", "true", "1"):
			return values{x.name: boolean(true)}, nil
		case isOneOf(text, "no", "nein", "off", "aus", "false", "0"):
			return values{x.name: boolean(false)}, nil
		}
	case data.TypeListMulti, data.TypeList:
		if isOneOf(text, "nothing", "none", "nichts", "") {
			return values{x.name: {}}, nil
		}
		if isOneOf(text, "everything", "all", "alles") && x.option("availability") {
			return values{x.name: strings.Fields(policy.All.String())}, nil
		}
		for i := range v {
			v[i] = strings.ToLower(v[i])
		}
		return values{x.name: v}, nil
	}
	if isOneOf(text, "nothing", "none", "nichts") && x.kind != data.TypeText {
		return values{x.name: {}}, nil
	}
	return values{x.name: {text}}, nil
}

func (f *field) option(value string) bool {
	return slices.ContainsFunc(f.options, func(o option) bool { return o.value == value })
}

// tellFields tells what a form has, as people would read it.
func (c *call) tellFields(title string, f *form) *answer {
	a := &answer{title: title}
	for _, x := range f.fields {
		if x.kind == data.TypeHidden || len(x.values) == 0 {
			continue
		}
		switch {
		case x.kind == data.TypeBoolean:
			x.kind, x.values = data.TypeText, []string{c.yes(values{"": x.values}.is(""))}
		case x.option("availability"):
			m, err := policy.ParseMask(strings.Join(x.values, " "))
			if err != nil {
				continue
			}
			x.kind, x.values = data.TypeText, []string{c.attributes(m)}
		case len(x.options) > 0:
			x.kind, x.values = data.TypeText, []string{strings.Join(x.labels(), ", ")}
		}
		x.options, x.required, x.desc = nil, false, ""
		a.fields = append(a.fields, x)
	}
	return a
}

func (c *call) yes(b bool) string {
	if b {
		return c.say("yes")
	}
	return c.say("no")
}

// labels are the values of a list as people read them.
func (f *field) labels() (all []string) {
	for _, v := range f.values {
		if i := slices.IndexFunc(f.options, func(o option) bool { return o.value == v }); i >= 0 {
			v = f.options[i].label
		}
		all = append(all, v)
	}
	return all
}
