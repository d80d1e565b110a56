//go:build leak_event

package leak

// Face is the face that leaks.
const Face = "event"
