//go:build leak_disco

package leak

// Face is the face that leaks.
const Face = "disco"
