package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
	"github.com/rollcall-xmpp/rollcall/component/source"
	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/internal/lab/labtest"
)

// What docs/manners.md says of directories is what is run here: a directory
// keeps the groups of a service on each kind of server.
func TestDirectory(t *testing.T) {
	for _, name := range labtest.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // it mostly waits
			playDirectory(t, labtest.Start(t, name, lab.Options{}))
		})
	}
}

// reader is who the service is to the directory; its password is in a file.
const (
	reader         = "cn=rollcall,ou=services,dc=example,dc=org"
	readerPassword = "hunter2-of-the-directory"
)

// newDirectory starts a directory with that reader, who may read what the manual
// lets him, and nothing else.
func newDirectory(t *testing.T) *labtest.Directory {
	t.Helper()
	page, err := os.ReadFile("../../docs/manners.md")
	must(t, err)
	lines := regexp.MustCompile("(?s)```text\n(limits dn.*?)```").FindStringSubmatch(string(page))
	if lines == nil {
		t.Fatal("the manual has no lines for OpenLDAP")
	}
	d := labtest.StartDirectory(t, lab.SlapdOptions{Syncprov: true, Database: lines[1] +
		"access to attrs=userPassword by anonymous auth\naccess to * by * none\n"})
	d.Add("ou=services", "objectClass=organizationalUnit")
	d.Add("cn=rollcall,ou=services", "objectClass=applicationProcess", "objectClass=simpleSecurityObject", "userPassword="+readerPassword)
	return d
}

// directorySource is the example of the manual, with what differs here.
func directorySource(t *testing.T, d *labtest.Directory) string {
	t.Helper()
	text := manualSource(t, "ldap")
	password := filepath.Join(t.TempDir(), "ldap-password")
	must(t, os.WriteFile(password, []byte(readerPassword+"\n"), 0o600))
	for old, other := range map[string]string{`"ldap://ldap.example.org"`: fmt.Sprintf("%q", d.URL()), `"ldap-password"`: fmt.Sprintf("%q", password)} {
		if strings.Count(text, old) != 1 {
			t.Fatalf("the manual has not %s once:\n%s", old, text)
		}
		text = strings.Replace(text, old, other, 1)
	}
	return text
}

func playDirectory(t *testing.T, s lab.Server) {
	ctx := t.Context()
	d := newDirectory(t)
	d.AddPerson("alice", "Alice")
	d.AddPerson("bob", "Robert", "displayName=Bob")
	d.AddPerson("carol", "Carol")
	d.AddGroup("team", labtest.Person("alice"), labtest.Person("bob"))
	d.Set("cn=team,ou=groups", "owner", labtest.Person("alice"))
	us := newMirror(t, s, directorySource(t, d))
	us.listed(t, "team", `staff "": alice=Alice/admin[] bob=Bob/member[]`)
	us.found(t, "staff", "team")
	if out, status, _ := us.Rollcall(ctx, "member", "add", "team", "eve@example.org"); status != exitFailed || !strings.Contains(out, "staff keeps the list") {
		t.Errorf("exit %d, %s", status, out)
	}

	// A stranger learns nothing; a member watches, and is told of who comes.
	people := users(t, s, "alice", "bob", "carol", "mallory")
	secret(t, people["mallory"])
	must(t, us.Settle(ctx))
	news := follows(t, people["bob"])
	news("full='true'")
	d.Set("cn=team,ou=groups", "member", labtest.Person("alice"), labtest.Person("bob"), labtest.Person("carol"))
	us.listed(t, "team", `staff "": alice=Alice/admin[] bob=Bob/member[] carol=Carol/member[]`)
	news("carol@example.org")

	// Somebody whose address is none: the group stays, and the log names nobody.
	d.AddPerson("mallory@example.org/x", "Mallory")
	d.Set("cn=team,ou=groups", "member", labtest.Person("alice"), labtest.Person("mallory@example.org/x"))
	us.missed(t, "staff", "team")
	us.listed(t, "team", `staff "": alice=Alice/admin[] bob=Bob/member[] carol=Carol/member[]`)
	if out, _, _ := us.Rollcall(ctx, "group", "show", "team"); !strings.Contains(out, "NOTHING KNOWN SINCE") || !strings.Contains(out, "rollcall doctor says whose") {
		t.Errorf("group show says\n%s", out)
	}
	d.Set("cn=team,ou=groups", "member", labtest.Person("alice"), labtest.Person("bob"), labtest.Person("carol"))
	us.found(t, "staff", "team")

	// It is killed: the list stays, and says so. It comes back with another.
	must(t, d.Kill())
	us.missed(t, "staff", "")
	us.listed(t, "team", `staff "": alice=Alice/admin[] bob=Bob/member[] carol=Carol/member[]`)
	must(t, d.Start(ctx))
	us.found(t, "staff", "")
	d.Set("cn=team,ou=groups", "member", labtest.Person("alice"), labtest.Person("bob"))
	us.listed(t, "team", `staff "": alice=Alice/admin[] bob=Bob/member[]`)
	news("<retract")

	// We are killed meanwhile, and read what we missed.
	must(t, us.Kill(ctx))
	d.Set("uid=bob,ou=people", "displayName", "Bobby")
	must(t, us.Start(ctx))
	us.listed(t, "team", `staff "": alice=Alice/admin[] bob=Bobby/member[]`)
	us.found(t, "staff", "team")
}

