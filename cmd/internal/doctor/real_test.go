package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/component"
	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/internal/lab/labtest"
)

func link(s lab.Server) component.Config {
	return component.Config{Addr: s.ComponentAddr(), Domain: s.ComponentDomain(), ServerHost: s.Host(),
		Secret: func() ([]byte, error) { return []byte(s.Secret()), nil }}
}

// account is one of s for a test.
func account(t *testing.T, s lab.Server, name string) *Account {
	t.Helper()
	if err := s.AddUser(t.Context(), name, "pass"); err != nil {
		t.Fatal(err)
	}
	return &Account{JID: name + "@" + s.Host(), Password: "pass", Address: s.C2SAddr()}
}

func examine(t *testing.T, o Options) *Report {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	r := Examine(ctx, o)
	for _, f := range r.Findings {
		if f.Level == Bad && f.Means == "" && f.Remedy == nil {
			t.Errorf("%s is bad, and that is all: %s", f.Check, f.Says)
		}
	}
	return r
}

// found compares findings with what is wanted, in order: "check level words",
// where the words may be a dot, for any.
func found(t *testing.T, r *Report, want string) {
	t.Helper()
	wants := strings.Split(strings.TrimSpace(want), "\n")
	for i := range max(len(wants), len(r.Findings)) {
		got, line := "", ""
		if i < len(r.Findings) {
			f := r.Findings[i]
			got = f.Check + " " + string(f.Level) + " " + f.Says
		}
		if i < len(wants) {
			line = strings.TrimSpace(wants[i])
		}
		head := strings.SplitN(line, " ", 3)
		if len(head) < 3 || !strings.HasPrefix(got, head[0]+" "+head[1]+" ") || head[2] != "." && !strings.Contains(got, head[2]) {
			t.Errorf("finding %d is %q, want %q", i, got, line)
		}
	}
}

func TestRealProsody(t *testing.T) {
	s := house.Server(t, "prosody")
	a := account(t, s, "doctor-good")
	r := examine(t, Options{Link: link(s), Account: a})
	found(t, r, `
		reach good can be reached
		tls good does not leave this machine
		attach good attached as groups.example.org
		host good answers as example.org: Prosody 0.
		clock good agree
		pubsub note has a PubSub service: pubsub.example.org
		multicast note has no multicast service
		privilege note grants the component no privileges
		account good is logged in
		consent good seen at once
		event good reach
		probe good who is online
		unclean good offline at once
		probe good who is offline
		conflict good a second connection is refused
		size good 96 KiB comes through`)
	if r.Bad() || !strings.HasPrefix(r.Server, "Prosody ") {
		t.Errorf("bad %v, server %q", r.Bad(), r.Server)
	}
	forgotten(t, s, a)
}

