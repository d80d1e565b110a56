// Package interchange puts what somebody sees of a group into the formats of
// other presence systems.
//
// A member is a PIDF document (RFC 3863): a tuple for each device that may be
// seen, else one for all of them, with the show of XMPP as RFC 8048 §5 has it,
// and a person of RPID (RFC 4479, 4480): what he is at, since when he is idle,
// his status text. Who is offline, and who looks so, is one closed tuple.
//
// A group is a multipart/related entity (RFC 2387) as in RFC 4662 §5: a list of
// the members in RLMI, which refers to a part with the PIDF document of each.
// Names, roles and attributes stand with the member's instance there.
//
// It gets the answer that the watcher would be given and nothing else, so it
// cannot show more than he may see.
package interchange
