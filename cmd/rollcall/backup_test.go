package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A backup of the running service, put back after it has stopped.
func TestBackupCommands(t *testing.T) {
	b := newBench(t)
	b.write("secret", "hunter2\n")
	stop := b.start()
	b.done("group", "create", "team")
	b.done("member", "add", "team", "alice@example.org")
	file := filepath.Join(b.dir, "night.db")
	size := regexp.MustCompile(`\d+ KiB|"bytes": \d+|\(schema \d+\)|"schema": \d+`)
	about := func(s string) string { return size.ReplaceAllString(s, "N") }
	same(t, about(b.done("backup", file)), "wrote DIR/night.db, 1 group, 1 member, N N\n")
	same(t, about(b.done("verify", file)), "sound: DIR/night.db, 1 group, 1 member, N N\n")
	b.done("group", "create", "later")
	same(t, about(b.done("verify")), "sound: DIR/rollcall.db, 2 groups, 1 member, N N\n")
	for words, want := range map[string]string{
		"backup " + file:                "back up store to DIR/night.db: file already exists (give another name, or remove it first)",
		"restore " + file:               "restore store DIR/rollcall.db from DIR/night.db: another process has locked the store: database is locked (stop the service first)",
		"verify " + b.dir + "/secret":   "verify DIR/secret: the store is damaged: file is not a database (take a backup of an earlier day: rollcall restore FILE)",
		"verify " + b.dir + "/missing":  "verify DIR/missing: stat DIR/missing: no such file or directory",
		"restore " + b.dir + "/missing": "restore store DIR/rollcall.db from DIR/missing: another process has locked the store: database is locked (stop the service first)",
	} {
		if code, _, stderr := b.run(strings.Fields(words)...); code != exitFailed || stderr != "rollcall: "+want+"\n" {
			t.Errorf("%s: exit %d\ngot  %swant rollcall: %s", words, code, stderr, want)
		}
	}
	stop()
	kept := regexp.MustCompile(`rollcall\.db\.[0-9TZ.]+`)
	same(t, kept.ReplaceAllString(about(b.done("restore", file)), "KEPT"), "restored 1 group, 1 member, N N\nkept what was there as KEPT\n")
	stop = b.start()
	same(t, b.done("group", "list"), "team\n")
	stop()
	same(t, kept.ReplaceAllString(about(b.done("restore", file, "--json")), "KEPT"), `{
  "file": "DIR/night.db",
  "kept": "DIR/KEPT",
  N,
  N,
  "groups": 1,
  "members": 1,
  "subscriptions": 0,
  "contacts": 0
}
`)
	if info, err := os.Stat(filepath.Join(b.dir, "rollcall.db")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("restored: %v, %v", info.Mode(), err)
	}
}
