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
//
// Events and answers are in XML, or for whose subscription says so in JSON
// (json.go), or with members as PIDF documents: [Renderer.In]. All say the same,
// of the same decisions.
//
// # Policies
//
// A member's authorization policy is an element of its own, wherever it stands
// ([ParseAuthorization]); the receiving policy is the options of a
// subscription. What the group asks a member to agree to is a child of the
// answer to his get. The errors of the roster have one table, [Refusal].
//
// # The card
//
// What a group says of itself (card.go) is asked for in many forms: vcard-temp,
// vCard4, and the PEP nodes of the avatar, the nick and the vCard (pep.go). All
// are made of one description ([roster.Group.Describe]), which has only what
// the asker may know. [News] are the events of those nodes for who wishes them
// ([ReadCapabilities]).
//
// # Outposts
//
// Where events leave through the server's own PubSub service, [Renderer] makes
// what is asked of that (outpost.go), and subscribers are told where to look:
// the child published of a subscription.
//
// # The contact
//
// [Renderer] also makes what the group shows as a contact, with the hash of its
// picture, the same bytes for all until the settings change, and with the
// capabilities (XEP-0115, [AppendCaps]) by which it asks a member's server for
// the events of the PEP node [NSAuthorization], and of what he publishes beside
// his presence, as far as he lets somebody see it. Those payloads leave as they
// came, or in part (vCards, places, times); [ReadPublished] says what leaves.
package pubsub
