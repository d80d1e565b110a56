// Package doctor examines an XMPP server from outside: can Rollcall be its
// component, and how good a component can it be there?
package doctor
