// Package tty draws group presence in a terminal.
//
// A [Line] is made of texts with their colours, and cut or filled to columns.
// Text of strangers goes through [Clean] first: nothing in it moves the
// terminal. [Table], [Counts] and [Heading] are the parts of a picture of a
// group; the narrower the terminal, the fewer columns. A [Screen] shows one
// picture after the other in place, without flicker.
package tty
