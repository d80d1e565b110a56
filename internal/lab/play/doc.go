// Package play runs plays: text files that read as theatre and are tests. A
// play says who does what and who hears what, in stanzas as they stand on the
// wire, so that it can be printed in a manual as it is. The same play runs
// against the fake server, Prosody and ejabberd.
//
//	# Bob subscribes to the group's presence and learns that Alice is busy.
//	group team "Team" alice:lead bob carol
//	alice logs in as phone and approves
//	bob logs in as desk and approves
//	bob sends
//	    <iq type='set' id='s1' to='team@groups.example.org'>
//	      <pubsub xmlns='http://jabber.org/protocol/pubsub'>
//	        <subscribe node='urn:xmpp:tmp:group-presence:0#presence' jid='bob@example.org'/>
//	      </pubsub>
//	    </iq>
//	bob receives
//	    <iq type='result' id='s1' from='team@groups.example.org'/>
//	alice sends
//	    <presence><show>dnd</show></presence>
//	bob receives
//	    <message type='headline' from='team@groups.example.org'>…</message>
//	bob receives nothing else
//
// # Lines
//
// A line that is not indented is a step; the indented lines below it are its
// block. `#` begins a comment line; the first one is the play's title.
//
//	group NAME "Title" USER[:ROLE,ROLE…] …   create a group with these members (nick: the name with a capital)
//	rollcall WORDS…                          the command line, exit status 0; block: lines of its output, in order
//	rollcall refuses WORDS…                  the same, exit status 1
//	rollcall misunderstands WORDS…           the same, exit status 2
//	USER logs in as RESOURCE                 log in, ask for the roster, send <presence/>
//	USER connects as RESOURCE                log in and do nothing
//	     … and approves | and denies         answer every request for presence at once
//	     … hearing of NODE …                 and want the events of these PEP nodes (XEP-0163 §4.3.2)
//	USER sends                               block: stanzas, sent as they are
//	USER receives                            block: patterns, each of which a stanza must match
//	USER receives nothing else               everything has been received; see below
//	nobody receives anything else            the same for everybody
//	USER never received                      block: patterns that no stanza of the whole play matches
//	USER closes | USER drops                 end of the stream, or of the connection only
//	all is quiet                             wait until everybody has heard everything
//	only on real servers                     the play needs what the fake one has not (PEP, blocking)
//	server restarts | is killed | starts
//	service restarts | stops | is killed | starts
//
// USER is the localpart of an account, or, if he has several devices,
// USER/RESOURCE. Whoever appears in a group line or logs in has an account from
// the beginning. Words of the command line are separated by spaces and may be
// quoted as in a shell.
//
// # Patterns
//
// A stanza matches a pattern if
//
//   - names and namespaces are equal (the pattern's default namespace is
//     jabber:client);
//   - every attribute in the pattern matches; others may be there, but for the
//     stanza's own `type`, which must be absent when the pattern has none. An
//     empty value means: absent or empty;
//   - every child in the pattern matches a child of its own, in this order;
//     others may be there before, between and behind. The children of the
//     stanza itself may come in any order: servers change it;
//   - the text matches, surrounding space aside, if the pattern has any.
//
// In attribute values and text `*` stands for any characters, `\*` for an
// asterisk, and `{name}` for what it stood for first: it captures, later
// occurrences must be equal. In blocks that are sent, and in the words of the
// command line, `{name}` is replaced by what was captured. The lines that a
// command must print are compared in the same way, runs of space being one.
//
// The attribute `play:children` changes the rule for the children of the
// element that carries it: `exact` means no others, and no text unless the
// pattern has it; `any-order` means in any order; `exact any-order` both. An
// element with `play:absent='1'` says that no child matches it.
//
// `receives` takes the first stanza that matches out of those not yet taken,
// and waits for it if need be: what arrives out of order is not lost.
// `receives nothing else` first waits until all is quiet, then fails if any
// stanza is left, except what concerns only the user and his server: stanzas
// from his own account and his server, roster pushes and what else the client
// answers by itself, and presence that says nothing but what its sender can do
// (XEP-0115).
//
// # Stages
//
// What the play needs of the tested service is a [Stage]: its command line, its
// life, and a way to wait until it has nothing left to say.
//
// # Isolation
//
// Plays may share a server. Each performance has accounts and groups of its
// own: on the way to the server `alice@example.org` becomes
// `alice.k3f9q@example.org`, on the way back the suffix disappears, for all
// localparts of the server's and the component's domain. Bare words get it
// where they are the name of a group that the play has created, in the words of
// the command line and as the whole text of an element. So a play is literal,
// and the suffix is seen only in the servers' logs.
package play
