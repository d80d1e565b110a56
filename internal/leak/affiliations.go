//go:build leak_affiliations

package leak

// Face is the face that leaks.
const Face = "affiliations"
