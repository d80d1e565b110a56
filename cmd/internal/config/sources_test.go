package config

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestPeers(t *testing.T) {
	c, _, err := load(t, `domain = "groups.example.org"
[presence]
from = "both"
[[peers]]
address = "Groups.HR.example.org"
give = true
[[peers]]
address = "presence.example.net"
take = ["example.net", "x.example.net"]
every = "30s"
by = "group"
grants = ""
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []Peer{{Address: "groups.hr.example.org", Give: true, Grants: DefaultGrants, By: PeerByList},
		{Address: "presence.example.net", Take: []string{"example.net", "x.example.net"}, Every: 30 * time.Second, By: PeerByGroup}}
	if !reflect.DeepEqual(c.Peers, want) || c.Presence.From != FromBoth {
		t.Errorf("got %+v, presence from %s", c.Peers, c.Presence.From)
	}
	for text, says := range map[string]string{
		"[presence]\nfrom = \"privilege\"":                                       `"subscription" or "server" or "both"`,
		"[[peers]]\ngive = true":                                                 "address of peer 1: missing",
		"[[peers]]\naddress = \"groups.example.org\"\ngive = true":               "our own domain",
		"[[peers]]\naddress = \"a.example\"":                                     "nothing to do",
		"[[peers]]\naddress = \"a.example\"\ngrants = \"nonsense\"\ngive = true": "grants",
		"[[peers]]\naddress = \"a.example\"\ntake = [\"x\"]\n[[peers]]\naddress = \"b.example\"\ntake = [\"x\"]": "taken from a.example already",
		"[[peers]]\naddress = \"a.example\"\ngive = true\n[[peers]]\naddress = \"a.example\"\ngive = true":       "another peer's too",
	} {
		if _, _, err := load(t, "domain = \"groups.example.org\"\n"+text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: says %v", text, err)
		}
	}
}

func TestSources(t *testing.T) {
	c, dir, err := load(t, `domain = "groups.example.org"
[[sources]]
name = "hr"
kind = "peer"
address = "Groups.HR.example.org"
groups = ["team", "ops"]
[[sources]]
name = "sheet"
kind = "file"
path = "people.csv"
every = "15m"
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []Source{{Name: "hr", Kind: "peer", Address: "groups.hr.example.org", Groups: []string{"team", "ops"}},
		{Name: "sheet", Kind: "file", Path: filepath.Join(dir, "people.csv"), Every: 15 * time.Minute}}
	if !reflect.DeepEqual(c.Sources, want) {
		t.Errorf("got %+v", c.Sources)
	}
}

func TestDirectories(t *testing.T) {
	c, dir, err := load(t, `domain = "groups.example.org"
[[sources]]
name = "staff"
kind = "ldap"
url = "ldaps://ldap.example.org:1636/"
base = "dc=example,dc=org"
bind = "cn=rollcall,dc=example,dc=org"
password_file = "pw"
ca_file = "/ca.pem"
jid = "sAMAccountName@Example.net"
attributes = ["title", "telephoneNumber"]
[[sources]]
name = "other"
kind = "ldap"
url = "ldap://[::1]"
tls = "starttls"
base = "o=x"
filter = "(cn=a*)"
people = "(&(objectClass=person)(!(x=y)))"
jid = "mail"
groups = ["team"]
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []Source{
		{Name: "staff", Kind: "ldap", LDAP: LDAP{URL: "ldaps://ldap.example.org:1636/", Base: "dc=example,dc=org", Bind: "cn=rollcall,dc=example,dc=org",
			PasswordFile: filepath.Join(dir, "pw"), CAFile: "/ca.pem", Filter: defaultGroups, People: defaultPeople, JID: "sAMAccountName", JIDDomain: "example.net",
			Attributes: []string{"title", "telephoneNumber"}}},
		{Name: "other", Kind: "ldap", Groups: []string{"team"}, LDAP: LDAP{URL: "ldap://[::1]", TLS: "starttls", Base: "o=x", Filter: "(cn=a*)",
			People: "(&(objectClass=person)(!(x=y)))", JID: "mail"}},
	}
	if !reflect.DeepEqual(c.Sources, want) {
		t.Errorf("got %+v", c.Sources)
	}
	for text, says := range map[string]string{
		"kind = \"ldap\"\nbase = \"o=x\"":                                     "url of source 1: missing",
		"kind = \"ldap\"\nurl = \"ldap://x\"":                                 "base of source 1: missing",
		directory[len("name = \"x\"\n"):] + "bind = \"cn=x\"":                 "password_file of source 1: missing",
		directory[len("name = \"x\"\n"):] + "password_file = \"x\"":           "bind of source 1: missing",
		directory[len("name = \"x\"\n"):] + "address = \"x.example\"":         "not for a source of kind ldap",
		"kind = \"file\"\npath = \"a.csv\"\nbase = \"o=x\"":                   "only an ldap has",
		"kind = \"ldap\"\nurl = \"ldaps://x\"\ntls = \"off\"\nbase = \"o=x\"": "for ldap:// only",
		"url = \"http://x\"":                    "no directory's url",
		"url = \"ldap://\"":                     "no directory's url",
		"url = \"ldap://user:hunter2@x\"":       "no directory's url",
		"url = \"ldap://x/dc=example?uid?sub\"": "no directory's url",
		"tls = \"maybe\"":                       `"starttls" or "off"`,
		"base = \"example.org\"":                "no name of an entry",
		"filter = \"objectClass=group\"":        "no filter",
		"filter = \"(objectClass=group\"":       "no filter",
		"people = \"(a=b)(c=d)\"":               "no filter",
		"jid = \"mail@\"":                       "not a domain",
		"jid = \"@example.org\"":                "neither an attribute",
		"nick = \"display name\"":               "no attribute's name",
		"attributes = [\"title\", \"Title\"]":   "named twice",
		"attributes = [\"a;b\"]":                "no attribute's name",
	} {
		_, _, err := load(t, "domain = \"groups.example.org\"\n[[sources]]\nname = \"x\"\n"+text)
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: says %v", text, err)
		}
	}
}
