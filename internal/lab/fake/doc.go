// Package fake is a small XMPP server inside the process: one domain of users,
// one component domain, no TLS, no disk. Plays run against it first, because it
// starts in no time and does the same every time.
//
// It does what Prosody 0.12 does, in the parts that matter to a component that
// watches presence:
//
//   - the component's handshake (XEP-0114), its addressing rules and conflicts;
//   - rosters and subscription states with pre-approval (RFC 6121 §2, §3),
//     roster pushes, probes, broadcast to subscribers and directed presence
//     (RFC 6121 §4), `unavailable` for every way a stream may end;
//   - delivery of messages to bare and full JIDs (RFC 6121 §8), kept for users
//     who are offline;
//   - ping and disco#info of the host, service-unavailable for what it does not
//     know, remote-server-timeout while the component is away.
//
// There is no PEP, no privilege, no blocking: what needs these runs on the real
// servers only.
//
// One mutex guards everything; each stream has a reader, which handles one
// stanza at a time under the mutex, and a writer with a queue without bound.
// Stanzas between two streams keep their order.
package fake
