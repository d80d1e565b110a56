//go:build leak_last

package leak

// Face is the face that leaks.
const Face = "last"
