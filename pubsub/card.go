package pubsub

import (
	"cmp"
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/avatar"
	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// card is what a group, or the service, says of itself to one asker.
type card struct {
	address     string // bare JID
	kind        string // of vCard4 (RFC 6350 §6.1.4)
	name        string
	description string
	language    string
	attributes  []roster.Attribute
	picture     []byte
}

// cardOf is the card of a group: d has only what the asker may know.
func (s *Service) cardOf(d *roster.Description) *card {
	c := &card{address: d.Name + "@" + s.Domain, kind: "group", name: d.People(), description: d.Description,
		language: d.Language, attributes: d.Attributes}
	c.picture = picture(c.address, c.name, d.Avatar)
	return c
}

// card is that of the service itself.
func (s *Service) card() *card {
	return &card{address: s.Domain, kind: "application", name: s.Title, picture: avatar.Default(s.Domain, s.Title)}
}

func picture(address, name, given string) []byte {
	if given != "" {
		return []byte(given)
	}
	return avatar.Default(address, name)
}

// Badge implements [roster.Renderer]: XEP-0153 §4.1.
func (r *Renderer) Badge(b []byte, s *roster.Settings, name string, basic bool) []byte {
	given := ""
	if basic {
		given = s.Avatar
	}
	b = append(b, "<x xmlns='"+NSUpdate+"'><photo>"...)
	b = append(b, avatar.Hash(picture(r.bare(name), cmp.Or(s.Title, name), given))...)
	return append(b, "</photo></x>"...)
}

// cardField is where a group's attribute stands in a vCard. Attributes are
// named freely; these names mean what a vCard has a field for.
type cardField struct {
	attributes []string // by any of these names
	four       string   // element of vCard4
	value      string   // and that of its value
	temp       func(b []byte, value string) []byte
}

func within(outer, inner string) func([]byte, string) []byte {
	return func(b []byte, value string) []byte {
		b = append(append(append(b, '<'), outer...), '>')
		b = element(b, inner, value)
		return append(append(append(b, "</"...), outer...), '>')
	}
}

func cardFields() []cardField {
	return []cardField{
		{[]string{"url", "website", "web", "homepage"}, "url", "uri",
			func(b []byte, value string) []byte { return element(b, "URL", value) }},
		{[]string{"phone", "tel", "telephone"}, "tel", "text", within("TEL", "NUMBER")},
		{[]string{"email", "mail", "e-mail"}, "email", "text", within("EMAIL", "USERID")},
		{[]string{"org", "organization", "organisation"}, "org", "text", within("ORG", "ORGNAME")},
		{[]string{"timezone", "tz"}, "tz", "text",
			func(b []byte, value string) []byte { return element(b, "TZ", value) }},
	}
}

// each calls f for the attributes that a vCard has a field for.
func (c *card) each(f func(field cardField, value string)) {
	for _, field := range cardFields() {
		for _, a := range c.attributes {
			for _, name := range field.attributes {
				if a.Value != "" && strings.EqualFold(a.Name, name) {
					f(field, a.Value)
				}
			}
		}
	}
}

// appendFour appends the card as a vCard4 (XEP-0292, RFC 6351). The picture is
// an avatar (XEP-0084), as that XEP wants.
func (c *card) appendFour(b []byte) []byte {
	text := func(name, inner, value string) {
		if value == "" {
			return
		}
		b = append(append(append(b, '<'), name...), '>')
		b = element(b, inner, value)
		b = append(append(append(b, "</"...), name...), '>')
	}
	b = append(b, "<vcard xmlns='"+nsVCard4+"'>"...)
	text("kind", "text", c.kind)
	text("fn", "text", c.name)
	text("nickname", "text", c.name)
	text("note", "text", c.description)
	text("lang", "language-tag", c.language)
	text("impp", "uri", "xmpp:"+c.address)
	c.each(func(f cardField, value string) { text(f.four, f.value, value) })
	return append(b, "</vcard>"...)
}

// appendNick appends XEP-0172.
func (c *card) appendNick(b []byte) []byte { return AppendNick(b, c.name) }

// AppendNick appends the name by which an entity wants to be called
// (XEP-0172 §3).
func AppendNick(b []byte, name string) []byte {
	b = frame.AppendText(append(b, "<nick xmlns='"+NSNick+"'>"...), name)
	return append(b, "</nick>"...)
}
