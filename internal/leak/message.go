//go:build leak_message

package leak

// Face is the face that leaks.
const Face = "message"
