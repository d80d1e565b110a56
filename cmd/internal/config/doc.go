// Package config reads the configuration file: one TOML file, of which only
// `domain` and a secret have to be written.
//
//	domain = "groups.example.org"     # the service's own domain
//
//	[server]                          # the XMPP server's component port
//	address = "127.0.0.1:5347"
//	host = "example.org"              # the server's domain; default: what domain is a part of
//	tls = false                       # whether the port speaks TLS
//	ca_file = ""                      # PEM; whom to trust with tls, default: whom the system trusts
//	                                  # the certificate names address's host or, where that is an IP, host
//	secret_file = "secret"            # or secret = "…"
//
//	[store]
//	url = "sqlite:rollcall.db"
//
//	[admin]
//	jids = ["admin@example.org"]      # not used yet: who may administer every group over XMPP
//	creators = []                     # not used yet: who else may create; empty = the server's own users
//	socket = "rollcall.sock"          # where the command line reaches the running service
//
//	[http]
//	listen = "127.0.0.1:8086"         # not used yet: metrics and health; "" = off
//
//	[log]
//	level = "info"                    # debug, info, warn, error
//	format = "text"                   # or json
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
