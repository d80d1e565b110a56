// Package source takes in groups that others keep: another group server's, the
// rooms of a MUC service, and whatever else can say what its groups are.
//
// # A source
//
// A [Source] runs for as long as it is configured and tells a [Sink] what its
// groups are: each as a whole, whenever it may have changed. It need not know
// what has changed, nor what was taken in before: the roster takes over what
// differs (roster.Mirror), so that telling the same again costs nothing and says
// nothing. What cannot be taken in is refused whole, logged and counted, and the
// group stays as it was.
//
// A source that cannot go on returns an error and is run again, later and later.
// Meanwhile, and while it has not been heard since the start, it is marked
// (roster.SourceLost); its groups stay as they were last. So does a group that
// the source has no more: only an admin ends one.
//
// # The keeper
//
// The [Keeper] runs the sources. Those that speak XMPP (they use the [Link] that
// they were made with) run while there is a connection, anew with each, and
// keep what they know from one to the next.
//
// # Ties
//
// What somebody tells us until we say that we need not, a list or a room, is a tie
// (roster.TieRecord): it is stored before it is asked for. [Ties] ends those that
// nobody wants any more ([Keeper.Wants]): while we run, and at the next start if
// the configuration changed meanwhile; again and again, less and less often, until
// the other side has heard it. Presence that a peer tells is a tie, too, which
// package component wants or not.
//
// # Peers
//
// A [Peer] is a group server that is subscribed to as by any watcher, in the
// name of our own group's JID: its NS#info and NS#members (docs/protocol.md). It
// may be a Rollcall; then state tokens tell what was missed, and only that is
// asked for. It may be anything else that publishes these nodes; then they are
// read again. Its tables are those of package watch. What comes is believed only
// from the very address that was subscribed at.
//
// # Rooms
//
// A [MUC] reads the lists of a room's owners, admins and members (XEP-0045
// §9, §10) and what the room is called. To be told at once it is in the room, as
// an occupant that says nothing; else it reads again from time to time.
package source
