//go:build leak_profile

package leak

// Face is the face that leaks.
const Face = "profile"
