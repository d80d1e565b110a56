// Package admintest has an [admin.Backend] over a bare store, for tests of
// what stands before one. It has no rules but those that a test needs.
package admintest
