//go:build leak_published

package leak

// Face is the face that leaks.
const Face = "published"
