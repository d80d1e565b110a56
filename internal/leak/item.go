//go:build leak_item

package leak

// Face is the face that leaks.
const Face = "item"
