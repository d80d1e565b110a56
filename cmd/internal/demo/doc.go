// Package demo is `rollcall demo`: a private XMPP server, the real program,
// five people and their working day.
//
// # What is real
//
// The server is Debian's ([lab]); rollcall is a child process, started and
// administered by the same commands an admin types; the people are c2s
// clients. What is shown, and judged, is only what those clients received:
// package [watch] makes tables of their stanzas. Nothing here looks into
// rollcall, its database or its log.
//
// # Who is who
//
// A world is the server, the program and their directory. A seat is one device
// of one person: a client that keeps its table, as real ones do, while it is
// logged out. The stage is all seats and the account of what their people did,
// which is what everybody should see. A step is one scene of the day: what is
// done, and how it should look afterwards, said by hand.
//
// # Three ways to run
//
// On a terminal the day is a live table, drawn from what one member's laptop
// received; elsewhere it is a line for each change. Both stay when the day is
// over, for who wants to log in himself. With Once every step is a comparison
// of all that all subscribers and contacts received with what the people did,
// and the outcome is a verdict.
package demo
