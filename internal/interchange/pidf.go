package interchange

import (
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"github.com/rollcall-xmpp/rollcall/watch"
)

const nsRPID = "urn:ietf:params:xml:ns:pidf:rpid"

// The elements, in the order that their schemas ask for.
type (
	presence struct {
		XMLName xml.Name `xml:"urn:ietf:params:xml:ns:pidf presence"`
		Entity  string   `xml:"entity,attr"`
		Tuples  []tuple  `xml:"tuple"`
		Person  *person
	}
	tuple struct {
		ID      string `xml:"id,attr"`
		Basic   string `xml:"status>basic"` // open, closed
		Show    *show  `xml:"status>show"`
		Contact string `xml:"contact,omitempty"`
	}
	show struct {
		XMLName xml.Name `xml:"jabber:client show"`
		Text    string   `xml:",chardata"`
	}
	person struct {
		XMLName    xml.Name `xml:"urn:ietf:params:xml:ns:pidf:data-model person"`
		ID         string   `xml:"id,attr"`
		Activities *activities
		Mood       *mood
		UserInput  *userInput
		Notes      []note `xml:"urn:ietf:params:xml:ns:pidf:data-model note"`
	}
	note struct {
		Lang string `xml:"http://www.w3.org/XML/1998/namespace lang,attr,omitempty"`
		Text string `xml:",chardata"`
	}
	activities struct {
		XMLName xml.Name `xml:"urn:ietf:params:xml:ns:pidf:rpid activities"`
		Away    *empty   `xml:"away"`
		Busy    *empty   `xml:"busy"`
	}
	mood struct {
		XMLName xml.Name `xml:"urn:ietf:params:xml:ns:pidf:rpid mood"`
		Words   []word
	}
	userInput struct {
		XMLName xml.Name `xml:"urn:ietf:params:xml:ns:pidf:rpid user-input"`
		Last    string   `xml:"last-input,attr"`
		Text    string   `xml:",chardata"`
	}
	word  struct{ XMLName xml.Name }
	empty struct{}
)

// PIDF is a member as a PIDF document.
func PIDF(m *watch.Member) ([]byte, error) {
	return document(&presence{Entity: presURI(m.JID), Tuples: tuples(m), Person: personOf(m)})
}

// AppendPIDF appends the same without the XML declaration and on one line: for
// what stands inside of something else.
func AppendPIDF(b []byte, m *watch.Member) []byte {
	text, err := xml.Marshal(&presence{Entity: presURI(m.JID), Tuples: tuples(m), Person: personOf(m)})
	if err != nil { // there is nothing in it that could not be written
		text, _ = xml.Marshal(&presence{Entity: presURI(m.JID), Tuples: []tuple{{ID: "all", Basic: "closed"}}})
	}
	return append(b, text...)
}

func document(v any) ([]byte, error) {
	text, err := xml.MarshalIndent(v, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write document: %w", err)
	}
	return append([]byte(xml.Header), append(text, '\n')...), nil
}

func tuples(m *watch.Member) (list []tuple) {
	if m.Show == watch.Offline {
		return []tuple{{ID: "all", Basic: "closed"}}
	}
	for _, d := range m.Devices {
		if d.Connection != "off" {
			list = append(list, tuple{"ID-" + identifier(d.Name), "open", showOf(d.Show), xmppURI(m.JID, d.Name)})
		}
	}
	if list == nil {
		list = []tuple{{ID: "all", Basic: "open", Show: showOf(m.Show)}}
	}
	return list
}

// showOf is <show/> inside <status/> (RFC 8048 §5.2); available has none.
func showOf(s watch.Show) *show {
	if s == watch.Available {
		return nil
	}
	return &show{Text: string(s)}
}

// personOf is the combined state of the person; nil if nothing is to be said.
func personOf(m *watch.Member) *person {
	p := &person{ID: "person"}
	for _, t := range m.Statuses {
		p.Notes = append(p.Notes, note{t.Lang, t.Text})
	}
	if m.Status != "" && len(m.Statuses) == 0 {
		text := m.Status
		if by := m.Source("status"); by != "" {
			text += " (" + by + ")"
		}
		p.Notes = []note{{"", text}}
	}
	if m.Show == watch.Offline {
		return nil
	}
	switch m.Show {
	case watch.Away, watch.XA:
		p.Activities = &activities{Away: &empty{}}
	case watch.DND:
		p.Activities = &activities{Busy: &empty{}}
	}
	p.Mood = moodOf(m)
	if !m.Idle.IsZero() {
		p.UserInput = &userInput{Last: m.Idle.UTC().Format(time.RFC3339), Text: "idle"}
	}
	if p.Activities == nil && p.Mood == nil && p.UserInput == nil && p.Notes == nil {
		return nil
	}
	return p
}

// moodOf is the mood of XEP-0107, whose words are those of RFC 4480 §3.8 but
// for some that are newer.
func moodOf(m *watch.Member) *mood {
	for _, p := range m.Payloads {
		if p.XMLName != (xml.Name{Space: "http://jabber.org/protocol/mood", Local: "mood"}) {
			continue
		}
		for _, w := range p.Children {
			if strings.Contains(moods, " "+w.XMLName.Local+" ") {
				return &mood{Words: []word{{xml.Name{Space: nsRPID, Local: w.XMLName.Local}}}}
			}
		}
	}
	return nil
}

// moods are the words of RFC 4480 §3.8.
const moods = " afraid amazed angry annoyed anxious ashamed bored brave calm cold confused contented cranky curious depressed disappointed " +
	"disgusted distracted embarrassed excited flirtatious frustrated grumpy guilty happy hot humbled humiliated hungry hurt impressed " +
	"in_awe in_love indignant interested invincible jealous lonely mean moody nervous neutral offended playful proud relieved remorseful " +
	"restless sad sarcastic serious shocked shy sick sleepy stressed surprised thirsty worried "

// identifier is s as a part of an XML name, different for different ones.
func identifier(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '.' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "_%02x", c)
		}
	}
	return b.String()
}
