//go:build leak_command

package leak

// Face is the face that leaks.
const Face = "command"
