//go:build leak_outpost

package leak

// Face is the face that leaks.
const Face = "outpost"
