// Package model is the promise of docs/protocol.md, worked out the slow and
// obvious way: from what a group is, who watches and what time it is, the bytes
// that must be told. It is what the service is tested against, so it shares
// nothing with it: no code, no types, no bit masks, no state. Everything is
// strings and maps, everything is computed from nothing each time.
//
// # What may be seen of a member
//
// [Group.Sees] gives it as a set of words: those of the authorization policy
// (counted, availability, show, …) and three about the member himself, which
// do not depend on his being there:
//
//   - enrolled: the watcher counts him among the members;
//   - named: the watcher has an item about him, with his address;
//   - basic: that item has his nick, roles and attributes.
//
// # In six sentences
//
//  1. Who is left out by the watcher's own receiving policy is not there at
//     all.
//  2. What is granted is the union of the member's rules that match the watcher
//     and are valid now, without those words that stand on a floor that is
//     missing, and of that what the group collects.
//  3. Who is granted availability, or stands in the group's basic policy, has
//     the member named; who stands in it, with nick, roles and attributes; who
//     has him named or may count him, has him enrolled.
//  4. If the member does not share, or hides from the watcher, or the group does
//     not collect from him, nothing of his presence is left; who has him
//     enrolled, named or with basic information keeps that, as if the member
//     were offline.
//  5. Of what is left a watcher gets what he wants.
//  6. A member who is offline is the same item as one of whom nothing is granted.
//
// A member without a policy of his own is under the group's default, as far as
// he has agreed to it: see [Group.SetDefault].
//
// # What is told
//
// [Group.Items] gives the items of a node, [Group.Line] what stands in a contact
// list, [Group.Refusal] what somebody gets who may not watch.
package model
