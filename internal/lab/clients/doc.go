// Command clients uses groups as people do, with the clients that people have,
// and looks whether what they show is right:
//
//	make test-clients                  # or, when all is installed:
//	go run ./internal/lab/clients -program bin/rollcall
//
// For each client a private server and a real `rollcall run` are started on
// loopback, then the client itself, and a person's way through it is played
// (the acts, one file each). Every step says in one line what it did, and what
// went wrong; the first that goes wrong ends its act, and the exit status is 1.
//
//	ok    gajim on prosody: create a group by command (0.9 s)
//
// What a step finds is asserted on what the client itself has: Gajim's model of
// its contacts and the widgets on its screen, the text of Profanity's and
// Poezio's terminals, the page of Converse. A step asks until it finds that, or
// until its time is over; nothing sleeps to be right.
//
// Pictures are taken on the way. All of them are in the directory -out; with
// -docs those that docs/users.md shows are renewed where they look different.
//
// The Makefile's test-clients installs what is needed: Debian's gajim, xvfb,
// dbus-daemon, profanity, poezio, tmux, chromium, npm and two that make
// pictures look right, adwaita-icon-theme and fonts-dejavu-core; and converse.js
// from npm into .cache/clients. It is not part of .ci/run.
package main
