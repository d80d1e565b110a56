package lab

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// box is a machine that only notes what is done to it.
type box struct {
	machine
	has    []string // programs
	stale  bool     // apt-get install fails until apt-get update
	broken bool     // apt-get fails
	did    []string
	during string // the policy while apt-get ran
}

func newBox(t *testing.T, root bool, has ...string) *box {
	b := &box{has: has}
	b.machine = machine{look: b.find, run: b.exec, root: root, policy: filepath.Join(t.TempDir(), "policy-rc.d")}
	return b
}

func (b *box) find(program string) (string, error) {
	if slices.Contains(b.has, program) {
		return "/bin/" + program, nil
	}
	return "", fs.ErrNotExist
}

func (b *box) exec(_ context.Context, program string, args ...string) error {
	line := program + " " + strings.Join(args, " ")
	b.did = append(b.did, line)
	switch {
	case b.broken:
		return errors.New("no network")
	case strings.Contains(line, "apt-get update"):
		b.stale = false
	case strings.Contains(line, "apt-get install"):
		policy, _ := os.ReadFile(b.policy)
		b.during = string(policy)
		if b.stale {
			return errors.New("unable to locate package")
		}
		b.has = append(b.has, "prosody", "ejabberdctl", "erl", "slapd", "/etc/ldap/schema/inetorgperson.schema")
	}
	return nil
}

func TestInstallNothing(t *testing.T) {
	var out strings.Builder
	b := newBox(t, false, "prosody", "ejabberdctl", "erl")
	if err := b.install(t.Context(), &out, []string{"prosody", "ejabberd"}); err != nil || out.Len() > 0 || b.did != nil {
		t.Errorf("%v, said %q, did %v", err, out.String(), b.did)
	}
}

func TestInstallIsImpossible(t *testing.T) {
	broken := newBox(t, true, "apt-get")
	broken.broken = true
	for name, c := range map[string]struct {
		box  *box
		want string
	}{
		"no root": {newBox(t, false, "apt-get", "prosody"), "type: sudo apt-get install --no-install-recommends ejabberd"},
		"no apt":  {newBox(t, true), "there is no apt-get"},
		"broken":  {broken, "no network"},
	} {
		var out strings.Builder
		err := c.box.install(t.Context(), &out, []string{"prosody", "ejabberd"})
		if !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(c.box.policy); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: a policy is left behind", name)
		}
	}
}

func TestInstallStartsNoService(t *testing.T) {
	for name, before := range map[string]string{"no policy": "", "a policy": "#!/bin/sh\nexit 0\n"} {
		t.Run(name, func(t *testing.T) {
			b := newBox(t, true, "apt-get", "systemctl")
			b.stale = true
			if before != "" {
				if err := os.WriteFile(b.policy, []byte(before), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			var out strings.Builder
			if err := b.install(t.Context(), &out, []string{"prosody", "ejabberd", "slapd"}); err != nil {
				t.Fatal(err)
			}
			if got := out.String(); got != "installing prosody and ejabberd and slapd from Debian's packages (once)…\n" {
				t.Errorf("said %q", got)
			}
			if b.during != policyDenies {
				t.Errorf("while apt-get ran the policy was %q", b.during)
			}
			want := []string{
				"/bin/apt-get install -y -q --no-install-recommends prosody ejabberd slapd",
				"/bin/apt-get update -q",
				"/bin/apt-get install -y -q --no-install-recommends prosody ejabberd slapd",
				"/bin/systemctl --quiet disable prosody.service ejabberd.service epmd.service epmd.socket slapd.service",
			}
			if !slices.Equal(b.did, want) {
				t.Errorf("did\n%s", strings.Join(b.did, "\n"))
			}
			if after, _ := os.ReadFile(b.policy); string(after) != before {
				t.Errorf("left the policy %q", after)
			}
			if left, _ := filepath.Glob(b.policy + ".*"); len(left) > 0 {
				t.Errorf("left %v", left)
			}
		})
	}
}

// TestPolicyOfKilledInstallation: the next one cleans up.
func TestPolicyOfKilledInstallation(t *testing.T) {
	b := newBox(t, true)
	for path, text := range map[string]string{b.policy: policyDenies, b.policy + ".before-rollcall": "theirs"} {
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	restore, err := b.denyServices()
	if err != nil {
		t.Fatal(err)
	}
	restore()
	if after, _ := os.ReadFile(b.policy); string(after) != "theirs" {
		t.Errorf("left the policy %q", after)
	}
}

func TestClaimedPortIsTaken(t *testing.T) {
	ports, err := claimPorts(2)
	if err != nil {
		t.Fatal(err)
	}
	defer releasePorts(ports)
	for _, p := range ports {
		if again := (port{number: p.number}); again.take() && hasSecondLoopback() {
			t.Errorf("port %d was claimed twice", p.number)
		}
	}
}

func TestQuoting(t *testing.T) {
	if got := luaString("a\"\\\n'é"); got != `"a\034\092\010'\195\169"` {
		t.Errorf("for Lua: %s", got)
	}
	if got := prosodyFileName("bob.p-1@é"); got != "bob%2ep%2d1%40%c3%a9" {
		t.Errorf("as a file: %s", got)
	}
}
