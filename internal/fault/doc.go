// Package fault takes safeguards out of the program and wants the tests of
// faults to notice: a test that passes without the safeguard that it is about
// tests nothing.
//
// Each entry of the list (list_test.go) names a safeguard, the few lines of
// source that are it, what stands there without it, and the test that has to
// fail then. The source itself is never touched: the go command gets an overlay.
//
// `make test` tries a few of them and holds that all still fit the source;
// `make faults` tries all.
package fault
