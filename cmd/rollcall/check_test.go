package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/doctor"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

const checkedConfig = "domain = \"groups.example.org\"\n[server]\nsecret_file = \"secret\"\n[http]\nlisten = \"\"\n"

// checkBench is all in order.
func checkBench(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	b.write("rollcall.toml", checkedConfig)
	b.write("secret", "0123456789abcdef\n")
	return b
}

// verdict is `check` without what it says of whoever looks.
func (b *bench) verdict() (code int, output string) {
	b.t.Helper()
	code, stdout, stderr := b.run("check")
	if (code == exitDone) != (stderr == "") {
		b.t.Errorf("exit %d, but %q", code, stderr)
	}
	before, _, _ := strings.Cut(stdout, "note    user ")
	return code, before
}

// flatten undoes the wrapping, which depends on the directory's name.
func flatten(s string) string { return strings.Join(strings.Fields(s), " ") }

func TestCheckGood(t *testing.T) {
	b := checkBench(t)
	code, output := b.verdict()
	same(t, flatten(output), "good config DIR/rollcall.toml says nothing wrong; the domain is groups.example.org "+
		"good secret there is a secret good tls the link to 127.0.0.1:5347 does not leave this machine "+
		"good store DIR/rollcall.db will be made good socket the admin socket will be DIR/rollcall.sock")
	if code != exitDone {
		t.Errorf("exit %d", code)
	}
	if files, err := os.ReadDir(b.dir); err != nil || len(files) != 2 {
		t.Errorf("left behind: %v, %v", files, err)
	}

	st, err := store.Open(t.Context(), "sqlite:"+filepath.Join(b.dir, "rollcall.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := st.CreateGroup(t.Context(), &roster.GroupRecord{Name: "team"}); err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	b.serve()
	code, output = b.verdict()
	for _, want := range []string{"rollcall.db is sound: schema ", ", 1 group, 0 members", "good    socket    the service runs and answers at DIR/rollcall.sock"} {
		if !strings.Contains(flatten(output), flatten(want)) {
			t.Errorf("%q is not in\n%s", want, output)
		}
	}
	if code != exitDone {
		t.Errorf("exit %d", code)
	}
	_, out, _ := b.run("check", "--json")
	if found := checks(t, out); found["store"] != doctor.Good {
		t.Errorf("JSON is %s", out)
	}
}

// Each thing that can be wrong, alone.
func TestCheckBad(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	config := func(from, to string) func(*bench) {
		return func(b *bench) { b.write("rollcall.toml", strings.Replace(checkedConfig, from, to, 1)) }
	}
	mode := func(name string) func(*bench) {
		return func(b *bench) {
			if err := os.Chmod(filepath.Join(b.dir, name), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	both := func(f ...func(*bench)) func(*bench) {
		return func(b *bench) {
			for _, change := range f {
				change(b)
			}
		}
	}
	for _, test := range []struct {
		change func(*bench)
		level  string // and check
		says   string
	}{
		{config("domain", "domian"), "BAD config", "did you mean domain"},
		{both(config("secret_file = \"secret\"", "secret = \"0123456789abcdef\""), mode("rollcall.toml")), "BAD config", "holds the secret, and others may read it"},
		{config("\"secret\"", "\"absent\""), "BAD secret", "no such file"},
		{mode("secret"), "BAD secret", "chmod o-r DIR/secret"},
		{func(b *bench) { b.write("secret", "short") }, "note secret", "less than 16"},
		{config("[server]", "[server]\naddress = \"192.0.2.1:5347\""), "BAD tls", "is not encrypted and leaves this machine"},
		{config("[server]", "[server]\ntls = true\nca_file = \"absent\""), "BAD tls", "ca_file"},
		{config("[http]", "[store]\nurl = \"sqlite:nowhere/rollcall.db\"\n[http]"), "BAD store", "there is no directory DIR/nowhere"},
		{func(b *bench) { b.write("rollcall.db", "not a database, but long enough to be looked at") }, "BAD store", "rollcall verify tells more"},
		{config("[http]", "[store]\nurl = \"sqlite::memory:\"\n[http]"), "note store", "in memory"},
		{config("[http]", "[admin]\nsocket = \"nowhere/sock\"\n[http]"), "BAD socket", "there is no directory DIR/nowhere"},
		{config("[http]", "[admin]\nsocket = \"/run/rollcall-of-no-machine/sock\"\n[http]"), "note socket", "Systemd makes it"},
		{config("\"\"", "\""+busy.Addr().String()+"\""), "BAD http", "another one below [http]"},
	} {
		b := checkBench(t)
		test.change(b)
		code, output := b.verdict()
		flat := flatten(output)
		if !strings.Contains(flat, test.level+" ") || !strings.Contains(flat, test.says) || (code == exitDone) != strings.HasPrefix(test.level, "note") {
			t.Errorf("want %s … %s, exit %d:\n%s", test.level, test.says, code, output)
		}
		if n := strings.Count("\n"+output, "\nBAD "); n > 1 {
			t.Errorf("%s: %d things are bad:\n%s", test.says, n, output)
		}
	}
}
