package roster

import "github.com/rollcall-xmpp/rollcall/policy"

// Renderer puts what a walk found into the words of one dialect; it is
// implemented where the dialect is spoken. Each method appends to b and
// returns it; none may keep what it is given, wait, or lock.
//
// Everything that carries a member's state leaves through it.
type Renderer interface {
	// In is the renderer whose items are in a format other than the dialect's own
	// (see [Manner.Format]). It differs in nothing else.
	In(format string) Renderer

	// Address escapes a JID for use in a stanza's to.
	Address(b []byte, jid string) []byte

	// Info, Summary, Member and Gone append one item each. Info leaves the
	// free attributes out unless basic is set.
	Info(b []byte, s *Settings, name string, basic bool) []byte
	Summary(b []byte, s Summary) []byte
	Member(b []byte, n Node, it *Item) []byte
	Gone(b []byte, jid string) []byte

	// EventStart appends an event up to the value of its to, EventItems from
	// there to the first item, Members what stands between the group's items and
	// those of members, EventEnd what comes after the last, EventTail what is for
	// one reader only, EventClose the end.
	EventStart(b []byte, group, id string) []byte
	EventItems(b []byte, n Node) []byte
	Members(b []byte) []byte
	EventEnd(b []byte, s *Stamp) []byte
	EventTail(b []byte, t *Tail) []byte
	EventClose(b []byte) []byte

	// CopiesStart, CopyTo and CopiesEnd append, last in a stanza to the
	// multicast service, to whom it is ([Roster.SetMulticast]): addresses that
	// Address has escaped, of whom no reader learns.
	CopiesStart(b []byte) []byte
	CopyTo(b, to []byte) []byte
	CopiesEnd(b []byte) []byte

	// OutpostMake appends, for the server's own PubSub service, that there is
	// to be a node of ours that owner may read and to, escaped, is subscribed to,
	// and that one of that name which there is goes before: a stanza for each of
	// ids. OutpostEnd appends that to is no subscriber any more and the node is
	// no more. PublishStart and PublishEnd are around one item.
	OutpostMake(b []byte, node, owner string, to []byte, ids OutpostIDs) []byte
	OutpostEnd(b []byte, node string, to []byte, id string) []byte
	PublishStart(b []byte, node, id string) []byte
	PublishEnd(b []byte) []byte

	// ContactStart appends the group's aggregate presence up to the value of
	// its to, Contact what many are shown alike, ContactEnd the rest: what the
	// group wants of its reader ([Group.Interest]).
	ContactStart(b []byte, group string) []byte
	Contact(b []byte, l *Line) []byte
	ContactEnd(b []byte, interest policy.Mask) []byte

	// Badge appends what stands in the aggregate presence for the group's
	// picture: [Line].Badge. It is called once, until the settings change.
	Badge(b []byte, s *Settings, name string, basic bool) []byte

	// ResourceStart appends the presence of one member, as a resource of the
	// group, up to the value of its to; Member with NodeResources is the rest.
	ResourceStart(b []byte, group, jid string) []byte

	// AnswerStart appends the answer to a question up to the first item,
	// AnswerGone an item for a leaver, AnswerEnd what comes after the last,
	// Refuse an answer that is an error. Members stands in it as in an event.
	AnswerStart(b []byte, group string, q *Question) []byte
	AnswerGone(b []byte, jid string) []byte
	AnswerEnd(b []byte, group string, q *Question, s *Stamp, p *Page) []byte
	Refuse(b []byte, group string, q *Question, err error) []byte
}

// Stamp says what an event or answer brings its reader from, and to.
type Stamp struct {
	From, To    string // state tokens, "" = none
	Full        bool   // the table as a whole, not a difference
	Part, Parts int    // 1 of 1 when it fits in one stanza
	Period      int    // ms: events come less often than was agreed, at most once in so long; 0 = they do not
}

// OutpostIDs are those of the stanzas that make a node, in order.
type OutpostIDs struct {
	End, Create, Admit, Subscribe string
}

// Tail is what an event says to one reader only.
type Tail struct {
	SubID      string // of the subscription, where one address has several; "" = none
	Collection bool   // it comes by the reader's subscription to all his groups
	Receipt    bool   // a receipt is asked for
}

// Line is a group's aggregate presence as one watcher may see it.
type Line struct {
	Show    Show // of the whole group: the most available of those there
	Summary Summary
	Names   []string // of who is there, the first [MaxNames] in order
	Badge   []byte   // see [Renderer]; not to be changed
}

// MaxNames bounds Line.Names.
const MaxNames = 16

// Page is the position of an answer in the whole list (XEP-0059).
type Page struct {
	Wanted      bool   // the question asked for pages, or the list was cut
	First, Last string // item ids, "" = none
	Index       int    // of First
	Count       int    // of the whole list
}
