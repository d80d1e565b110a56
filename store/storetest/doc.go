// Package storetest is the contract of [roster.Store] as a test suite. Every
// driver of package store passes it, and so does any other implementation:
//
//	storetest.Run(t, storetest.Driver{Open: open, Persistent: true})
//
// It checks every method and refusal, that a refused or cancelled change
// leaves nothing behind, that concurrent callers do not disturb each other
// (run it with -race), and that after any sequence of changes a reopened
// store holds what an independent model holds.
package storetest
