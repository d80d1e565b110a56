package directory

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/internal/lab/labtest"
)

func dn(uid string) string { return labtest.Person(uid) }

// A directory that tells: each change arrives, though nobody asks for an hour.
func TestTold(t *testing.T) {
	d := labtest.StartDirectory(t, lab.SlapdOptions{Syncprov: true})
	d.AddPerson("anna", "Anna")
	d.AddPerson("bo", "Bo", "displayName=Bobo")
	d.AddGroup("The Team", dn("anna"), dn("bo"))
	r := run(t, config(d.URL()))
	r.group(t, "the-team", `"The Team" "": anna@example.org=Anna bo@example.org=Bobo`)
	d.AddPerson("cy", "Cy")
	d.Set("cn=The Team,ou=groups", "member", dn("anna"), dn("cy"))
	r.group(t, "the-team", `"The Team" "": anna@example.org=Anna cy@example.org=Cy`)
	d.Set("uid=cy,ou=people", "displayName", "Cyrus")
	r.group(t, "the-team", `"The Team" "": anna@example.org=Anna cy@example.org=Cyrus`)
	d.Rename("uid=cy,ou=people", "uid=cyrus")
	r.group(t, "the-team", `"The Team" "": anna@example.org=Anna`) // no refint here
	d.Set("cn=The Team,ou=groups", "member", dn("anna"), dn("cyrus"))
	r.group(t, "the-team", `"The Team" "": anna@example.org=Anna cyrus@example.org=Cyrus`)
	d.Delete("uid=anna,ou=people")
	r.group(t, "the-team", `"The Team" "": cyrus@example.org=Cyrus`)
	d.AddGroup("ops", dn("cyrus"))
	r.group(t, "ops", `"" "": cyrus@example.org=Cyrus`)
	d.Delete("cn=The Team,ou=groups")
	r.becomes(t, "what there is", "ops", func() string { return r.only })
}

// One that does not tell is asked; and only if something was written it is read.
func TestAsked(t *testing.T) {
	for name, opts := range map[string]lab.SlapdOptions{"with a stamp": {Syncprov: true}, "without": {}} {
		t.Run(name, func(t *testing.T) {
			d := labtest.StartDirectory(t, opts)
			d.AddPerson("anna", "Anna")
			d.AddPerson("bo", "Bo")
			d.AddGroup("team", dn("anna"))
			cfg := config(d.URL())
			cfg.Every = 20 * time.Millisecond
			r := run(t, cfg)
			r.group(t, "team", `"" "": anna@example.org=Anna`)
			d.Set("cn=team,ou=groups", "member", dn("anna"), dn("bo"))
			r.group(t, "team", `"" "": anna@example.org=Anna bo@example.org=Bo`)
			r.mu.Lock()
			told := r.told["team"]
			r.mu.Unlock()
			if opts.Syncprov && told > 3 { // a change between the stamp and the reading costs one more
				t.Errorf("it was read %d times", told)
			}
		})
	}
}

const reader = "cn=reader," + lab.SlapdBase

// newReader makes somebody who may read the directory, as far as it lets him.
func newReader(d *labtest.Directory, url string) Config {
	d.Add("cn=reader", "objectClass=applicationProcess", "objectClass=simpleSecurityObject", "userPassword=of the reader")
	cfg := config(url)
	cfg.Bind, cfg.Password = reader, func() (string, error) { return "of the reader", nil }
	return cfg
}

// One that says it could tell, and does not, is read from time to time.
func TestSilent(t *testing.T) {
	d := labtest.StartDirectory(t, lab.SlapdOptions{})
	d.AddPerson("anna", "Anna")
	d.AddGroup("team", dn("anna"))
	cfg := config(d.URL())
	cfg.Pace.Check, cfg.Pace.Blind = 10*time.Millisecond, 20*time.Millisecond
	r := run(t, cfg)
	r.group(t, "team", `"" "": anna@example.org=Anna`)
	d.Set("uid=anna,ou=people", "displayName", "A")
	r.group(t, "team", `"" "": anna@example.org=A`)
}

