//go:build leak_devices

package leak

// Face is the face that leaks.
const Face = "devices"
