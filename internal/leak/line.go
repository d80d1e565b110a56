//go:build leak_line

package leak

// Face is the face that leaks.
const Face = "line"
