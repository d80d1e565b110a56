// Package bind asks a server for the resource that one wants (RFC 6120 §7.7).
// mellium v0.22.0 asks for an empty one whatever it is told.
package bind
