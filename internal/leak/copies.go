//go:build leak_copies

package leak

// Face is the face that leaks.
const Face = "copies"
