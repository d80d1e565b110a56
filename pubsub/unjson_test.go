package pubsub_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/internal/model"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/watch"
)

// What JSON says of an event, field by field. What is not here may not be there.
type (
	jsonState struct {
		Info *struct {
			Name, Lang, Description string
			Attributes              []roster.Attribute
		}
		Summary  *roster.Summary
		Members  []jsonMember
		From, To string
		Full     bool
		Part     string
		Delivery int
	}
	jsonMember struct {
		JID          string
		Gone         bool
		Nick         string
		Roles        []string
		Attributes   []roster.Attribute
		Show         *string
		Status       string
		Statuses     []struct{ Lang, Text string }
		Devices      []jsonDevice
		Connection   string
		Capabilities *jsonCan
		Idle         string
		Payloads     []jsonElement
		Languages    []string
		Interests    []watch.Interest
		Timezone     string
		Willing      []struct {
			App    string
			Value  bool
			Until  time.Time
			Source string
		}
		Reported []struct {
			Of, Source string
			Until      time.Time
		}
	}
	jsonDevice struct {
		Name, Show, Connection string
		Capabilities           *jsonCan
	}
	jsonCan     struct{ Can, Identities []string }
	jsonElement struct {
		Name, NS string
		Attrs    map[string]string
		Text     string
		Children []jsonElement
	}
)

var jsonItem = regexp.MustCompile(`(?s)<item id='json'><json xmlns='urn:xmpp:json:0'>([^<]*)</json></item></items>`)

// inXML is a stanza with the items, and the state, that it has as JSON in XML:
// the proof that JSON says the same, and nothing beside. Others it leaves alone.
func inXML(raw string) (string, error) {
	at := jsonItem.FindStringSubmatchIndex(raw)
	if at == nil {
		return raw, nil
	}
	d := json.NewDecoder(bytes.NewReader(frame.Unescape(nil, []byte(raw[at[2]:at[3]]))))
	d.DisallowUnknownFields()
	var s jsonState
	if err := d.Decode(&s); err != nil {
		return "", fmt.Errorf("%w in %s", err, raw)
	}
	if _, err := d.Token(); err != io.EOF {
		return "", fmt.Errorf("something behind the object: %s", raw)
	}
	items, rest := s.items(strings.HasPrefix(raw, "<iq")), raw[at[1]:]
	end := "</event>"
	if strings.HasPrefix(raw, "<iq") {
		end = "</pubsub>"
		return raw[:at[0]] + items + "</items>" + strings.Replace(rest, end, s.state()+end, 1), nil
	}
	return raw[:at[0]] + items + "</items>" + strings.Replace(rest, end, end+s.state(), 1), nil
}

func (s *jsonState) state() (x string) {
	if s.To == "" {
		return ""
	}
	x = "<state xmlns='" + ns + "'"
	if s.From != "" {
		x += " from='" + s.From + "'"
	}
	x += " to='" + s.To + "'"
	if s.Full {
		x += " full='true'"
	}
	if s.Part != "" {
		x += " part='" + s.Part + "'"
	}
	if s.Delivery > 0 {
		x += fmt.Sprintf(" delivery='%d'", s.Delivery)
	}
	return x + "/>"
}

func (s *jsonState) items(answer bool) string {
	r := &pubsub.Renderer{Domain: domain}
	var b []byte
	if i := s.Info; i != nil {
		b = r.Info(b, &roster.Settings{Title: i.Name, Language: i.Lang, Description: i.Description, Attributes: i.Attributes}, "", true)
	}
	if s.Summary != nil {
		b = r.Summary(b, *s.Summary)
	}
	for i := range s.Members {
		m := &s.Members[i]
		switch {
		case m.Gone && answer:
			b = r.AnswerGone(b, m.JID)
		case m.Gone:
			b = r.Gone(b, m.JID)
		case m.Show == nil:
			b = r.Member(b, roster.NodeMembers, m.item())
		default:
			b = r.Member(b, roster.NodeGroup, m.item())
		}
	}
	return string(b)
}

