package watch

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	ns       = "urn:xmpp:tmp:group-presence:0"
	nsPubSub = "http://jabber.org/protocol/pubsub"
	nsRSM    = "http://jabber.org/protocol/rsm"
)

// The forms on the wire. What is unknown is ignored.
type (
	wireMessage struct {
		From  string     `xml:"from,attr"`
		Event *wireEvent `xml:"http://jabber.org/protocol/pubsub#event event"`
		State *wireState `xml:"urn:xmpp:tmp:group-presence:0 state"`
	}
	wireEvent struct {
		Items        *wireItems        `xml:"items"`
		Subscription *wireSubscription `xml:"subscription"`
		Delete       *wireNode         `xml:"delete"`
		Purge        *wireNode         `xml:"purge"`
	}
	wireNode struct {
		Node string `xml:"node,attr"`
	}
	wireItems struct {
		Node    string     `xml:"node,attr"`
		Items   []wireItem `xml:"item"`
		Retract []struct {
			ID string `xml:"id,attr"`
		} `xml:"retract"`
	}
	wireItem struct {
		ID      string      `xml:"id,attr"`
		Member  *wireMember `xml:"urn:xmpp:tmp:group-presence:0 member"`
		Info    *wireInfo   `xml:"urn:xmpp:tmp:group-presence:0 info"`
		Summary *Summary    `xml:"urn:xmpp:tmp:group-presence:0 summary"`
		Gone    *struct{}   `xml:"urn:xmpp:tmp:group-presence:0 gone"`
		JSON    *string     `xml:"urn:xmpp:json:0 json"`

		info *Info // of JSON, instead of those above
		row  *Member
	}
	wireMember struct {
		JID        string          `xml:"jid,attr"`
		Nick       string          `xml:"nick,attr"`
		Roles      string          `xml:"roles,attr"`
		Attributes []wireAttribute `xml:"attribute"`
		Presence   *struct {
			Type   string `xml:"type,attr"`
			Show   string `xml:"show"`
			Status []struct {
				Lang string `xml:"http://www.w3.org/XML/1998/namespace lang,attr"`
				Text string `xml:",chardata"`
			} `xml:"status"`
		} `xml:"presence"` // in jabber:client; components may see it in their own
		Devices []struct {
			Name       string `xml:"name,attr"`
			Show       string `xml:"show,attr"`
			Connection string `xml:"connection,attr"`

			Capabilities *wireCapabilities `xml:"urn:xmpp:tmp:group-presence:0 capabilities"`
		} `xml:"device"`
		Connection *struct {
			State string `xml:"state,attr"`
		} `xml:"urn:xmpp:tmp:group-presence:0 connection"`
		Capabilities *wireCapabilities `xml:"urn:xmpp:tmp:group-presence:0 capabilities"`

		Idle *struct {
			Since string `xml:"since,attr"`
		} `xml:"urn:xmpp:idle:1 idle"`
		Willing []struct {
			App   string `xml:"app,attr"`
			Value string `xml:"value,attr"`
			Until string `xml:"until,attr"`
			By    string `xml:"source,attr"`
		} `xml:"urn:xmpp:tmp:group-presence:0 willing"`
		Reported []struct {
			Of    string `xml:"of,attr"`
			By    string `xml:"source,attr"`
			Until string `xml:"until,attr"`
		} `xml:"urn:xmpp:tmp:group-presence:0 reported"`
		Languages string `xml:"urn:xmpp:tmp:group-presence:0 language"`
		Timezone  string `xml:"urn:xmpp:tmp:group-presence:0 timezone"`
		Interests []struct {
			Kind  string `xml:"kind,attr"`
			Level string `xml:"level,attr"`
			Text  string `xml:",chardata"`
		} `xml:"urn:xmpp:tmp:group-presence:0 interests>interest"`
		Payloads []Payload `xml:",any"`
	}
	wireCapabilities struct {
		Can        string `xml:"can,attr"`
		Identities []struct {
			Category string `xml:"category,attr"`
			Type     string `xml:"type,attr"`
		} `xml:"identity"`
	}
	wireAttribute struct {
		Name  string `xml:"name,attr"`
		Value string `xml:",chardata"`
	}
	wireInfo struct {
		Name        string          `xml:"name"`
		Description string          `xml:"description"`
		Attributes  []wireAttribute `xml:"attribute"`
	}
	wireState struct {
		From string `xml:"from,attr"`
		To   string `xml:"to,attr"`
		Full bool   `xml:"full,attr"`
		Part string `xml:"part,attr"` // 2/9, "" = 1/1
	}
	wireAnswer struct {
		From  string `xml:"from,attr"`
		Type  string `xml:"type,attr"`
		Error *struct {
			Type       string                       `xml:"type,attr"`
			Text       string                       `xml:"text"`
			Conditions []struct{ XMLName xml.Name } `xml:",any"`
		} `xml:"error"`
		PubSub *struct {
			Items         wireItems          `xml:"items"`
			Subscription  *wireSubscription  `xml:"subscription"`
			Subscriptions []wireSubscription `xml:"subscriptions>subscription"`
			State         *wireState         `xml:"urn:xmpp:tmp:group-presence:0 state"`
			Set           *struct {
				First struct {
					Index int `xml:"index,attr"`
				} `xml:"first"`
				Last  string `xml:"last"`
				Count int    `xml:"count"`
			} `xml:"http://jabber.org/protocol/rsm set"`
		} `xml:"http://jabber.org/protocol/pubsub pubsub"`
	}
)

