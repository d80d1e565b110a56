// Package watch receives group presence: for bots, and for whatever else
// watches a group of a Rollcall service (docs/protocol.md). It needs nothing
// of the service's own code.
//
// # The short way
//
// [Watch] takes a session of mellium.im/xmpp that is logged in, as a client or
// as a component, subscribes, and yields what changes:
//
//	for change, err := range watch.Watch(ctx, session, group, watch.Options{}) {
//		if err != nil {
//			return err // the last one
//		}
//		if change.Kind == watch.Changed && change.After.Show == watch.DND {
//			fmt.Println(change.After.Name(), "is busy:", change.After.Status)
//		}
//	}
//
// First comes everything there is, one change each, then [Synced]. A loop that
// is slow misses nothing that counts: changes of a member that wait are one
// change, from what the loop saw last to what is so now.
//
// # Staying connected
//
// A session ends some day, and [xmpp.Session.Serve] can be ended by one odd
// stanza of a stranger. [Watcher.Follow] dials again, with growing pauses, and
// asks only for what was missed:
//
//	w := watch.New(group, watch.Options{})
//	for change, err := range w.Follow(ctx, dial) {
//
// dial should bind the same resource each time: subscriptions are of an
// address.
//
// # Who reads the session himself
//
// Watch and Follow serve the session. A bot that does so already, with its own
// [mux.ServeMux], adds a [Handler] to it, which any number of watchers share:
//
//	h := &watch.Handler{}
//	go session.Serve(mux.New(stanza.NSClient, watch.Handle(h), …))
//	for change, err := range h.Watch(ctx, session, w) {
//
// Its ctx must end when the session does. And who has no mellium session at all
// feeds a [Table], which knows no network and no clock, with the bytes of
// stanzas.
//
// # What you want
//
// A [Want] is a receiving policy. As an option of the subscription it keeps the
// service from sending the rest. With Options.Local it is applied here, to what
// arrives, with the same result: for one subscription that serves several
// purposes.
//
// With Options.JSON events come as JSON, which is less work for a server.
//
// # What a table means
//
// A Table is one node of one group as one watcher sees it. Items replace those
// of the same id. State tokens say where an event belongs: one `from` the state
// that the table holds brings it to the state `to`; full='true' replaces the
// table; a state in parts counts when the last one is there. An event from
// another state means that something was missed: what it carries is true and is
// shown, but the table asks for all that changed since its own state.
// [Table.Request] is what it wants to ask, [Table.Answer] takes the answer; the
// reader hands over events and answers in the order in which they arrived.
//
// # Where events come from
//
// A group may have its events published by its server's PubSub service, and says
// so when somebody subscribes: that service and that node are then believed, and
// nobody else; other words in the group's name are dropped. Watchers see to it
// by themselves. Who feeds a table hands [Table.Subscribed] the answer to his
// request to subscribe, and [Table.Take] the messages of [Table.Published]'s
// address, too.
//
// Such events have no state tokens. So the table asks the group once for all
// there is; that the node is deleted says that what it told is over, and then
// the table believes nothing more from there until the group has said whose node
// it is now. As an event that was lost shows by nothing, a watcher asks after
// each Options.Check, however much it has heard.
package watch