func (m *jsonMember) item() *roster.Item {
	it := &roster.Item{JID: m.JID, Nick: m.Nick, Roles: m.Roles, Attributes: m.Attributes, Status: m.Status, Idle: m.Idle, Connection: m.Connection, Can: m.Capabilities.can()}
	if m.Show != nil {
		it.Show = showOf(*m.Show)
	}
	if len(m.Statuses) > 0 && m.Statuses[0].Text != m.Status {
		it.Status = "not the first of several"
	}
	for _, s := range m.Statuses {
		it.Languages = string(roster.AppendStatus([]byte(it.Languages), s.Lang, []byte(s.Text)))
	}
	for _, d := range m.Devices {
		one := roster.Device{Name: d.Name, Connection: d.Connection, Can: d.Capabilities.can()}
		if d.Show != "" {
			one.Show = showOf(d.Show)
		}
		it.Devices = append(it.Devices, one)
	}
	it.Published = published(m.elements()...)
	for _, w := range m.Willing {
		it.Willing = append(it.Willing, roster.Willing{App: w.App, No: !w.Value, Until: w.Until, Source: w.Source})
	}
	for _, x := range m.Reported {
		by := &roster.Source{Bot: x.Source, Until: x.Until}
		for of := range strings.FieldsSeq(x.Of) {
			if of == "status" {
				it.StatusBy = by
			} else {
				it.ActivityBy = by
			}
		}
	}
	return it
}

// elements are what he publishes.
func (m *jsonMember) elements() (all []string) {
	for i := range m.Payloads {
		all = append(all, m.Payloads[i].xml(""))
	}
	if len(m.Languages) > 0 {
		all = append(all, "<language>"+strings.Join(m.Languages, " ")+"</language>")
	}
	if m.Timezone != "" {
		all = append(all, "<timezone>"+m.Timezone+"</timezone>")
	}
	if len(m.Interests) > 0 {
		list := jsonElement{Name: "interests", NS: ns}
		for _, x := range m.Interests {
			one := jsonElement{Name: "interest", Attrs: map[string]string{"kind": x.Kind}, Text: x.Text}
			if x.Level != "" {
				one.Attrs["level"] = x.Level
			}
			list.Children = append(list.Children, one)
		}
		all = append(all, list.xml(""))
	}
	return all
}

func showOf(s string) roster.Show {
	for _, show := range []roster.Show{roster.Chat, roster.Away, roster.XA, roster.DND} {
		if s == show.String() {
			return show
		}
	}
	if s == "available" {
		return roster.Online
	}
	return roster.Offline
}

func (c *jsonCan) can() *roster.Capabilities {
	if c == nil {
		return nil
	}
	out := &roster.Capabilities{}
	for i, ability := range []string{"audio", "video", "files", "omemo"} {
		if slices.Contains(c.Can, ability) {
			out.Able |= 1 << i
		}
	}
	for _, id := range c.Identities {
		category, typ, _ := strings.Cut(id, "/")
		out.Identities = append(out.Identities, roster.Identity{Category: category, Type: typ})
	}
	return out
}

// xml is the element, as short as it can be; what is in our namespace says so
// where it stands.
func (e *jsonElement) xml(around string) string {
	s := "<" + e.Name
	if e.NS != around && e.NS != ns {
		s += " xmlns='" + e.NS + "'"
	}
	for _, name := range slices.Sorted(maps.Keys(e.Attrs)) {
		s += " " + name + "='" + model.Attr(e.Attrs[name]) + "'"
	}
	if e.Text == "" && len(e.Children) == 0 {
		return s + "/>"
	}
	s += ">" + model.Text(e.Text)
	for i := range e.Children {
		s += e.Children[i].xml("")
	}
	return s + "</" + e.Name + ">"
}
