package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/doctor"
	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/internal/lab/labtest"
)

// patient is what the doctor's flags say about a test account of s.
func patient(t *testing.T, s lab.Server) []string {
	t.Helper()
	if err := s.AddUser(t.Context(), "patient", "hunter2"); err != nil {
		t.Fatal(err)
	}
	return []string{"--account", "patient@" + s.Host(), "--password-file", secretFile(t, "hunter2"), "--server", s.C2SAddr()}
}

func secretFile(t *testing.T, secret string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// checks are the findings of `doctor --json`, by their words.
func checks(t *testing.T, output string) map[string]doctor.Level {
	t.Helper()
	var r doctor.Report
	if err := json.Unmarshal([]byte(output), &r); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	found := map[string]doctor.Level{}
	for _, f := range r.Findings {
		found[f.Check] = f.Level
	}
	return found
}

// Beside a running service the doctor attaches as nobody, and the account
// meets a group of the service, which is gone afterwards.
func TestDoctorBesideService(t *testing.T) {
	for _, name := range []string{"prosody", "ejabberd"} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, house.Server(t, name))
			if err := s.Settle(t.Context()); err != nil {
				t.Fatal(err)
			}
			status, out := command(t.Context(), s.file, append([]string{"doctor"}, patient(t, s.server)...)...)
			if status != exitDone {
				t.Errorf("exit %d: %s", status, out)
			}
			for _, want := range []string{"note    attach    the running service is attached as groups.example.org", "good    service   the running service sees the account"} {
				if !strings.Contains(out, want) {
					t.Errorf("%q is not in\n%s", want, out)
				}
			}
			for line := range strings.Lines(out) {
				if len([]rune(line)) > 81 || strings.Contains(line, "hunter2") {
					t.Errorf("line is %q", line)
				}
			}
			if _, groups := command(t.Context(), s.file, "group", "list"); groups != "" {
				t.Errorf("left behind: %s", groups)
			}
		})
	}
}

// With a second domain everything is examined while the service runs, and it
// does not notice.
func TestDoctorSecondDomain(t *testing.T) {
	server := labtest.Start(t, "prosody", lab.Options{Extra: lab.Extra{Global: "Component \"second.example.org\"\n\tcomponent_secret = \"other\"\n"}})
	s := newStage(t, server)
	args := append([]string{"doctor", "--json", "--domain", "second.example.org", "--secret-file", secretFile(t, "other")}, patient(t, server)...)
	status, out := command(t.Context(), s.file, args...)
	if found := checks(t, out); status != exitDone || found["attach"] != doctor.Good || found["unclean"] != doctor.Good || found["size"] != doctor.Good {
		t.Errorf("exit %d: %s", status, out)
	}
	if n := len(s.wire.conns); n != 1 {
		t.Errorf("the service attached %d times", n)
	}
}

func TestDoctorUsage(t *testing.T) {
	b := newBench(t)
	b.write("secret", "sesame")
	for args, want := range map[string]string{
		"--account a@example.org":                        "with which password?",
		"--password-file x":                              "give --account as well",
		"--domain x.example.org":                         "--domain and --secret-file belong together",
		"--domain groups.example.org --secret-file x":    "is the service's own",
		"--account a@example.org --password-file absent": "no such file",
	} {
		code, _, stderr := b.run(append([]string{"doctor"}, strings.Fields(args)...)...)
		if code == exitDone || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit %d: %s", args, code, stderr)
		}
	}
	b.write("rollcall.toml", "domain = \"groups.example.org\"\n[server]\naddress = \"127.0.0.1:1\"\nsecret_file = \"secret\"\n")
	code, stdout, stderr := b.run("doctor")
	if code != exitFailed || !strings.HasPrefix(stdout, "BAD     reach     nothing listens at 127.0.0.1:1") || !strings.Contains(stdout, `   component_ports = { 1 }`) ||
		stderr != "rollcall: something has to be changed: see above what is bad\n" {
		t.Errorf("exit %d\n%s%s", code, stdout, stderr)
	}
}
