// Package gajim is a real Gajim (1.7, Debian's) on a display of its own, that a
// program can use and look at as a person does.
//
//	g, err := gajim.Start(ctx, gajim.Options{JID: "anna@example.org", …})
//	…
//	defer g.Stop() // ends Gajim and the display, removes the profile
//	err = g.Do(ctx, "commands", "team@groups.example.org")
//	err = g.Until(ctx, "the list of commands", func() (bool, error) { … })
//
// Gajim runs with a driver inside (driver.py, which says what can be done and
// asked). The driver presses the buttons that a person would press and reads
// Gajim's own model of its contacts. Nothing is waited for by the clock:
// [Client.Until] asks until what has to come is there.
//
// It needs Debian's packages gajim, xvfb, dbus-daemon, adwaita-icon-theme and
// fonts-dejavu-core.
package gajim
