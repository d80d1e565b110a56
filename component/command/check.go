package command

import (
	"slices"
	"strings"
	"unicode/utf8"

	data "mellium.im/xmpp/form"
	"mellium.im/xmpp/jid"
)

// check brings what was typed into the one form that words read, and says what
// is wrong with it. What is not there stays as the form had it; what the form
// does not ask for is left out.
func (c *call) check(f *form, typed values) (values, *fieldError) {
	in := values{}
	for i := range f.fields {
		x := &f.fields[i]
		if x.kind == data.TypeFixed {
			continue
		}
		v, there := typed[x.name]
		if !there {
			in[x.name] = x.values
			continue
		}
		v, reason := c.value(x, v)
		if reason == "" && x.required && len(v) == 0 {
			reason = c.say("Something must stand here.")
		}
		if reason != "" {
			return nil, &fieldError{x.called(), reason}
		}
		in[x.name] = v
	}
	return in, nil
}

func (x *field) called() string {
	if x.label != "" {
		return x.label
	}
	return x.name
}

// value reads the values of one field.
func (c *call) value(x *field, v []string) (out []string, wrong string) {
	switch x.kind {
	case data.TypeBoolean:
		switch strings.ToLower(strings.TrimSpace(strings.Join(v, " "))) {
		case "1", "true":
			return boolean(true), ""
		case "0", "false", "":
			return boolean(false), ""
		}
		return nil, c.say("This is neither yes nor no.")
	case data.TypeList, data.TypeListMulti:
		for _, w := range words(v) {
			if !slices.ContainsFunc(x.options, func(o option) bool { return o.value == w }) {
				return nil, c.say("“%s” is not one of the choices.", shorten(w, 40))
			}
			out = append(out, w)
		}
		if x.kind == data.TypeList && len(out) > 1 {
			return nil, c.say("Only one of these can be chosen.")
		}
		return out, ""
	case data.TypeJID, data.TypeJIDMulti:
		for _, w := range words(v) {
			j, ok := bareJID(w)
			if !ok {
				return nil, c.say("“%s” is not an address like user@example.org.", shorten(w, 40))
			}
			out = append(out, j)
		}
		if x.kind == data.TypeJID && len(out) > 1 {
			return nil, c.say("Only one of these can be chosen.")
		}
		return out, ""
	case data.TypeTextMulti:
		return lines(v), ""
	}
	s := strings.TrimSpace(strings.Join(v, " "))
	if s == "" {
		return nil, ""
	}
	return []string{strings.Join(strings.Fields(s), " ")}, ""
}

// words are the values of a list; some clients put several into one, and
// people put commas between them.
func words(v []string) []string {
	return strings.FieldsFunc(strings.Join(v, " "), func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == ',' || r == ';' })
}

// lines are those of a text, one a value or all in one.
func lines(v []string) []string {
	all := strings.Split(strings.ReplaceAll(strings.Join(v, "\n"), "\r", ""), "\n")
	for len(all) > 0 && strings.TrimSpace(all[len(all)-1]) == "" {
		all = all[:len(all)-1]
	}
	return all
}

// bareJID reads an address that people have typed, as servers would stamp it.
func bareJID(s string) (string, bool) {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "xmpp:"), "jid:")
	j, err := jid.Parse(s)
	if err != nil || j.Localpart() == "" || j.Resourcepart() != "" {
		return "", false
	}
	return j.String(), true
}

// shorten cuts s to at most n characters.
func shorten(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	r := []rune(s)
	return string(r[:n-1]) + "…"
}

// localpart reads the name of a group at domain, as servers would stamp it.
func localpart(s, domain string) (string, bool) {
	j, err := jid.New(strings.TrimSuffix(s, "@"+domain), domain, "")
	if err != nil || j.Localpart() == "" {
		return "", false
	}
	return j.Localpart(), true
}

func joinLines(all []string) string { return strings.Join(all, "\n") }
