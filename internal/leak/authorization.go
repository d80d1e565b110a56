//go:build leak_authorization

package leak

// Face is the face that leaks.
const Face = "authorization"
