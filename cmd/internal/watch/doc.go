// Package watch is the watcher's end of group presence: it makes a table out
// of what a client receives. It knows no network and no clock; whoever reads
// the stream hands it stanzas.
//
// # A table
//
// A [Table] is one node of one group (XEP-0060) as one watcher sees it. Its
// reader subscribes, then gives it every message from the group:
//
//	t := watch.New("team@groups.example.org", watch.NodeGroup)
//	change, err := t.Take(raw, time.Now())
//
// # What an event means
//
// An event carries items that replace those of the same id, and retractions.
// Its state tokens say where it belongs: an event `from` the state that the
// table holds brings it to the state `to`. With full='true' it replaces the
// table. A state in several parts counts when the last part is there; until
// then the table stays as it was.
//
// An event from another state than the one held means that something was
// missed: a new session, a stanza lost on the way. What it carries is true
// nevertheless and is shown, but the table keeps its old token and wants to
// ask for all that changed since.
//
// # Asking
//
// [Table.Request] is the payload of the iq that the table wants to send, ""
// while it wants none, and [Table.Answer] takes what came back. One request is
// under way at a time; an answer in pages (XEP-0059) makes further requests.
// The reader must hand over events and answers in the order in which they
// arrived: that order is what makes the last word the true one.
//
//	if p := t.Request(); p != "" {
//		… send <iq type='get' to=group>p</iq>, later t.Answer(raw, when)
//	}
//
// A Table may not be used by two goroutines at once.
package watch
