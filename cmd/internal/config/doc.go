// Package config reads the configuration file: one TOML file, of which only
// `domain` and a secret have to be written.
//
//	domain = "groups.example.org"
//	[server]
//	secret_file = "secret"
//
// [Keys] is the table of all keys: the file is read by it, the changes that a
// reload brings are told by it ([Diff]), and the manual page and the commented
// example in packaging/ are made from it.
//
// Relative paths are relative to the directory of the file, so that it does
// not matter where a program is started.
//
// # The secret
//
// The component secret is looked for when it is needed, in this order: the
// environment's ROLLCALL_SECRET; `secret` or `secret_file` in the file (one of
// them); the systemd credential named "secret". One line break at the end of a
// file is not part of it. A [Secret] prints as "[secret]", whatever prints it.
//
// # Errors
//
// What is wrong is an [Error]: the file, the line, the key, what is wrong and
// what would be right. A key that is not known is wrong too, as it is more
// often misspelt than meant to do nothing.
package config
