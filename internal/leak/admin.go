//go:build leak_admin

package leak

// Face is the face that leaks.
const Face = "admin"
