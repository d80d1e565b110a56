package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
	"github.com/rollcall-xmpp/rollcall/component"
	"github.com/rollcall-xmpp/rollcall/component/source"
	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/internal/lab/labtest"
	"github.com/rollcall-xmpp/rollcall/store"
)

var house labtest.House

func TestMain(m *testing.M) { os.Exit(house.Run(m)) }

// stage is the service within the test's process, over a database of its own,
// and its command line.
type stage struct {
	t      *testing.T
	server lab.Server
	file   string // configuration
	tune   func(*component.ServiceConfig)

	mu   sync.Mutex // guards the life of one service
	svc  *component.Service
	stop context.CancelFunc
	done chan error
	wire *wire
}

// newStage starts the service; it is stopped when the test ends.
func newStage(t *testing.T, server lab.Server) *stage {
	t.Helper()
	return newStageWith(t, server, nil)
}

// newStageWith is the same with a configuration changed by edit, which may be
// nil.
func newStageWith(t *testing.T, server lab.Server, edit func(config string) string) *stage {
	t.Helper()
	return newStageTuned(t, server, edit, nil)
}

// newStageTuned is the same with what is no matter of configuration changed by
// tune, which may be nil.
func newStageTuned(t *testing.T, server lab.Server, edit func(config string) string, tune func(*component.ServiceConfig)) *stage {
	t.Helper()
	s := &stage{t: t, server: server, file: writeConfig(t, server), tune: tune}
	if edit != nil {
		text, err := os.ReadFile(s.file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(s.file, []byte(edit(string(text))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.stop != nil {
			if err := s.Stop(context.Background()); err != nil {
				t.Error(err)
			}
		}
	})
	return s
}

// writeConfig writes a configuration for server into a directory of its own.
func writeConfig(t testing.TB, server lab.Server) (file string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "rollcall-") // TempDir's names are too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	file = filepath.Join(dir, "rollcall.toml")
	text := fmt.Sprintf("domain = %q\n[server]\naddress = %q\nhost = %q\nsecret = %q\n[log]\nlevel = \"debug\"\n",
		server.ComponentDomain(), server.ComponentAddr(), server.Host(), server.Secret())
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func (s *stage) Start(ctx context.Context) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	cfg, err := config.Load(s.file)
	if err != nil {
		return err
	}
	life, err := newLive(cfg, os.Getenv, s.t.Output())
	if err != nil {
		return err
	}
	st, err := store.Open(ctx, cfg.Store.URL)
	if err != nil {
		return err
	}
	l, err := admin.Listen(cfg.Admin.Socket)
	if err != nil {
		return errors.Join(err, st.Close())
	}
	life.log = slog.New(newDiscreet(s.t, s.server, life.log.Handler()))
	log := life.log
	made := serviceConfig(life, st, nil)
	wire := &wire{}
	made.Link.Dial = wire.dial
	if s.tune != nil {
		s.tune(&made)
	}
	made.Sources = source.Config{Retry: 100 * time.Millisecond, MaxRetry: time.Second}
	svc := component.NewService(made)
	svc.Sources.Set(sources(cfg, svc.SourceLink, source.Pace{Check: 200 * time.Millisecond, Reread: time.Second, Pause: 50 * time.Millisecond}))
	s.svc, s.wire = svc, wire
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop, s.done = stop, make(chan error, 1)
	go func() {
		var both sync.WaitGroup
		var run, serve error
		both.Go(func() { run = svc.Run(running) })
		both.Go(func() {
			serve = admin.Serve(running, l, admin.New(adminBackend(svc, cfg), log, extras(cfg, svc, st)...), log)
		})
		both.Wait()
		s.done <- errors.Join(run, serve, st.Close())
	}()
	return nil
}

func (s *stage) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop()
	s.stop = nil
	select {
	case err := <-s.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Kill cuts the wire first: nobody hears a last word. (That a killed process
// loses nothing is TestKill's.)
func (s *stage) Kill(ctx context.Context) error {
	s.wire.cut()
	return s.Stop(ctx)
}

func (s *stage) Restart(ctx context.Context) error {
	if err := s.Stop(ctx); err != nil {
		return err
	}
	return s.Start(ctx)
}

func (s *stage) Settle(ctx context.Context) error {
	s.mu.Lock()
	svc := s.svc
	s.mu.Unlock()
	return svc.Settle(ctx)
}

func (s *stage) Rollcall(ctx context.Context, words ...string) (output string, status int, err error) {
	var out bytes.Buffer
	m := Main{Stdout: &out, Stderr: &out, Getenv: os.Getenv}
	status = m.Run(ctx, append([]string{"-config", s.file}, words...))
	return out.String(), status, nil
}

// wire is what a service dials with; it can be cut for good.
type wire struct {
	mu    sync.Mutex
	conns []net.Conn
	off   bool
}

var errCut = errors.New("the wire is cut")

func (w *wire) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.off {
		return nil, errors.Join(errCut, conn.Close())
	}
	w.conns = append(w.conns, conn)
	return conn, nil
}

func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.off = true
	for _, c := range w.conns {
		_ = c.(*net.TCPConn).SetLinger(0) // a reset, as of a process that is no more
		_ = c.Close()
	}
}
