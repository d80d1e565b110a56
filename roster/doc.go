// Package roster knows who is in each group, who is there, what changed since
// when, and who watches. It knows no XML and no SQL.
//
// # Groups
//
// A [Roster] holds the groups of one service, each loaded on first use. A
// [Group] is a group presentity: settings and members (basic group
// information, hard state: in the [Store] before it is acknowledged), the
// presence of its members (soft state: in memory), and the watches.
//
// # The list of changes
//
// Every change in a group takes the next version. Members stand in a list
// ordered by their last change, each with the version at which each kind of
// attribute last changed; leavers stay in it as tombstones for a while. A
// watch is a cursor into this list: the version up to which it has been told.
//
// # Audiences, exceptions, cohorts
//
// An audience is all watchers of a node for whom policy decides alike; the
// decisions are made once per member and audience. Where a rule names single
// watchers, their watches carry an exception for that member. A cohort is the
// watches of an audience that have been told up to the same version.
//
// # The walk
//
// What to tell a cohort is found by walking the list of changes from the
// front back to the cohort's cursor, leaving out whoever did not change
// visibly. Each item is rendered once and spliced for every address. First
// state, change, catch-up, answer to a question: all are this one walk from
// another cursor, at another moment, and nothing else decides what to send.
//
// A decision that changes is a change like any other: it is told only to
// those for whom the member now looks different. Changes made while a
// decision hid them count for nothing later. A member's item and what he adds
// to the counts change apart, so that who may only count him learns no name.
//
// # Tokens
//
// Where a watch stands is not what it holds: the cursor moves with every
// version, the token only when something visible changed. The latest visible
// version is the same by whatever way a watch came there, so that events and
// answers fit together. When a watch moves to another audience and nothing
// looks different from there, it takes its own past along (see own) until the
// next change that all see makes it needless; else it gets the full state.
// Who asks without a watch has no past: his tokens are good as long as nothing
// that concerns him alone was decided (see Group.standing).
//
// # Life
//
// Who becomes a member, and how he ceases to be one, is decided in one place
// (life.go, ban.go), whichever way he came: by a command, a chat, or by adding the
// group as a contact, which is a wish to join ([Group.OnSubscribe]). A
// [VisitorRecord] remembers who is no member but has to do with the group:
// invited, waiting, turned away, banned; so nobody is asked twice. Each
// operation takes who acts and checks his power ([Group.Power]), which never
// is a right to see. What people have to be told of it is a [Notice].
//
// # Agreement
//
// The group's default binds a member as far as he agreed to it. A stricter one
// holds at once, of any other only what both grant, until he says yes
// ([Group.Proposal], [Group.Agree]). His record holds the text that he stands
// by when it is not the present one; equal texts are parsed and held once.
//
// # Keeping
//
// What no rule may grant anybody, or the group does not collect, is not held
// (keep.go), and of whom nothing would be held the presence is not asked for,
// or given back. When a policy allows more again, it is asked for anew.
//
// # Elsewhere
//
// What a member lets others see may stand at his server too
// ([Group.OnElsewhere]); both have to grant. It is read again whenever it may
// have changed unheard, and until then his presence is parked: taken in, and
// shown to nobody ([Group.Read]).
//
// # Published
//
// What a member publishes at his server beside his presence ([Published]) is
// held as it stands, for as long as somebody may see it, and is shown while he
// is available. The group tells him what it wants of that ([Group.Interest]):
// exactly what he grants somebody. What it does not want it does not take in,
// nor what of a place is finer than he lets others see ([Group.SetPrecision]). His
// time zone a device of his is asked for, once in a period ([Group.Retime]).
//
// # Delivery
//
// A group may tell of changes periodically (pace.go): cohorts are then due only
// in the turn that follows a moment of a clock which runs whether or not
// something happens, so that the moment tells nothing. Answers and first states
// do not wait.
//
// # Late rendering
//
// A change puts its group in the outbox, once. The outbox gives the group
// its turn when there is room on the wire ([Group.Turn]); what is rendered is
// the state of that moment, for as many watches as the room allows. So what
// is no longer granted cannot be sent, even if it was due, and a slow server
// gets fewer and fresher words instead of a backlog.
//
// # Outposts
//
// Where the server's own PubSub service is to pass events on ([Options].Outposts),
// a subscription has a node of its own there, for good (outpost.go). The walk is
// the same; what it finds is published in that node at the group's turn, once the
// service has said that it is there, and whose. Whoever is owed the full state
// gets another node of that name. The end of a watch is the end of its node, which
// leaves before anything else.
//
// # The picture, and when somebody was there
//
// What stands in the contact's presence for the group's picture is rendered
// once and spliced ([Renderer].Badge); there are two of them, for who sees basic
// information and who does not. Each contact remembers since when it was told
// that nobody is there ([Group.Vacant]): nothing else may answer that question.
//
// # Locks
//
// Roster.loading, then Group.edit, are held over the store; Roster.mu and
// Group.mu are not held over anything. The order is edit, loading, mu, and
// the outbox's own lock last.
package roster
