// Package login logs in to an XMPP account, as a client does.
package login
