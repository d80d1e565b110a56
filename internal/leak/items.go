//go:build leak_items

package leak

// Face is the face that leaks.
const Face = "items"
