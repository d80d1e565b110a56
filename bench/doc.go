// Command bench measures Rollcall side by side with what a server's own users
// could have used instead: a chat room, a shared roster, the server's PubSub.
//
//	make bench                                  everything; writes docs/performance.md
//	go run ./bench -quick -o -                  a few seconds of each, for development
//	go run ./bench -n 50 -servers prosody -ways muc,rollcall -runs 1 -o -
//	go run ./bench -from docs/performance.json  the document again, from the last run
//	go run ./bench -n 200 -ways rollcall -growth=false -o -     overload with it, four minutes
//	go run ./bench -only-growth                 what a change and a member cost, against how many there are
//	go run ./bench -resume                      go on with the file there is: measure what is missing
//	go run ./bench -forms                       what a stanza costs the servers, by its form
//
// # The work
//
// It is the same everywhere. Real clients log in to a private server. When a
// member of a group changes his presence, the new state must reach every other
// member. The state is a show and a status text; in the text is a marker (see
// [appendMarker]), the member's number and a count, and an update counts only
// for the watcher who received that very text.
//
// For each pair of member and watcher the [board] knows what was offered. It
// was received; or it was superseded, when a later state of the member came
// without it; or, when the phase is over and nothing more comes, it is lost.
// Lost has to be 0. What comes twice, or behind a later one, counts apart.
//
// # The ways
//
// A [way] is how the news travel: `muc`, `roster`, `pubsub`, `rollcall` (own
// nodes), `rollcall-json` (the same, events as JSON), `rollcall-contacts` (no
// nodes, but members as resources of a contact, as a room's occupants are),
// `rollcall-pubsub` (a node for each watcher at the server's PubSub),
// `rollcall-multicast` (the server makes the copies), `rollcall-multicast-json`
// (they are JSON), and `floor`, a trivial fan-out of the same bytes over TCP that
// no XMPP server can beat. With nobody but us as the server
// there are also `rollcall` alone and `rollcall-two`, on two processors instead
// of one. Every cell, a way on a server with so many members, has a server of
// its own that runs nothing but what the way needs. Rollcall is the program
// itself, in its own process, with the default configuration but without the
// limit on how often a member may change (limits.changes): the others have none.
//
// # The phases
//
//   - modest: five changes a second, the age of each update when it arrives.
//   - saturated: so many changes are in flight as bring most updates in a
//     second (tried out before), as long as 95 % of them arrive within a
//     second. What arrives is counted from when the first of them have arrived
//     everywhere. A client that is no member pings the service meanwhile.
//   - burst: every member changes five times within one second, and the time
//     until every watcher holds everybody's last state.
//   - overload (of Rollcall with own nodes and 200 members): five times as
//     many changes are offered as were brought in saturation, for a minute.
//     Strangers and members ask something meanwhile, and the memory is noted;
//     afterwards every watcher must hold everybody's last state, and how soon
//     he does.
//
// # Growth
//
// A store with so many members, groups, rules and watchers, and the program
// with nobody but us at the other end of its stream: what a change costs, what
// a member takes of memory, and how soon a service with 500,000 memberships
// answers for all its groups.
//
// # Order
//
// The file is written behind every cell. Cells that a goal speaks of come
// first, then growth, then the room, `rollcall` and `rollcall-multicast-json` in
// every size, then what they compare with and the other ways of fifty and of two
// hundred members, until the time is over (-within); without -n nothing else is
// measured, for all of it would take an hour. What fails is told, tried once more
// at the end, and ends nothing.
//
// CPU time is that of the server's and of the component's process, from the
// first change until nothing is on its way any more. The load generator, the
// server and the component share the machine, so figures compare only within
// one run; the goals are ratios.
package main
