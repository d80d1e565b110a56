package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

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
	subscribe := "<pubsub xmlns='http://jabber.org/protocol/pubsub'><subscribe node='urn:xmpp:tmp:group-presence:0#members' jid='bob@example.org/desk'/></pubsub>"
	if _, err := people["bob"].Query(ctx, "team@groups.example.org", "set", subscribe); err != nil {
		t.Fatal(err)
	}
	news := func(with string) {
		t.Helper()
		wait, done := context.WithTimeout(ctx, 30*time.Second)
		defer done()
		if _, err := people["bob"].Wait(wait, func(x lab.Stanza) bool {
			return x.From == "team@groups.example.org" && x.Name == "message" && strings.Contains(x.Raw, "#members") && strings.Contains(x.Raw, with)
		}); err != nil {
			t.Errorf("nobody told of %s: %v", with, err)
		}
	}
	news("full='true'")
	d.Set("cn=team,ou=groups", "member", labtest.Person("alice"), labtest.Person("bob"), labtest.Person("carol"))
	us.listed(t, "team", `staff "": alice=Alice/admin[] bob=Bob/member[] carol=Carol/member[]`)
	news("carol@example.org")

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
