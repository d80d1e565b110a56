package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// The names of everything in the world.
const (
	groupName = "team"
	password  = "demo" // of everybody: the server listens on loopback only
)

// world is a server and the services beside it, in a directory of their own.
type world struct {
	dir     string
	program string
	manner  *manner

	mu       sync.Mutex // the fields below, for kill
	server   lab.Server
	services []*service
}

// maxBase leaves room for the name of a Unix socket, which has 108 bytes.
const maxBase = 60

// newWorld makes the directory; open starts what lives in it. close ends it
// all, also after open has failed.
func newWorld(program string, m *manner) (*world, error) {
	base := os.TempDir()
	if len(base) > maxBase {
		base = "/tmp"
	}
	dir, err := os.MkdirTemp(base, "rollcall-demo-")
	if err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	return &world{dir: dir, program: program, manner: m}, nil
}

// group is the group's bare JID.
func (w *world) group() string { return groupName + "@" + w.server.ComponentDomain() }

func (w *world) bare(user string) string { return user + "@" + w.server.Host() }

func (w *world) startServer(ctx context.Context, name string) error {
	start := lab.StartProsody
	if name == "ejabberd" {
		start = lab.StartEjabberd
	}
	srv, err := start(ctx, lab.Options{Dir: filepath.Join(w.dir, name), Secret: rand.Text(), Components: w.manner.others(), Extra: w.manner.extra[name]})
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.server = srv
	return nil
}

// close ends the services, then the server, and removes the directory.
func (w *world) close() error {
	w.mu.Lock()
	server, services := w.server, w.services
	w.mu.Unlock()
	var errs []error
	for _, s := range slices.Backward(services) {
		errs = append(errs, s.child.stop())
	}
	if server != nil {
		errs = append(errs, server.Stop())
	}
	return errors.Join(append(errs, os.RemoveAll(w.dir))...)
}

// watched is the service that people subscribe at; keeper that where the
// group is made.
func (w *world) watched() *service { return w.services[len(w.services)-1] }
func (w *world) keeper() *service  { return w.services[0] }

// kill is close for who has no patience; close may be at work. The server's
// own Kill would wait for its Stop.
func (w *world) kill() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.services {
		s.child.signal(syscall.SIGKILL)
	}
	if w.server != nil {
		for _, pid := range w.server.PIDs() {
			_ = syscall.Kill(-pid, syscall.SIGKILL) // it may have ended just now
		}
		_ = w.server.Kill() // waits for its end
	}
	_ = os.RemoveAll(w.dir)
}
