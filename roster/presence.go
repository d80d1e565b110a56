package roster

// Show is the availability of a device or of a member, in the order of the
// combination rule: the greater is the more available. The line comment is
// the wire name (RFC 6121 §4.7.2.1).
type Show uint8

// The shows.
const (
	Offline Show = iota // type='unavailable'
	XA                  // xa
	Away                // away
	DND                 // dnd
	Online              // no <show/>
	Chat                // chat
)

var showNames = [...]string{"", "xa", "away", "dnd", "", "chat"}

// String is the text of <show/>; "" where there is none.
func (s Show) String() string { return showNames[s] }

// ParseShow reads the text of <show/>; what RFC 6121 does not know counts as
// plain availability.
func ParseShow(b []byte) Show {
	switch string(b) {
	case "away":
		return Away
	case "xa":
		return XA
	case "dnd":
		return DND
	case "chat":
		return Chat
	}
	return Online
}
