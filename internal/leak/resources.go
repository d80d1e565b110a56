//go:build leak_resources

package leak

// Face is the face that leaks.
const Face = "resources"
