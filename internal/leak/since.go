//go:build leak_since

package leak

// Face is the face that leaks.
const Face = "since"
