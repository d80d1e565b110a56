// Package policy decides what one watcher may see of one member. It is pure:
// no clock, no I/O, no state; what it cannot know is an argument.
//
// # The model
//
// What can be seen of a member is a set of words, a [Mask]: the presence
// attributes of docs/protocol.md (counted, availability, show, …) and three
// words about the member himself, [Enrolled] (he is counted among the members),
// [Named] (he has an item, with his JID) and [Basic] (the item carries nick,
// roles and attributes).
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
//  3. Who stands in hide, and everybody when share is false, sees the member
//     as really offline: the same name, the same place, no presence.
//  4. Policies of one member that stand in several places intersect: what he
//     set here, or else the default and what he agreed to of it, and what he
//     set at his server ([Subject]).
//  5. Insiders of the group's basic policy see every member named, with his
//     basic information. Others see only the members who grant them
//     availability.
//  6. A receiving policy only takes away. A member it leaves out has no item
//     at all.
//  7. A member has no privilege over his own item: he sees himself as those
//     who stand where he stands.
//
// # The group policy
//
//   - Watch: who may watch at all. The others are refused before any decision
//     is made ([Group.Watches]).
//   - Basic: who sees the group's attributes and the member list.
//   - Collect, From: what is acquired, and of whom. The rest is as if nobody
//     granted it. [Group.Acquires] is what is worth asking a member's server
//     for.
//   - Default: the authorization of members who have set none. One that shows
//     more than a member agreed to waits for his yes; [Authorization.Within]
//     says whether it does.
//   - Require: what each member must share with all members. A policy that
//     lacks some of it cannot be set ([Group.Lacks]); hide stays free.
//
// # Text
//
// Each of the three has a text form, a sentence a line, in which it is stored,
// edited, and typed on the command line ([ParseAuthorization], [ParseGroup],
// [ParseReceiving]). A [LineError] says which line makes no sense. The word
// everyone, for watchers, is written anyone in a group policy.
//
// # Audiences
//
// A decision about a [Watcher] without a JID is the decision for everybody of
// his standing (an audience); rules that name single watchers by jid: or
// domain: do not match it. Where the decision for the watcher himself differs
// from it, he is an exception.
package policy