// A list that its limits cut short is not taken in, and one that is whole again
// is.
func TestLimit(t *testing.T) {
	d := labtest.StartDirectory(t, lab.SlapdOptions{Database: "limits dn.exact=\"" + reader + "\" size=2\n"})
	cfg := newReader(d, d.URL())
	cfg.Every = 20 * time.Millisecond
	d.AddPerson("anna", "Anna")
	d.AddPerson("bo", "Bo")
	d.AddGroup("team", dn("anna"), dn("bo"))
	r := run(t, cfg)
	r.group(t, "team", `"" "": anna@example.org=Anna bo@example.org=Bo`)
	d.AddPerson("cy", "Cy")
	r.missed(t, "", "Size Limit Exceeded")
	d.Set("cn=team,ou=groups", "member", dn("bo"), dn("cy"))
	d.Delete("uid=anna,ou=people")
	r.group(t, "team", `"" "": bo@example.org=Bo cy@example.org=Cy`)
	r.becomes(t, "it", "back", func() string { return map[bool]string{true: "back"}[r.lost[""] == ""] })
}

// Who is elsewhere is not forgotten: then nothing is taken in.
func TestReferral(t *testing.T) {
	d := labtest.StartDirectory(t, lab.SlapdOptions{Syncprov: true})
	d.AddPerson("anna", "Anna")
	d.AddGroup("team", dn("anna"))
	r := run(t, config(d.URL()))
	r.group(t, "team", `"" "": anna@example.org=Anna`)
	d.Add("ou=branch", "objectClass=referral", "objectClass=extensibleObject", "ref=ldap://127.0.0.1:1/ou=branch,dc=example,dc=org")
	d.Set("uid=anna,ou=people", "displayName", "A")
	r.missed(t, "", "refers to another server")
	r.mu.Lock()
	defer r.mu.Unlock()
	if got := r.groups["team"]; got != `"" "": anna@example.org=Anna` {
		t.Errorf("told %s", got)
	}
}

// One that answers nothing is as good as away; one that was away is read again.
func TestAway(t *testing.T) {
	d := labtest.StartDirectory(t, lab.SlapdOptions{Syncprov: true})
	d.AddPerson("anna", "Anna")
	d.AddPerson("bo", "Bo")
	d.AddGroup("team", dn("anna"))
	cfg := config(d.URL())
	cfg.Pace.Check, cfg.Pace.Timeout = 20*time.Millisecond, 500*time.Millisecond
	r := run(t, cfg)
	r.group(t, "team", `"" "": anna@example.org=Anna`)
	if err := d.Pause(); err != nil {
		t.Fatal(err)
	}
	r.missed(t, "", "timed out")
	if err := d.Resume(); err != nil {
		t.Fatal(err)
	}
	r.becomes(t, "it", "back", func() string { return map[bool]string{true: "back"}[r.lost[""] == ""] })
	if err := d.Kill(); err != nil {
		t.Fatal(err)
	}
	r.missed(t, "", "directory")
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.Set("cn=team,ou=groups", "member", dn("bo"))
	r.group(t, "team", `"" "": bo@example.org=Bo`)
}

