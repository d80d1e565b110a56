//go:build leak_explain

package leak

// Face is the face that leaks.
const Face = "explain"