// parts reads the place of an event among those of its state.
func (s *wireState) parts() (part, of int, err error) {
	if s == nil || s.Part == "" {
		return 1, 1, nil
	}
	a, b, _ := strings.Cut(s.Part, "/")
	part, err = strconv.Atoi(a)
	if err == nil {
		of, err = strconv.Atoi(b)
	}
	if err == nil && (part < 1 || part > of) {
		err = strconv.ErrRange
	}
	if err != nil {
		return 0, 0, fmt.Errorf("read part %q: %w", s.Part, err)
	}
	return part, of, nil
}

func showOf(s string) Show {
	switch show := Show(strings.TrimSpace(s)); show {
	case Chat, Away, XA, DND:
		return show
	}
	return Available
}

func (w *wireMember) member(id string, at time.Time) Member {
	m := Member{JID: id, Nick: w.Nick, Attributes: attributes(w.Attributes), Presence: Presence{Show: Offline}, Changed: at}
	m.Roles = append(m.Roles, strings.Fields(w.Roles)...)
	if p := w.Presence; p != nil {
		m.Known = true
		if p.Type == "" {
			m.Show = showOf(p.Show)
			for i, t := range p.Status {
				if i == 0 {
					m.Status = t.Text
				}
				if len(p.Status) > 1 || t.Lang != "" {
					m.Statuses = append(m.Statuses, Text{t.Lang, t.Text})
				}
			}
		}
	}
	for _, d := range w.Devices {
		m.Devices = append(m.Devices, Device{d.Name, showOf(d.Show), d.Connection, d.Capabilities.capabilities()})
	}
	if w.Connection != nil {
		m.Connection = w.Connection.State
	}
	m.Capabilities = w.Capabilities.capabilities()
	if w.Idle != nil {
		m.Idle, _ = time.Parse(time.RFC3339, w.Idle.Since) // a member's own word: nonsense is no idleness
	}
	for _, x := range w.Willing {
		until, _ := time.Parse(time.RFC3339, x.Until)
		m.Willing = append(m.Willing, Willing{x.App, x.Value != "no", until, x.By})
	}
	for _, x := range w.Reported {
		until, _ := time.Parse(time.RFC3339, x.Until)
		m.Reported = append(m.Reported, Report{x.Of, x.By, until})
	}
	if all := strings.Fields(w.Languages); len(all) > 0 {
		m.Languages = all
	}
	for _, x := range w.Interests {
		m.Interests = append(m.Interests, Interest(x))
	}
	m.Timezone = strings.TrimSpace(w.Timezone)
	m.Payloads = w.Payloads
	return m
}

func (w *wireCapabilities) capabilities() *Capabilities {
	if w == nil {
		return nil
	}
	c := &Capabilities{Can: append([]string(nil), strings.Fields(w.Can)...)} // nil for none
	for _, i := range w.Identities {
		c.Identities = append(c.Identities, i.Category+"/"+i.Type)
	}
	return c
}

func (w *wireInfo) info() Info {
	return Info{w.Name, w.Description, attributes(w.Attributes)}
}

func attributes(list []wireAttribute) (out []Attribute) {
	for _, a := range list {
		out = append(out, Attribute(a))
	}
	return out
}

// refusal is the error that an answer of type error stands for.
func (w *wireAnswer) refusal() error {
	e := &refusedError{}
	if w.Error != nil {
		e.temporary = w.Error.Type == "wait" || w.Error.Type == "auth" // also when the service is away
		for _, c := range w.Error.Conditions {
			e.temporary = e.temporary || slices.Contains(away[:], c.XMLName.Local)
			e.conditions = append(e.conditions, c.XMLName.Local)
		}
		e.text = w.Error.Text
	}
	return e
}

// away are what servers say of a service that is not attached just now, whatever
// type of error they make of it.
var away = [...]string{"remote-server-not-found", "remote-server-timeout", "service-unavailable"}

// refusedError is what an answer of type error says.
type refusedError struct {
	conditions []string
	text       string
	temporary  bool
}

func (e *refusedError) Error() string {
	s := ErrRefused.Error()
	if len(e.conditions) > 0 {
		s += ": " + strings.Join(e.conditions, ", ")
	}
	if e.text != "" {
		s += " (" + e.text + ")"
	}
	return s
}

func (e *refusedError) Unwrap() error { return ErrRefused }
