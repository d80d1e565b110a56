package labtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/internal/lab/play"
)

// Names are the kinds of server, the fastest first.
func Names() []string { return []string{"fake", "prosody", "ejabberd"} }

// Start starts a server of its own for one test; it is stopped when the test
// ends.
func Start(t testing.TB, name string, opts lab.Options) lab.Server {
	t.Helper()
	s, err := start(t.Context(), name, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		showLog(t, s)
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func start(ctx context.Context, name string, opts lab.Options) (lab.Server, error) {
	switch name {
	case "prosody":
		return lab.StartProsody(ctx, opts)
	case "ejabberd":
		return lab.StartEjabberd(ctx, opts)
	case "fake":
		return lab.StartFake(ctx, opts)
	}
	return nil, fmt.Errorf("start server: no kind %q", name)
}

// showLog helps to understand a failure.
func showLog(t testing.TB, s lab.Server) {
	if !t.Failed() || s.Log() == "" {
		return
	}
	text, _ := os.ReadFile(s.Log())
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	t.Logf("the end of %s's log:\n%s", s.Name(), strings.Join(lines[max(0, len(lines)-20):], "\n"))
}

// House keeps one server of each kind. The zero value is ready.
type House struct {
	Options lab.Options // of all servers; Dir must be ""

	mu      sync.Mutex
	servers map[string]lab.Server
}

// Run runs the tests, stops the servers and returns the exit status.
func (h *House) Run(m *testing.M) int {
	status := m.Run()
	h.mu.Lock()
	defer h.mu.Unlock()
	var errs []error
	for _, s := range h.servers {
		errs = append(errs, s.Stop())
	}
	if status == 0 {
		errs = append(errs, goleak.Find())
	}
	if err := errors.Join(errs...); err != nil {
		fmt.Fprintln(os.Stderr, "labtest:", err)
		return max(status, 1)
	}
	return status
}

// Server returns the house's server of a kind, started if need be.
func (h *House) Server(t testing.TB, name string) lab.Server {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if s := h.servers[name]; s != nil {
		return s
	}
	// Not the test's context: the server outlives it.
	s, err := start(context.WithoutCancel(t.Context()), name, h.Options)
	if err != nil {
		t.Fatal(err)
	}
	if h.servers == nil {
		h.servers = make(map[string]lab.Server)
	}
	h.servers[name] = s
	return s
}

// Each runs f as a subtest on every kind of server.
func (h *House) Each(t *testing.T, f func(t *testing.T, s lab.Server)) {
	t.Helper()
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			s := h.Server(t, name)
			f(t, s)
			showLog(t, s)
		})
	}
}

// Plays performs every play of a directory on every kind of server that can do
// what it needs, one after the other. stage attaches a fresh service to the server; it is called for
// each performance and cleans up by t.Cleanup.
func (h *House) Plays(t *testing.T, dir fs.FS, stage func(t *testing.T, s lab.Server) play.Stage) {
	t.Helper()
	scripts := load(t, dir)
	h.Each(t, func(t *testing.T, s lab.Server) {
		for _, script := range scripts {
			if script.Real && s.Name() == "fake" {
				continue
			}
			t.Run(strings.TrimSuffix(script.Name, ".play"), func(t *testing.T) {
				if err := script.Run(t.Context(), s, stage(t, s)); err != nil {
					t.Error(err)
				}
			})
		}
	})
}

func load(t *testing.T, dir fs.FS) []*play.Script {
	t.Helper()
	names, err := fs.Glob(dir, "*.play")
	if err != nil || len(names) == 0 {
		t.Fatalf("no plays found: %v", err)
	}
	var scripts []*play.Script
	for _, name := range names {
		file, err := dir.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		script, err := play.Parse(name, file)
		if err != nil {
			t.Fatal(err)
		}
		_ = file.Close()
		scripts = append(scripts, script)
	}
	return scripts
}
