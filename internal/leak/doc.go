// Package leak makes builds that tell what they must not, one for each face on
// which somebody could find something out: go test -tags "leak leak_item". They are
// there to be caught: a test that finds nothing wrong with one of them is no
// test.
//
// [Face] is a constant, so that an ordinary build has nothing of all this in
// it.
package leak
