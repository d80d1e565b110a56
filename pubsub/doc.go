// Package pubsub is the XEP-0060 dialect: it puts what [roster] yields into
// stanzas ([Renderer]), and turns pubsub and service discovery requests into
// calls of the roster ([Service]).
//
// # Nodes
//
// Each group is a PubSub service of its own at its bare JID, with up to four
// nodes (see docs/protocol.md): NS#info, NS#members, NS#presence, NS#group.
// Only the service publishes. Who may watch may subscribe and retrieve; to
// anybody else an unlisted group is a name that is not used.
//
// # Who says what
//
// Requests that carry no member's state (subscribe, unsubscribe,
// subscriptions, affiliations, discovery) are answered by [Service.Handle] at
// once. Retrieving items is a question to the group: it is answered in the
// group's turn by the same walk that makes events, through [Renderer].
package pubsub
