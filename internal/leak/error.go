//go:build leak_error

package leak

// Face is the face that leaks.
const Face = "error"
