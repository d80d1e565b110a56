// Command labinstall installs the XMPP servers that the tests run against, if
// they are missing:
//
//	go run ./internal/lab/labinstall prosody ejabberd
//
// It does nothing, quickly and silently, when they are there. Exit status 1,
// with what is missing and what to type, when they cannot be installed.
package main
