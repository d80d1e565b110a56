package watch

import (
	"encoding/xml"
	"reflect"
	"slices"
	"strings"
	"time"
)

// The nodes of a group that tell of its members (docs/protocol.md).
const (
	NodeInfo     = ns + "#info"
	NodeMembers  = ns + "#members"
	NodePresence = ns + "#presence"
	NodeGroup    = ns + "#group"
)

// Show is how available somebody is, in the words of RFC 6121 §4.7.2.1, with
// words of our own where it has none.
type Show string

// The shows.
const (
	Offline   Show = "offline" // type='unavailable'
	Available Show = "available"
	Chat      Show = "chat"
	Away      Show = "away"
	XA        Show = "xa"
	DND       Show = "dnd"
)

// Member is one row. On NodeMembers its presence says nothing, on
// NodePresence its basic information is empty.
type Member struct {
	JID        string      `json:"jid"` // bare
	Nick       string      `json:"nick,omitempty"`
	Roles      []string    `json:"roles,omitempty"`
	Attributes []Attribute `json:"attributes,omitempty"` // in the order of the item
	Presence

	// Changed is when the row last looked different, by the reader's clock.
	Changed time.Time `json:"-"`
}

// Presence is a member's one combined state. Who is offline, and who looks so,
// has no more than that.
type Presence struct {
	Known    bool      `json:"-"`    // whether the item had a presence at all
	Show     Show      `json:"show"` // Offline if it had none
	Status   string    `json:"status,omitempty"`
	Statuses []Text    `json:"statuses,omitempty"` // the status in several languages, Status among them
	Idle     time.Time `json:"idle,omitzero"`      // since when, zero = not idle (XEP-0319)
	Devices  []Device  `json:"devices,omitempty"`

	// Of all devices together, for who sees no devices: see [Presence.Reach] and
	// [Presence.Able].
	Connection   string        `json:"connection,omitempty"`
	Capabilities *Capabilities `json:"capabilities,omitempty"`

	Willing  []Willing `json:"willing,omitempty"`
	Reported []Report  `json:"reported,omitempty"`

	// What he says of himself in his vCard, most preferred first, and what time it
	// is where he is: an offset from UTC such as +02:00, or Z.
	Languages []string   `json:"languages,omitempty"` // BCP 47
	Interests []Interest `json:"interests,omitempty"`
	Timezone  string     `json:"timezone,omitempty"`

	Payloads []Payload `json:"payloads,omitempty"` // moods, activities and whatever else this package does not know
}

// Attribute is a free attribute of a group or a member.
type Attribute struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Device is one device of a member.
type Device struct {
	Name       string `json:"name"`
	Show       Show   `json:"show"`                 // Available if it has none
	Connection string `json:"connection,omitempty"` // on, interrupted, off, or "" = not said

	Capabilities *Capabilities `json:"capabilities,omitempty"` // nil = not said
}

// Text is a status in one language (BCP 47), "" = the member's own.
type Text struct {
	Lang string `json:"lang,omitempty"`
	Text string `json:"text"`
}

// Capabilities are what a device can do: audio, video (calls), files, omemo; and
// what sort of program it is, such as client/phone.
type Capabilities struct {
	Can        []string `json:"can,omitempty"`
	Identities []string `json:"identities,omitempty"`
}

// StatusIn is the status in a language, or the first that there is.
func (p *Presence) StatusIn(lang string) string {
	primary, _, _ := strings.Cut(lang, "-")
	near := p.Status
	for _, t := range p.Statuses {
		if strings.EqualFold(t.Lang, lang) {
			return t.Text
		}
		if l, _, _ := strings.Cut(t.Lang, "-"); strings.EqualFold(l, primary) {
			near = t.Text
		}
	}
	return near
}

// Reach is how the best of the member's devices is connected: on, interrupted,
// off, or "" = not said.
func (p *Presence) Reach() (best string) {
	best = p.Connection
	for _, d := range p.Devices {
		switch {
		case d.Connection == "on":
			return "on"
		case d.Connection == "interrupted", best == "":
			best = d.Connection
		}
	}
	return best
}

