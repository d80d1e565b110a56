//go:build leak_hook

package leak

// Face is the face that leaks.
const Face = "hook"
