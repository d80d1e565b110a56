// Package component attaches the groups to an XMPP server as an external
// component (XEP-0114). Only this package touches the socket.
//
// # The link
//
// [Link] keeps one connection: mellium negotiates it, then a reading goroutine
// cuts frames and hands each to the [Handler], contained, and a writing
// goroutine drains the [Outbox]. The outbox has two lanes. Answers and
// subscriptions take the control lane and go first. Everything that carries a
// member's state is bulk: the groups that have something to say stand in a
// queue and take turns, as long as the server keeps up (a credit window of
// marker pings), so that what is written is the state of the moment it is
// written.
//
// # The service
//
// [Service] is the handler. Presence of members goes straight to its group:
// no I/O, no waiting. Whatever may touch the store (subscriptions of either
// kind, PubSub requests) is put to one of a few workers, the same group always
// to the same, so that the reader never waits.
//
// Before that a gate counts what each address and each domain asks; who asks
// too much is told to wait. Presence has a limit of its own, beyond which it is
// told later (pace): the latest word of a device is never lost.
//
// What people ask by command or by chat goes to package command, by the same
// workers. What the roster wants them told without having asked (a notice) is a
// message, and leaves as an answer does.
//
// # Attending to groups
//
// After a (re)connect, and when a group is loaded, its members are probed at
// a bounded rate; until they answered, or had their time, the group does not
// speak. Members never asked for their presence are asked then. A request
// counts as sent when the server has answered something sent after it.
//
// # The server's own PubSub service
//
// What groups ask of it leaves in their turns, in the service's name; its answers
// go to the roster ([roster.Roster.OutpostAnswered]). An orderly end leaves no
// node behind.
//
// # What a group looks like
//
// The herald knows which devices wish to hear of a group's name and picture,
// by their capabilities, and what each has been told. What is new to a device
// leaves with the attendant's next visit to the group, paced. It believes what
// capabilities stand for only from the device itself, or if the hash proves it.
//
// # What members keep at their servers
//
// A group's presence says (XEP-0115) which PEP nodes of its reader it wants the
// events of. One is the policy that a member keeps there. It is also read: after
// a (re)connect of every member who grants his presence, and when a device of
// one comes. Until his server answered, or five seconds passed, nothing is shown of who comes from being
// offline; after a (re)connect the group as a whole waits for it. A member is
// asked one question at a time, and what is found is put in force by the
// group's worker, in the order in which it came.
//
// The others are what he publishes beside his presence, as far as he lets
// somebody see it (pull.go). Each is read once, when it is wanted for the first
// time and after a (re)connect, slowly and behind everything else. Changes count
// as changes of his presence (pace); what cannot be passed on is counted. His time
// zone is in no node: the device that speaks for him is asked (zone.go).
package component
