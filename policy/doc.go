// Package policy decides what one watcher may see of one member. It is pure:
// no clock, no I/O, no state; what it cannot know is an argument.
//
// # The model
//
// What can be seen of a member is a set of words, a [Mask]: the presence
// attributes of the contract (counted, availability, show, …) and two words
// about the member himself, [Named] (he has an item, with his JID) and
// [Basic] (the item carries nick, roles and attributes).
//
// Three policies meet in one decision, and their intersection is the answer:
//
//   - the [Authorization] of the member looked at: what he lets others see;
//   - the [Receiving] policy of the watcher: what he wants to see;
//   - the [Group] policy: what the group acquires and shows at all.
//
// # The rules
//
//  1. Rules only grant (RFC 4745 §4). The union of all rules that match the
//     watcher now is what is granted; their order has no meaning; what no
//     rule grants stays hidden.
//  2. availability is the floor: without it nothing but counted is left.
//     availability includes counted.
//     What a member set at his server, and the default that he agreed to,
//     must grant as well: policies that stand in several places intersect.
//  3. Who stands in hide, and everybody when share is false, sees the member
//     as really offline: the same name, the same place, no presence.
//  4. Insiders of the group's basic policy see every member named, with his
//     basic information. Others see only the members who grant them
//     availability.
//  5. A receiving policy only takes away. A member it leaves out has no item
//     at all.
//  6. A member has no privilege over his own item: he sees himself as those
//     who stand where he stands.
//
// A decision about a [Watcher] without a JID is the decision for everybody of
// his standing (an audience); rules that name single watchers by jid: or
// domain: do not match it. Where the decision for the watcher himself differs
// from it, he is an exception.
package policy
