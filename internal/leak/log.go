//go:build leak_log

package leak

// Face is the face that leaks.
const Face = "log"
