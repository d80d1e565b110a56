//go:build leak_summary

package leak

// Face is the face that leaks.
const Face = "summary"
