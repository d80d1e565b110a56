// Package terminal runs a client in a terminal of its own and reads what it
// shows: real Profanity and real Poezio, Debian's, within a private tmux.
//
//	t, err := terminal.Profanity(ctx, terminal.Options{JID: "bo@example.org", …})
//	…
//	defer t.Stop()
//	err = t.Line(ctx, "/msg team@groups.example.org who")
//	err = t.Shows(ctx, "2 of 3 available")
//
// [Terminal.Shows] asks until the text is on the screen or above it. Nothing
// waits by the clock.
//
// It needs Debian's packages tmux and profanity or poezio.
package terminal
