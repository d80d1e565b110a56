// Rollcall is group presence for XMPP: `rollcall run` is the service, the
// other commands ask the running service over its admin socket or print what
// an admin needs. `rollcall --help`, and `--help` behind each command, are
// the manual.
//
// Exit codes: 0 done, 1 refused or failed, 2 wrong use. Errors go to stderr
// as one line that says what to do about it.
package main