// forgotten: nothing of the doctor's group is left with the account.
func forgotten(t *testing.T, s lab.Server, a *Account) {
	t.Helper()
	name, _, _ := strings.Cut(a.JID, "@")
	c, err := lab.Login(t.Context(), s, name, a.Password, "look", lab.ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	roster, err := c.Query(t.Context(), "", "get", "<query xmlns='jabber:iq:roster'/>")
	if err != nil || strings.Contains(roster.Raw, "doctor-") && strings.Contains(roster.Raw, "<item") {
		t.Errorf("left behind: %s, %v", roster.Raw, err)
	}
}

// A Prosody with little in it, which answers next to nothing and has room for
// little.
func TestRealPoorProsody(t *testing.T) {
	t.Parallel()
	s := labtest.Start(t, "prosody", lab.Options{Modules: lab.Minimal, Extra: lab.Extra{
		Global: "component_stanza_size_limit = 20000", Component: "component_conflict_resolve = \"kick_old\""}})
	r := examine(t, Options{Link: link(s)})
	found(t, r, `
		reach good .
		tls good .
		attach good .
		host good answers as example.org
		clock unknown does not tell its time
		pubsub note has no PubSub service
		multicast note has no multicast
		privilege note no privileges
		conflict note throws the first one out
		size bad does not come through`)
	if r.Server != "" || !r.Bad() {
		t.Errorf("bad %v, server %q", r.Bad(), r.Server)
	}
	if last := r.Findings[len(r.Findings)-1]; len(last.Remedy) != 2 { // it does not say what it is
		t.Errorf("remedies are %v", last.Remedy)
	}
}

// With the lines that the doctor prints Prosody copies, by the module of ours.
func TestRealCopyingProsody(t *testing.T) {
	t.Parallel()
	e := &exam{Options: Options{Link: component.Config{Domain: "groups.example.org", ServerHost: "example.org"}}, server: prosody}
	global, host, _ := strings.Cut(e.multicastLines()[0].Text, "\n")
	dir, err := filepath.Abs("../../../packaging/prosody")
	if err != nil {
		t.Fatal(err)
	}
	global = strings.Replace(global, "/usr/share/rollcall/prosody", dir, 1)
	s := labtest.Start(t, "prosody", lab.Options{Modules: lab.Minimal, Extra: lab.Extra{Global: global, Host: host}})
	found(t, examine(t, Options{Link: link(s)}), `
		reach good .
		tls good .
		attach good .
		host good .
		clock unknown .
		pubsub note .
		privilege note .
		conflict good .
		size good .
		multicast good takes 1000 addresses in a stanza, and perhaps more`)
}

func TestRealEjabberd(t *testing.T) {
	s := house.Server(t, "ejabberd")
	a := account(t, s, "doctor-good")
	found(t, examine(t, Options{Link: link(s), Account: a}), `
		reach good .
		tls good .
		attach good .
		host good answers as example.org: ejabberd 2
		clock unknown does not tell its time
		pubsub note has a PubSub service: pubsub.example.org
		multicast note has no multicast service
		privilege note no privileges
		account good .
		consent good .
		event good .
		probe good who is online
		unclean good .
		probe note offline is not answered
		conflict note accepted beside the first
		size good .`)
	forgotten(t, s, a)
}

// The lines that the doctor prints are ejabberd's own: with them the findings
// change.
func TestRealRichEjabberd(t *testing.T) {
	t.Parallel()
	e := &exam{Options: Options{Link: component.Config{Domain: "groups.example.org", ServerHost: "example.org", Addr: "127.0.0.1:5347"}}, server: ejabberd}
	extra := merged(e.privilegeLines()[0].Text, e.multicastLines()[1].Text)
	extra.Modules += "\n  mod_time: {}"
	s, authority := labtest.StartSecured(t, lab.Options{Extra: extra})
	pem, err := os.ReadFile(authority)
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(pem) {
		t.Fatal(err)
	}
	l := link(s)
	l.TLS = &tls.Config{RootCAs: pool, ServerName: "example.org"}
	found(t, examine(t, Options{Link: l, Account: account(t, s, "doctor-rich")}), `
		reach good .
		tls good speaks TLS, and so do we
		attach good .
		host good .
		clock good .
		pubsub note .
		privilege note (urn:xmpp:privilege:1): presence=managed_entity
		account good .
		consent good .
		event good .
		probe good .
		unclean good .
		managed note does not tell
		probe note .
		conflict note .
		size good .
		multicast good takes 1000 addresses in a stanza, and perhaps more`)
	found(t, examine(t, Options{Link: link(s)}), `
		reach good .
		tls bad the port speaks TLS, and the configuration does not
		attach bad seems to speak TLS`)
	l.TLS = &tls.Config{ServerName: "example.org"}
	found(t, examine(t, Options{Link: l}), `
		reach good .
		tls good .
		attach bad certificate signed by unknown authority`)
}

// merged puts what the doctor prints into the sections that a configuration
// has already.
func merged(all ...string) (x lab.Extra) {
	for _, text := range all {
		acl, rest, _ := strings.Cut(strings.TrimPrefix(text, "acl:\n"), "access_rules:\n")
		rules, modules, _ := strings.Cut(rest, "modules:\n")
		x.ACL, x.Rules = acl, rules // the same in all
		x.Modules += modules + "\n"
	}
	return x
}

// What goes wrong before anything can be examined.
func TestRealNotAttached(t *testing.T) {
	for _, name := range []string{"prosody", "ejabberd"} {
		s := house.Server(t, name)
		for _, test := range []struct {
			change func(*component.Config)
			want   string
		}{
			{func(c *component.Config) { c.Secret = func() ([]byte, error) { return []byte("wrong"), nil } }, "tls good .\nattach bad the server refused the secret"},
			{func(c *component.Config) { c.Domain = "unknown.example.org" }, "tls good .\nattach bad not attached as unknown.example.org"},
			{func(c *component.Config) { c.TLS = &tls.Config{} }, "tls bad the port does not speak it\nattach bad speaks none"},
		} {
			l := link(s)
			test.change(&l)
			r := examine(t, Options{Link: l})
			found(t, r, "reach good .\n"+test.want)
			if r.Findings[len(r.Findings)-1].Means == "" {
				t.Errorf("%s: it means nothing: %+v", name, r.Findings)
			}
		}
	}
	found(t, examine(t, Options{Link: component.Config{Addr: "127.0.0.1:1", Domain: "groups.example.org"}}), "reach bad nothing listens")
}

func TestRealBadHost(t *testing.T) {
	l := link(house.Server(t, "prosody"))
	l.ServerHost = "nobody.example.net"
	r := examine(t, Options{Link: l})
	found(t, r, "reach good .\ntls good .\nattach good .\nhost bad nobody.example.net is not the server\nprivilege note .\nconflict good .\nsize good .")
}

func TestRealClock(t *testing.T) {
	l := link(house.Server(t, "prosody"))
	for off, want := range map[time.Duration]string{-time.Minute: "bad differ by", time.Minute: "bad differ by", 0: "good agree"} {
		r := examine(t, Options{Link: l, Now: func() time.Time { return time.Now().Add(off) }})
		for _, f := range r.Findings {
			if got := string(f.Level) + " " + f.Says; f.Check == "clock" && (got[:3] != want[:3] || !strings.Contains(got, want[4:])) {
				t.Errorf("%v off: %s", off, got)
			}
		}
	}
}

// Accounts that are of no use.
func TestRealBadAccount(t *testing.T) {
	for _, name := range []string{"prosody", "ejabberd"} {
		s := house.Server(t, name)
		a := account(t, s, "doctor-bad")
		a.Password = "wrong"
		level(t, examine(t, Options{Link: link(s), Account: a}), "account", Bad)
	}
	// It blocks whatever comes from our domain.
	s := house.Server(t, "prosody")
	a := account(t, s, "doctor-deaf")
	c, err := lab.Login(t.Context(), s, "doctor-deaf", "pass", "r", lab.ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := c.Query(t.Context(), "", "set", "<block xmlns='urn:xmpp:blocking'><item jid='"+s.ComponentDomain()+"'/></block>"); err != nil || answer.Type != "result" {
		t.Fatalf("block: %v, %v", answer.Raw, err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	r := examine(t, Options{Link: link(s), Account: a})
	level(t, r, "consent", Bad)
}

func level(t *testing.T, r *Report, check string, want Level) {
	t.Helper()
	for _, f := range r.Findings {
		if f.Check == check {
			if f.Level != want {
				t.Errorf("%s is %s: %s", check, f.Level, f.Says)
			}
			return
		}
	}
	t.Errorf("nothing was found about %s", check)
}
