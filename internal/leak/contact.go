//go:build leak_contact

package leak

// Face is the face that leaks.
const Face = "contact"