// What the commands say of a directory, before anything is taken from it.
func TestDirectoryAdvice(t *testing.T) {
	d := newDirectory(t)
	d.AddPerson("alice", "Alice")
	d.AddPerson("a b", "Nobody")
	d.AddGroup("team", labtest.Person("alice"), labtest.Person("gone"))
	d.AddGroup("ops", labtest.Person("a b"))
	b := checkBench(t)
	table := directorySource(t, d)
	b.write("rollcall.toml", "domain = \"groups.example.org\"\n[server]\naddress = \"127.0.0.1:1\"\nsecret_file = \"secret\"\n[http]\nlisten = \"\"\n"+table)
	says := func(code int, level, want string, args ...string) {
		t.Helper()
		got, out, _ := b.run(args...)
		flat := flatten(out)
		if got != code || !strings.Contains(flat, level+" sources source staff: "+want) || strings.Contains(out, readerPassword) {
			t.Errorf("%s: want %s … %s, exit %d:\n%s", args, level, want, got, out)
		}
	}
	file := regexp.MustCompile(`password_file = "(.*)"`).FindStringSubmatch(table)[1]
	says(exitDone, "good", "the ldap at "+d.URL()+", which rollcall doctor asks", "check")
	for range 2 { // nothing is remembered, nothing is changed
		says(exitFailed, "good", d.URL()+" lets us in as "+reader+", and tells at once what changes. It would bring team (1 member)", "doctor")
	}
	says(exitFailed, "BAD", `ops: the uid of somebody is no user's address: uid=a b,ou=people,dc=example,dc=org has "a b"`, "doctor")
	says(exitFailed, "note", "team: 1 who are named there are no people that we may see, or have no uid", "doctor")
	must(t, os.Chmod(file, 0o644))
	says(exitFailed, "BAD", "everybody on this machine may read "+file, "check")
	must(t, os.WriteFile(file, []byte("another\n"), 0o600))
	must(t, os.Chmod(file, 0o600))
	says(exitFailed, "BAD", "bind as "+reader+`: LDAP Result Code 49 "Invalid Credentials"`, "doctor")
	must(t, os.Remove(file))
	says(exitFailed, "BAD", "the password: open "+file, "check")
	if left, err := filepath.Glob(filepath.Join(b.dir, "*.db*")); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}

	// However a configuration is printed, and whatever becomes of it.
	must(t, os.WriteFile(file, []byte(readerPassword+"\n"), 0o600))
	cfg, err := config.Load(filepath.Join(b.dir, "rollcall.toml"))
	must(t, err)
	made := directoryConfig(cfg, &cfg.Sources[0], source.Pace{})
	dump, err := json.Marshal(cfg)
	must(t, err)
	if text := fmt.Sprintf("%+v %#v %+v %#v %s %s", cfg, cfg, made, made, cfg.Sources[0].Fingerprint(), dump); strings.Contains(text, readerPassword) {
		t.Error("the password is in what the configuration holds")
	}
	if password, err := made.Password(); err != nil || password != readerPassword {
		t.Errorf("the password is %q, %v", password, err)
	}
}
