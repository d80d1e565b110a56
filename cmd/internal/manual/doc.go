// Package manual makes what an admin reads and types by out of the code itself:
//
//   - [Commands]: the manual page rollcall(1), from the command line's model
//   - [File]: the manual page rollcall.toml(5), from the table of keys
//   - [Example]: a commented rollcall.toml, from the same table
//   - [Complete]: what may come next on a command line, from its model; the
//     shells' scripts in packaging/completions ask for it
//
// The pages have no date and no version, so that the copies in packaging/ can
// be compared with what the code would say now.
package manual
