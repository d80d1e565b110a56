//go:build !leak

package leak

// Face is the face that leaks; "" is none.
const Face = ""
