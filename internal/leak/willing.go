//go:build leak_willing

package leak

// Face is the face that leaks.
const Face = "willing"
