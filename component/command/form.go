package command

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"

	data "mellium.im/xmpp/form"
)

// form is what a word asks for. All texts are in the caller's language.
type form struct {
	title        string
	instructions string
	fields       []field
}

// field is one thing asked, or one thing told in a result.
type field struct {
	name     string
	kind     data.FieldType
	label    string // the only text that every client shows
	desc     string
	values   []string
	options  []option // of a list
	required bool
}

type option struct{ value, label string }

// values are what was submitted, or said in a chat line, by field.
type values map[string][]string

// one is the value of a field that has one.
func (v values) one(name string) string {
	if len(v[name]) == 0 {
		return ""
	}
	return v[name][0]
}

// is says whether a boolean is set.
func (v values) is(name string) bool { return v.one(name) == "true" }

// fieldError is a value that makes no sense: which field, by name or as people
// call it, and why, in the caller's language.
type fieldError struct{ field, reason string }

func (e *fieldError) Error() string {
	if e.field == "" {
		return e.reason
	}
	return e.field + ": " + e.reason
}

// with is the form with what somebody has typed into it.
func (f *form) with(typed values) *form {
	g := *f
	g.fields = slices.Clone(f.fields)
	for i := range g.fields {
		if v, ok := typed[g.fields[i].name]; ok && g.fields[i].kind != data.TypeFixed {
			g.fields[i].values = v
		}
	}
	return &g
}

func (f *form) field(name string) *field {
	i := slices.IndexFunc(f.fields, func(x field) bool { return x.name == name })
	if i < 0 {
		return nil
	}
	return &f.fields[i]
}

// boolean is the value of a field of that kind.
func boolean(b bool) []string { return []string{fmt.Sprint(b)} }

// appendForm appends a form to be filled in.
func appendForm(b []byte, formType string, f *form) ([]byte, error) {
	all := []data.Field{data.Title(f.title), data.Instructions(paragraph(f.instructions)), data.Hidden("FORM_TYPE", data.Value(formType))}
	return appendData(b, append(all, fields(f.fields)...))
}

// paragraph is a text in one line: of instructions in several, clients show
// the first only (Profanity 0.13, Converse 14).
func paragraph(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines[:len(lines)-1] {
		if line != "" && !strings.ContainsAny(line[len(line)-1:], ".:?!") {
			lines[i] += "."
		}
	}
	return strings.Join(lines, " ")
}

// appendResult appends fields that tell something.
func appendResult(b []byte, title string, told []field) ([]byte, error) {
	return appendData(b, append([]data.Field{data.Result, data.Title(title)}, fields(told)...))
}

func fields(all []field) (out []data.Field) {
	for i := range all {
		f := &all[i]
		var o []data.Option
		if f.label != "" {
			o = append(o, data.Label(f.label))
		}
		if f.desc != "" {
			o = append(o, data.Desc(f.desc))
		}
		if f.required {
			o = append(o, data.Required)
		}
		for _, v := range f.values {
			o = append(o, data.Value(v))
		}
		for _, x := range f.options {
			o = append(o, data.ListItem(x.label, x.value))
		}
		out = append(out, f.data(o))
	}
	return out
}

func (f *field) data(o []data.Option) data.Field {
	switch f.kind {
	case data.TypeBoolean:
		return data.Boolean(f.name, o...)
	case data.TypeFixed:
		return data.Fixed(o...)
	case data.TypeHidden:
		return data.Hidden(f.name, o...)
	case data.TypeJID:
		return data.JID(f.name, o...)
	case data.TypeJIDMulti:
		return data.JIDMulti(f.name, o...)
	case data.TypeList:
		return data.List(f.name, o...)
	case data.TypeListMulti:
		return data.ListMulti(f.name, o...)
	case data.TypeTextMulti:
		return data.TextMulti(f.name, o...)
	}
	return data.Text(f.name, o...)
}

func appendData(b []byte, all []data.Field) ([]byte, error) {
	var buf bytes.Buffer
	e := xml.NewEncoder(&buf)
	if _, err := data.New(all...).WriteXML(e); err != nil {
		return b, fmt.Errorf("write form: %w", err)
	}
	if err := e.Flush(); err != nil {
		return b, fmt.Errorf("write form: %w", err)
	}
	return append(b, buf.Bytes()...), nil
}

// wireForm is a form as it comes back (XEP-0004 §3.2). Submits do not say what
// type a field has.
type wireForm struct {
	Type   string `xml:"type,attr"`
	Fields []struct {
		Var    string   `xml:"var,attr"`
		Values []string `xml:"value"`
	} `xml:"field"`
}

// Bounds of what is submitted; a longer command is not even looked into.
const (
	maxCommand = 128 << 10 // bytes of the whole element
	maxFields  = 100
	maxValues  = 4096 // of all fields together
)

// submitted reads what came back for the form of that type. ok is false for
// what no client of ours would send: too much, or the form of something else.
func (f *wireForm) submitted(formType string) (v values, ok bool) {
	if len(f.Fields) > maxFields {
		return nil, false
	}
	v, n := values{}, 0
	for _, x := range f.Fields {
		if n += len(x.Values); n > maxValues {
			return nil, false
		}
		if x.Var == "FORM_TYPE" {
			if len(x.Values) != 1 || x.Values[0] != formType {
				return nil, false
			}
			continue
		}
		if _, twice := v[x.Var]; twice {
			return nil, false
		}
		v[x.Var] = append([]string{}, x.Values...) // not nil: it was there
	}
	return v, true
}
