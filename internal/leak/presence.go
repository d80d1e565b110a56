//go:build leak_presence

package leak

// Face is the face that leaks.
const Face = "presence"
