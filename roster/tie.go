package roster

// TieKind says what a tie is. The line comment is its name in the store.
type TieKind string

// The kinds.
const (
	TieList     TieKind = "list"     // NS#info and NS#members of a peer's group are subscribed to
	TieRoom     TieKind = "room"     // we are in a chat room
	TiePresence TieKind = "presence" // NS#presence of a peer is subscribed to
)

// TieRecord is what keeps telling us of a group, at another service, and goes on
// until we say that it need not: also if we are told by our configuration while
// we do not run. It is stored before it begins.
type TieRecord struct {
	Kind  TieKind
	For   string // who wanted it: a source, or a group that a peer asks for; "" = a group that takes presence
	There string // bare JID of who tells
	Here  string // localpart of the group in whose name it was asked for
}
