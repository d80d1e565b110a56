// Package check looks at a configuration and at what it names, without
// starting anything, connecting to anything, or changing anything: would the
// service start, run by this user on this machine, and is what must stay
// private private? [Run] answers with findings as package doctor makes them:
//
//	config   the file can be read, and nothing is wrong in it
//	secret   there is one, and only who should can read it
//	tls      the authorities can be read; a link without TLS stays on this machine
//	store    the database is sound and of a known version, or can be made
//	socket   the admin socket can be made, or the service has it
//	sources  the files that keep groups can be read, and those with passwords of directories
//	http     the port for metrics and health is free, or the service has it
//	user     whether it was root who looked, who may read everything
package check
