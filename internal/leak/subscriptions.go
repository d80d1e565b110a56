//go:build leak_subscriptions

package leak

// Face is the face that leaks.
const Face = "subscriptions"