// A right that was taken from us is not a company without people.
func TestRight(t *testing.T) {
	dir := t.TempDir()
	const people = "access to dn.subtree=\"ou=people,dc=example,dc=org\" by * read\n"
	d := labtest.StartDirectory(t, lab.SlapdOptions{Dir: dir, Syncprov: true, Database: people + "access to * by * read\n"})
	d.AddPerson("anna", "Anna")
	d.AddGroup("team", dn("anna"))
	cfg := config(d.URL())
	cfg.Bind, cfg.Password = "", nil
	r := run(t, cfg)
	r.group(t, "team", `"" "": anna@example.org=Anna`)
	for _, test := range []struct{ right, says string }{
		{"by * none\n", "nobody was found"},
		{"attrs=entry,objectClass by * read\n" + people[:len(people)-len("by * read\n")] + "by * none\n", "nobody in its groups has a uid"},
	} {
		if err := d.Kill(); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "slapd.conf")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		begin := people[:len(people)-len("by * read\n")]
		was := regexp.MustCompile("(?s)"+regexp.QuoteMeta(begin)+".*access to \\*").ReplaceAllLiteralString(string(text), begin+test.right+"access to *")
		if err := os.WriteFile(file, []byte(was), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := d.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.missed(t, "", test.says)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if got := r.groups["team"]; got != `"" "": anna@example.org=Anna` {
		t.Errorf("told %s", got)
	}
}

// Encrypted by StartTLS or from the first byte, by whom we trust, or not at all.
func TestTLS(t *testing.T) {
	both, authority := labtest.Certificate(t, "localhost")
	_, stranger := labtest.Certificate(t, "localhost")
	d := labtest.StartDirectory(t, lab.SlapdOptions{Syncprov: true, Global: "TLSCertificateFile " + both + "\nTLSCertificateKeyFile " + both + "\nTLSCACertificateFile " + authority + "\n"})
	d.AddPerson("anna", "Anna")
	d.AddGroup("team", dn("anna"))
	plain := strings.Replace(d.URL(), "127.0.0.1", "localhost", 1)
	secured := "ldaps://localhost:" + front(t, both, d.URL())
	for name, test := range map[string]struct {
		url       string
		security  Security
		authority string
		want      string
	}{
		"starttls":             {plain, StartTLS, authority, ""},
		"by a stranger":        {plain, StartTLS, stranger, "certificate"},
		"by nobody we know":    {plain, StartTLS, "", "certificate"},
		"another name":         {d.URL(), StartTLS, authority, "certificate"},
		"loopback":             {plain, Auto, "", ""},
		"off":                  {plain, Off, "", ""},
		"ldaps":                {secured, Auto, authority, ""},
		"ldaps by a stranger":  {secured, Auto, stranger, "certificate"},
		"no authority to read": {secured, Auto, both + "x", "no such file"},
	} {
		cfg := config(test.url)
		cfg.Security, cfg.CAFile = test.security, test.authority
		asked := false
		cfg.Password = func() (string, error) { asked = true; return lab.SlapdPassword, nil }
		v, err := New(cfg).Look(t.Context())
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) || asked != (test.want == "") {
			t.Errorf("%s: %+v, %v; asked for the password: %v", name, v, err, asked)
		}
	}
	cfg := config(plain)
	cfg.Security, cfg.CAFile = StartTLS, authority
	r := run(t, cfg)
	r.group(t, "team", `"" "": anna@example.org=Anna`)
	d.Set("uid=anna,ou=people", "displayName", "A")
	r.group(t, "team", `"" "": anna@example.org=A`)
}

// front is the port of what speaks TLS before somebody who does not.
func front(t *testing.T, both, behind string) (port string) {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(both, both)
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				s, err := net.Dial("tcp", strings.Trim(strings.TrimPrefix(behind, "ldap:"), "/"))
				if err != nil {
					return
				}
				all.Go(func() { defer c.Close(); _, _ = io.Copy(c, s) })
				defer s.Close()
				_, _ = io.Copy(s, c)
			})
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port
}

// What the doctor tells.
func TestLook(t *testing.T) {
	d := labtest.StartDirectory(t, lab.SlapdOptions{})
	cfg := newReader(d, d.URL())
	d.AddPerson("anna", "Anna")
	d.AddPerson("bo", "Bo", "uid=bob") // whose uid is clear by his name
	d.AddGroup("team", dn("anna"), dn("bo"), dn("gone"), labtest.DN("cn=ops,ou=groups"))
	d.Add("cn=ops,ou=groups", "objectClass=posixGroup", "gidNumber=5", "memberUid=bob")
	d.Add("cn=OPS,ou=people", "objectClass=groupOfUniqueNames", "uniqueMember="+dn("anna"))
	if v, err := New(config(d.URL())).Look(t.Context()); err != nil || strings.Contains(v.How, "at once") {
		t.Errorf("told %+v, %v", v, err)
	}
	v, err := New(cfg).Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%s; %q; %q; %q", v.How, v.Groups, v.Wrong, v.Notes)
	want := d.URL() + ` lets us in as cn=reader,dc=example,dc=org; ["team (2 members)"]; ` +
		`["ops: cn=OPS,ou=people,dc=example,dc=org and cn=ops,ou=groups,dc=example,dc=org would both be called ops" "ops: cn=OPS,ou=people,dc=example,dc=org and cn=ops,ou=groups,dc=example,dc=org would both be called ops"]; ` +
		`["it does not say when something has changed (overlay syncprov of OpenLDAP would): everything is read every 5m0s" "team: 1 who are named there are no people that we may see, or have no uid"]`
	if got != want {
		t.Errorf("told\n%s, want\n%s", got, want)
	}
	cfg.Password = func() (string, error) { return "another", nil }
	if _, err := New(cfg).Look(t.Context()); err == nil || !strings.Contains(err.Error(), "Invalid Credentials") || strings.Contains(err.Error(), "another") {
		t.Errorf("with another password: %v", err)
	}
}
