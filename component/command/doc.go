// Package command is what people can ask of the service and of a group, with
// the client they have: ad-hoc commands (XEP-0050) with forms (XEP-0004), and
// the same words in a chat.
//
// # Words
//
// There is one table of words (see [Service] and its words). A word has a
// name, who may use it, a form if it needs one, how it reads from a chat line,
// and what it does. Everything else is common to all words: discovery,
// sessions, validation, languages, the two faces. A new word is an entry in the
// table and a file.
//
// A word takes [values], by the names of its form's fields, and gives an
// answer: notes and fields, never a table, for there are clients that hang on
// one. It does not know by which face it was asked.
//
// # Forms
//
// A form is one step wherever that is possible; where what is asked depends on
// what was said there are two. What is submitted is bounded
// and checked against the form before the word sees it; what makes no sense
// brings the form back with a note, and with everything that was typed. A
// field that is not there stays as it was. A submit may come with no action,
// next, execute or complete: clients do all of these.
//
// A session lasts from the form to its answer. Its id cannot be guessed, and
// it is of use only to the device that began it, at the same address, for the
// same word. Sessions expire, and are bounded for each user and in all.
//
// # Chat
//
// The first word of a line says what is wanted, in any language the package
// speaks; the rest is read by the word. Errors, other people's rooms, headlines,
// what was stored and delivered late, and whatever comes from our own domain
// are never answered. Answers are rationed for each user, and not understanding
// costs more than understanding, so that two machines do not talk for long.
//
// What a member tells the others (tell.go) goes to whom he means, by what he
// himself sees, and who wants to hear it; he learns no more of that than his
// own view shows ([roster.Group.Reach]).
//
// What people are told about their membership without having asked
// ([Service.Notice]) is a message of the same kind, and says how to answer.
// Whoever invites has a ration of his own.
//
// # Registration
//
// To register with a group (XEP-0077) is to join it, to cancel that is to
// leave: the same words for clients that have a window for it.
//
// # Who learns what
//
// To a stranger an unlisted group answers like a name that is not used, byte
// for byte. What carries members' state is answered in the group's turn, from
// what the contact of the asking user would be told at that moment
// ([roster.Picture]). Nothing else here knows anybody's presence.
//
// # Languages
//
// The language is that of the request (xml:lang); English is the fallback.
// The English text is the key; a test sees to it that every text has its
// translation. Policy and roster say why they refuse something in English: a
// table of their reasons (german_reasons.go) is held to them by another test.
package command
