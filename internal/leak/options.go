//go:build leak_options

package leak

// Face is the face that leaks.
const Face = "options"
