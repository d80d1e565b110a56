package roster

import (
	"slices"
	"strings"
)

// JoinRule says how somebody becomes a member by himself. The line comment is
// its name on the wire.
type JoinRule uint8

// The rules. Invite is the default of a new group.
const (
	Invite  JoinRule = iota // invite: only who was invited
	Approve                 // approve: an admin says yes
	Open                    // open: everybody who may know of the group
)

var joinNames = [...]string{"invite", "approve", "open"}

func (j JoinRule) String() string { return joinNames[j] }

// ParseJoin is the inverse of [JoinRule.String].
func ParseJoin(s string) (JoinRule, error) {
	if i := slices.Index(joinNames[:], s); i >= 0 {
		return JoinRule(i), nil
	}
	return 0, invalid("join", "%q is none of %s", s, strings.Join(joinNames[:], ", "))
}

// VisitorState is what somebody who is no member has to do with a group. It is
// hard state: a no is remembered. The line comment is its name on the wire.
type VisitorState uint8

// The states.
const (
	Invited  VisitorState = iota // invited: by an admin, he has not answered
	Applied                      // applied: he wants to join, no admin has answered
	Rejected                     // rejected: an admin said no
	Declined                     // declined: he said no
	Banned                       // banned: what MUC calls an outcast
)

var visitorNames = [...]string{"invited", "applied", "rejected", "declined", "banned"}

func (v VisitorState) String() string { return visitorNames[v] }

// ParseVisitorState is the inverse of [VisitorState.String].
func ParseVisitorState(s string) (VisitorState, error) {
	if i := slices.Index(visitorNames[:], s); i >= 0 {
		return VisitorState(i), nil
	}
	return 0, invalid("visitor", "%q is none of %s", s, strings.Join(visitorNames[:], ", "))
}

// VisitorRecord is what is remembered of somebody who is no member.
type VisitorRecord struct {
	JID     string // bare, normalised
	State   VisitorState
	By      string // bare JID of who invited, rejected or banned him; "" = himself, or the command line
	Contact bool   // his request to have the group as a contact waits for the same answer
}

// MaxVisitors bounds those of a group who came by themselves and wait, and
// those who are invited.
const MaxVisitors = 1000

// MaxKnown bounds all of whom a group remembers something although they are no
// members; a member can be banned beyond it.
const MaxKnown = 10_000

// MaxVisitorsOf bounds those of one domain who wait.
const MaxVisitorsOf = 100

// Notice is a word to a person about his membership, told as a message that
// people can read and answer.
type Notice struct {
	Kind  NoticeKind
	Group string // its name
	Title string // and for people
	Lang  string // the group's language, "" = unknown
	To    string // bare JID
	About string // Application: who wants to join
	By    string // bare JID of who did it; "" = nobody in particular
}

// NoticeKind is what a notice says.
type NoticeKind uint8

// The notices.
const (
	Invitation  NoticeKind = iota // you are invited
	Application                   // to an admin: somebody wants to join
	Admitted                      // your application was accepted
	TurnedAway                    // it was not
	Removed                       // you are no member any more
	Disbanded                     // the group is no more
	Proposed                      // the group asks you to agree to something: see [Proposal]
	Enlisted                      // you are a member, and contacts of each other, without having been asked: see [Options].Inform
)