// Able is what the member's devices can do together, nil = not said.
func (p *Presence) Able() *Capabilities {
	all, only := Capabilities{}, p.Capabilities
	add := func(c *Capabilities) {
		if c == nil {
			return
		}
		only = c
		all.Can, all.Identities = append(all.Can, c.Can...), append(all.Identities, c.Identities...)
	}
	add(p.Capabilities)
	for _, d := range p.Devices {
		add(d.Capabilities)
	}
	if only == nil {
		return nil
	}
	var can []string
	for _, word := range []string{"audio", "video", "files", "omemo"} {
		if slices.Contains(all.Can, word) {
			can = append(can, word)
		}
	}
	slices.Sort(all.Identities)
	all.Can, all.Identities = can, slices.Compact(all.Identities)
	return &all
}

// Willing says whether a member wants to communicate by an application, ""
// being communication as such, and until when that is so; zero = for now.
type Willing struct {
	App   string    `json:"app,omitempty"`
	Value bool      `json:"value"`
	Until time.Time `json:"until,omitzero"`

	// Source is who said so on his behalf, a bare JID; "" = he himself.
	Source string `json:"source,omitempty"`
}

// Report says that the status or the activity is somebody else's word on the
// member's behalf.
type Report struct {
	Of     string    `json:"of"`     // status, activity, or both, separated by a space
	Source string    `json:"source"` // bare JID
	Until  time.Time `json:"until"`
}

// Interest is something that a member is interested in (RFC 6715).
type Interest struct {
	Kind  string `json:"kind"`            // interest, hobby, expertise
	Level string `json:"level,omitempty"` // high, medium, low; of expertise beginner, average, expert
	Text  string `json:"text"`
}

// Zone is the member's time zone, nil = not said.
func (p *Presence) Zone() *time.Location {
	if p.Timezone == "Z" {
		return time.UTC
	}
	t, err := time.Parse("-07:00", p.Timezone)
	if err != nil {
		return nil
	}
	_, offset := t.Zone()
	return time.FixedZone("", offset)
}

// Payload is an element that this package does not know.
type Payload struct {
	XMLName  xml.Name   `json:"name"`
	Attrs    []xml.Attr `xml:",any,attr" json:"attrs,omitempty"`
	Text     string     `xml:",chardata" json:"text,omitempty"`
	Children []Payload  `xml:",any" json:"children,omitempty"`
}

// Name is what to call the member: the nick, or else the localpart.
func (m *Member) Name() string {
	if m.Nick != "" {
		return m.Nick
	}
	local, _, _ := strings.Cut(m.JID, "@")
	return local
}

// Source is who said that ("status", "activity") on the member's behalf, "" if
// it is his own word.
func (m *Member) Source(of string) string {
	for _, r := range m.Reported {
		if slices.Contains(strings.Fields(r.Of), of) {
			return r.Source
		}
	}
	return ""
}

// Attribute is the value of the named attribute, "" if there is none.
func (m *Member) Attribute(name string) string { return value(m.Attributes, name) }

// Equal says whether two rows look the same, whenever they changed.
func (m *Member) Equal(o *Member) bool {
	a, b := *m, *o
	a.Changed, b.Changed = time.Time{}, time.Time{}
	return reflect.DeepEqual(a, b)
}

// Info is the group's own attributes.
type Info struct {
	Name        string      `json:"name"`
	Description string      `json:"description,omitempty"`
	Attributes  []Attribute `json:"attributes,omitempty"`
}

// Attribute is the value of the named attribute, "" if there is none.
func (i *Info) Attribute(name string) string { return value(i.Attributes, name) }

func value(list []Attribute, name string) string {
	for _, a := range list {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}

// Summary is the counts of a group. Available counts everybody who is not
// offline.
type Summary struct {
	Members   int `xml:"members,attr" json:"members"`
	Available int `xml:"available,attr" json:"available"`
	Chat      int `xml:"chat,attr" json:"chat"`
	Away      int `xml:"away,attr" json:"away"`
	XA        int `xml:"xa,attr" json:"xa"`
	DND       int `xml:"dnd,attr" json:"dnd"`
}
