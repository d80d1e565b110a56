// Package hook tells webhooks what they may see of a group: what changes, over
// HTTP, for who has no XMPP.
//
// # A watcher like any other
//
// A webhook is a watch of the group under an address of its own (see
// [roster.HookRecord]). It is not told: the roster says that there is news
// ([Keeper.News]), and the webhook asks, as a client would that catches up, when
// its receiver is ready. The answer is rendered in the group's turn, through the
// same walk as everybody's. So what no longer may be seen is not posted, however
// long it was due.
//
// # No queue
//
// For each webhook there is one goroutine, which is its order, and one table:
// what the receiver is known to have. What is posted is the difference between
// that and the table that was asked for when the connection stood. A receiver
// who is slow, or away, gets fewer and fresher words. Of what was in a post
// without an answer nobody knows whether it arrived; it is told again as it is
// then. A webhook begins with the full state: when it is set, and when the
// service starts.
//
// # Posts
//
// Posts are signed as the Standard Webhooks specification (1.0.0) says, with the
// headers webhook-id, webhook-timestamp and webhook-signature. 2xx is success,
// 410 ends the webhook for good, anything else is tried again, later and later
// and for three days. Redirects are not followed. Private, local and other
// special networks are not reached unless they are configured; plain http:
// reaches nothing else. Of the answer 4 KiB are read.
package hook
