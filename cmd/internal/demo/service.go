package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// service is one `rollcall run`, in a directory of its own.
type service struct {
	program string
	dir     string
	child   *child
}

func (s *service) config() string { return filepath.Join(s.dir, "rollcall.toml") }

// start configures a service of the world and runs it until its admin socket
// answers.
func (w *world) start(ctx context.Context, p *post) (*service, error) {
	s := &service{program: w.program, dir: filepath.Join(w.dir, p.name)}
	err := errors.Join(os.MkdirAll(s.dir, 0o700),
		os.WriteFile(filepath.Join(s.dir, "secret"), []byte(w.server.Secret()+"\n"), 0o600),
		os.WriteFile(s.config(), []byte(p.configured(w.server)), 0o600))
	if err != nil {
		return nil, fmt.Errorf("configure rollcall: %w", err)
	}
	if s.child, err = startChild(s.dir, filepath.Join(s.dir, "rollcall.log"), w.program, "run", "-config", s.config()); err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.services = append(w.services, s)
	w.mu.Unlock()
	return s, s.await(ctx, "", "group", "list")
}

// keep runs a command of an admin where the group is kept. Who becomes a member
// is one where it is watched, too, when keep returns.
func (w *world) keep(ctx context.Context, args []string) error {
	if _, err := w.keeper().admin(ctx, args...); err != nil {
		return err
	}
	if w.keeper() == w.watched() || args[0] != "member" || args[1] != "add" {
		return nil
	}
	return w.watched().await(ctx, args[3], "member", "list", groupName)
}

// await repeats a command of an admin until it works and says what it should.
func (s *service) await(ctx context.Context, says string, args ...string) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if out, err := s.admin(ctx, args...); err == nil && strings.Contains(out, says) {
			return nil
		}
		select {
		case <-s.child.done:
			return s.child.why()
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// admin runs one command of an admin and returns what it said.
func (s *service) admin(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.program, append(args, "-config", s.config())...)
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	said, err := cmd.CombinedOutput()
	out := strings.TrimSpace(string(said))
	if err != nil {
		return "", fmt.Errorf("rollcall %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return out, nil
}
