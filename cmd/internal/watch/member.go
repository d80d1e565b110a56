package watch

import (
	"reflect"
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
	JID        string
	Nick       string
	Roles      []string
	Attributes []Attribute // in the order of the item
	Presence   bool        // whether the item had a presence at all
	Show       Show        // Offline if there was none
	Status     string
	Idle       time.Time // since when, zero = not idle (XEP-0319)
	Devices    []Device

	// Changed is when the row last looked different, by the reader's clock.
	Changed time.Time
}

// Attribute is a free attribute of a group or a member.
type Attribute struct{ Name, Value string }

// Device is one device of a member.
type Device struct {
	Name       string
	Show       Show   // Available if it has none
	Connection string // on, interrupted, off, or "" = not said
}

// Name is what to call the member: the nick, or else the localpart.
func (m *Member) Name() string {
	if m.Nick != "" {
		return m.Nick
	}
	local, _, _ := strings.Cut(m.JID, "@")
	return local
}

// Attribute is the value of the named attribute, "" if there is none.
func (m *Member) Attribute(name string) string { return value(m.Attributes, name) }

func (m *Member) equal(o *Member) bool {
	a, b := *m, *o
	a.Changed, b.Changed = time.Time{}, time.Time{}
	return reflect.DeepEqual(a, b)
}

// Info is the group's own attributes.
type Info struct {
	Name        string
	Description string
	Attributes  []Attribute
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
	Members   int `xml:"members,attr"`
	Available int `xml:"available,attr"`
	Chat      int `xml:"chat,attr"`
	Away      int `xml:"away,attr"`
	XA        int `xml:"xa,attr"`
	DND       int `xml:"dnd,attr"`
}
