package main

import (
	"strings"
	"testing"
)

// What is wrong with the command line is said before anything is dialled.
func TestWatchUse(t *testing.T) {
	b := newBench(t)
	for args, want := range map[string]string{
		"watch":                              `expected "<group>" (rollcall watch --help tells more)`,
		"watch team@g.x":                     "as whom? give --account or set ROLLCALL_ACCOUNT (rollcall watch --help tells more)",
		"watch team@g.x --account @":         `--account: "@" is not an address, such as alice@example.org: the localpart must be larger than 0 bytes (rollcall watch --help tells more)`,
		"watch team@g.x --account a@x":       "with which password? give --password-file or set ROLLCALL_PASSWORD (rollcall watch --help tells more)",
		"watch team@g.x --account a@x --foo": "unknown flag --foo (rollcall watch --help tells more)",
	} {
		code, stdout, stderr := b.run(strings.Fields(args)...)
		if code != exitUsage || stdout != "" || stderr != "rollcall: "+want+"\n" {
			t.Errorf("%s: exit %d, %s%s", args, code, stdout, stderr)
		}
	}
	b.write("password", "secret\n")
	code, _, stderr := b.run("watch", "team@g.x", "--account", "a@x", "--password-file", b.dir+"/password", "--insecure")
	if code != exitUsage || stderr != "rollcall: --insecure needs --server (rollcall watch --help tells more)\n" {
		t.Errorf("exit %d: %s", code, stderr)
	}
}
