//go:build leak_asks

package leak

// Face is the face that leaks: a member's server is asked for what he lets
// nobody see.
const Face = "asks"
