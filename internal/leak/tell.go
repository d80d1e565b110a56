//go:build leak_tell

package leak

// Face is the face that leaks.
const Face = "tell"
