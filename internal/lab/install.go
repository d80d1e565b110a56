package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ErrMissing is wrapped by every error that means "a server's package is not
// installed"; the message names the package and the command to type.
var ErrMissing = errors.New("package missing")

// programs is what each package must bring for the laboratory to work:
// programs, and files by their paths.
func programs() map[string][]string {
	return map[string][]string{
		"prosody": {"prosody"}, "prosody-modules": {"/usr/lib/prosody/modules/mod_privilege/mod_privilege.lua"},
		"ejabberd": {"ejabberdctl", "erl"}, "libxml2-utils": {"xmllint"},
		"python3-slixmpp": {"/usr/bin/python3", "/usr/lib/python3/dist-packages/slixmpp/__init__.py"},
		"python3-aioxmpp": {"/usr/lib/python3/dist-packages/aioxmpp/__init__.py"},
		"gajim":           {"/usr/lib/python3/dist-packages/gajim/__init__.py"}, "xvfb": {"Xvfb"}, "dbus-daemon": {"dbus-daemon"},
		"adwaita-icon-theme": {"/usr/share/icons/Adwaita/index.theme"}, "fonts-dejavu-core": {"/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"},
		"profanity": {"profanity"}, "poezio": {"/usr/lib/python3/dist-packages/poezio/__init__.py"}, "tmux": {"tmux"},
		"chromium": {"chromium"}, "npm": {"npm", "node"},
		"slapd": {"slapd", "/etc/ldap/schema/inetorgperson.schema"},
	}
}

// policyFile is asked by Debian's maintainer scripts before they start a
// service; exit status 101 says no.
const policyFile = "/usr/sbin/policy-rc.d"

const policyDenies = "#!/bin/sh\n# Put here by rollcall while it installs packages; may be removed.\nexit 101\n"

// lookPath finds a program also where only root's PATH looks.
func lookPath(name string) (string, error) {
	if filepath.IsAbs(name) {
		_, err := os.Stat(name)
		return name, err
	}
	if p, err := exec.LookPath(name); err == nil {
		return p, nil
	}
	for _, dir := range []string{"/usr/sbin", "/usr/bin", "/sbin", "/usr/local/sbin"} {
		if p, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return p, nil
		}
	}
	return "", fmt.Errorf("find %s: %w", name, exec.ErrNotFound)
}

// Install makes sure that Debian's packages, those of [programs] that are
// named, are there. What is missing is installed by apt-get, which needs root;
// out is told once before. The services those packages bring are neither
// started nor enabled: the laboratory runs private ones.
//
// Where that cannot be done the error wraps [ErrMissing] and says what to type.
func Install(ctx context.Context, out io.Writer, packages ...string) error {
	return machine{look: lookPath, run: run, root: os.Geteuid() == 0, policy: policyFile}.install(ctx, out, packages)
}

// machine is where packages are installed; tests have another one.
type machine struct {
	look   func(program string) (path string, err error)
	run    func(ctx context.Context, program string, args ...string) error
	root   bool
	policy string // path of policy-rc.d
}

// missing returns those of the packages that are not usable.
func (m machine) missing(packages []string) []string {
	var missing []string
	for _, pkg := range packages {
		for _, program := range programs()[pkg] {
			if _, err := m.look(program); err != nil {
				missing = append(missing, pkg)
				break
			}
		}
	}
	return missing
}

func (m machine) install(ctx context.Context, out io.Writer, packages []string) error {
	missing := m.missing(packages)
	if len(missing) == 0 {
		return nil
	}
	names := strings.Join(missing, " ")
	apt, err := m.look("apt-get")
	if err != nil {
		return fmt.Errorf("%w: %s, and there is no apt-get to install it with: "+
			"install it by this system's own means (Prosody 0.12, ejabberd 23.01 or later)", ErrMissing, names)
	}
	byHand := "apt-get install --no-install-recommends " + names
	if !m.root {
		return fmt.Errorf("%w: %s; installing needs root, type: sudo %s", ErrMissing, names, byHand)
	}
	fmt.Fprintf(out, "installing %s from Debian's packages (once)…\n", strings.Join(missing, " and "))
	services := m.servicesOf(missing)
	restore, err := m.denyServices()
	if err != nil {
		return err
	}
	defer restore()
	if err := m.aptInstall(ctx, apt, missing); err != nil {
		return fmt.Errorf("%w: %s; to try by hand: %s\n%w", ErrMissing, names, byHand, err)
	}
	m.disable(ctx, services)
	if left := m.missing(missing); len(left) > 0 {
		return fmt.Errorf("%w: %s, although apt-get installed it", ErrMissing, strings.Join(left, " "))
	}
	return nil
}

// aptInstall tries with the package lists as they are, and once more with
// fresh ones: on a new machine there are none, on an old one they are stale.
func (m machine) aptInstall(ctx context.Context, apt string, packages []string) error {
	args := append([]string{"install", "-y", "-q", "--no-install-recommends"}, packages...)
	if m.run(ctx, apt, args...) == nil {
		return nil
	}
	if err := m.run(ctx, apt, "update", "-q"); err != nil {
		return err
	}
	return m.run(ctx, apt, args...)
}

func run(ctx context.Context, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // dpkg must not be cut off
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("run %s %s: %w\n%s", program, strings.Join(args, " "), err, lastLines(string(said), 15))
	}
	return nil
}

// denyServices keeps maintainer scripts from starting services until restore
// is called. A policy that the machine has already is put back.
func (m machine) denyServices() (restore func(), err error) {
	aside := m.policy + ".before-rollcall"
	restore = func() { _ = os.Rename(aside, m.policy) }
	had, err := os.ReadFile(m.policy)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && string(had) == policyDenies:
		// Ours is there if an earlier installation was killed; aside may be too.
		restore = func() { _ = errors.Join(os.Remove(m.policy), os.Rename(aside, m.policy)) }
	case err == nil:
		err = os.Rename(m.policy, aside)
		if err != nil {
			return nil, fmt.Errorf("keep services from starting: %w", err)
		}
	default:
		return nil, fmt.Errorf("keep services from starting: %w", err)
	}
	if err := os.WriteFile(m.policy, []byte(policyDenies), 0o755); err != nil {
		restore()
		return nil, fmt.Errorf("keep services from starting: %w", err)
	}
	return restore, nil
}

// servicesOf lists what the packages would start at boot. Erlang's port mapper
// comes with ejabberd, unless Erlang is used here already.
func (m machine) servicesOf(packages []string) []string {
	var units []string
	for _, pkg := range packages {
		if pkg == "prosody" || pkg == "ejabberd" || pkg == "slapd" {
			units = append(units, pkg+".service")
		}
		if _, err := m.look("erl"); pkg == "ejabberd" && err != nil {
			units = append(units, "epmd.service", "epmd.socket")
		}
	}
	return units
}

// disable keeps what was just installed from starting with the next boot. Best
// effort: not every machine has systemd.
func (m machine) disable(ctx context.Context, units []string) {
	if systemctl, err := m.look("systemctl"); err == nil {
		_ = m.run(ctx, systemctl, append([]string{"--quiet", "disable"}, units...)...)
	}
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
