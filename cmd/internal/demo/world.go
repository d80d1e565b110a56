package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// The names of everything in the world.
const (
	groupName  = "team"
	configName = "rollcall.toml"
	password   = "demo" // of everybody: the server listens on loopback only
)

// world is a server and rollcall beside it, in a directory of their own.
type world struct {
	dir     string
	program string

	mu      sync.Mutex // the fields below, for kill
	server  lab.Server
	service *child
}

// maxBase leaves room for the name of a Unix socket, which has 108 bytes.
const maxBase = 60

// newWorld makes the directory; open starts what lives in it. close ends it
// all, also after open has failed.
func newWorld(program string) (*world, error) {
	base := os.TempDir()
	if len(base) > maxBase {
		base = "/tmp"
	}
	dir, err := os.MkdirTemp(base, "rollcall-demo-")
	if err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	return &world{dir: dir, program: program}, nil
}

func (w *world) config() string { return filepath.Join(w.dir, configName) }

// group is the group's bare JID.
func (w *world) group() string { return groupName + "@" + w.server.ComponentDomain() }

func (w *world) bare(user string) string { return user + "@" + w.server.Host() }

func (w *world) startServer(ctx context.Context, name string) error {
	start := lab.StartProsody
	if name == "ejabberd" {
		start = lab.StartEjabberd
	}
	srv, err := start(ctx, lab.Options{Dir: filepath.Join(w.dir, name), Secret: rand.Text()})
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.server = srv
	return nil
}

// configText is what an admin would write; no port of ours may be taken by
// another demo, so there is no HTTP listener.
const configText = `domain = %q
[server]
address = %q
secret_file = "secret"
[admin]
jids = [%q]
[http]
listen = ""
`

// startService writes the configuration and runs `rollcall run` until its
// admin socket answers.
func (w *world) startService(ctx context.Context) error {
	text := fmt.Sprintf(configText, w.server.ComponentDomain(), w.server.ComponentAddr(), w.bare("anna"))
	err := errors.Join(
		os.WriteFile(filepath.Join(w.dir, "secret"), []byte(w.server.Secret()+"\n"), 0o600),
		os.WriteFile(w.config(), []byte(text), 0o600))
	if err != nil {
		return fmt.Errorf("configure rollcall: %w", err)
	}
	c, err := startChild(w.dir, filepath.Join(w.dir, "rollcall.log"), w.program, "run", "-config", w.config())
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.service = c
	w.mu.Unlock()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := w.admin(ctx, "group", "list"); err == nil {
			return nil
		}
		select {
		case <-c.done:
			return c.why()
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// admin runs one command of an admin and returns what it said.
func (w *world) admin(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, w.program, append(args, "-config", w.config())...)
	cmd.Dir = w.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	said, err := cmd.CombinedOutput()
	out := strings.TrimSpace(string(said))
	if err != nil {
		return "", fmt.Errorf("rollcall %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return out, nil
}

// close ends rollcall, then the server, and removes the directory.
func (w *world) close() error {
	w.mu.Lock()
	server, service := w.server, w.service
	w.mu.Unlock()
	var errs []error
	if service != nil {
		errs = append(errs, service.stop())
	}
	if server != nil {
		errs = append(errs, server.Stop())
	}
	return errors.Join(append(errs, os.RemoveAll(w.dir))...)
}

// kill is close for who has no patience; close may be at work. The server's
// own Kill would wait for its Stop.
func (w *world) kill() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.service != nil {
		w.service.signal(syscall.SIGKILL)
	}
	if w.server != nil {
		for _, pid := range w.server.PIDs() {
			_ = syscall.Kill(-pid, syscall.SIGKILL) // it may have ended just now
		}
		_ = w.server.Kill() // waits for its end
	}
	_ = os.RemoveAll(w.dir)
}
