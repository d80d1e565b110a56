//go:build leak_probe

package leak

// Face is the face that leaks.
const Face = "probe"
