package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// Who administers the directories of the laboratory.
const (
	SlapdBase     = "dc=example,dc=org"
	SlapdAdmin    = "cn=admin," + SlapdBase
	SlapdPassword = "slapd-of-the-test"
)

// SlapdOptions are lines of a directory's configuration (slapd.conf).
type SlapdOptions struct {
	Dir      string // for all its files; the caller's to remove
	Global   string
	Database string
	Syncprov bool // says what changes, as it changes (RFC 4533)
}

// Slapd is a private OpenLDAP. It is empty at first.
type Slapd struct {
	proc process
	port port
	mu   sync.Mutex
}

// StartSlapd starts slapd (2.5 of Debian's package, or later). The error wraps
// [ErrMissing] if it is not installed.
func StartSlapd(ctx context.Context, opts SlapdOptions) (*Slapd, error) {
	program, err := lookPath("slapd")
	if err != nil {
		return nil, fmt.Errorf("%w: slapd", ErrMissing)
	}
	for range 5 {
		var s *Slapd
		if s, err = startSlapd(ctx, program, opts); err == nil {
			return s, nil
		}
	}
	return nil, err
}

func startSlapd(ctx context.Context, program string, opts SlapdOptions) (*Slapd, error) {
	data, config := filepath.Join(opts.Dir, "data"), filepath.Join(opts.Dir, "slapd.conf")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, fmt.Errorf("configure slapd: %w", err)
	}
	text := opts.Global
	for _, schema := range []string{"core", "cosine", "inetorgperson", "nis"} {
		text += "include /etc/ldap/schema/" + schema + ".schema\n"
	}
	text += "modulepath /usr/lib/ldap\nmoduleload back_mdb\nmoduleload syncprov\nidletimeout 0\n"
	text += fmt.Sprintf("database mdb\nsuffix %q\nrootdn %q\nrootpw %s\ndirectory %q\ndbnosync\n", SlapdBase, SlapdAdmin, SlapdPassword, data)
	text += opts.Database
	if opts.Syncprov {
		text += "overlay syncprov\n"
	}
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("configure slapd: %w", err)
	}
	ports, err := claimPorts(1)
	if err != nil {
		return nil, err
	}
	s := &Slapd{port: ports[0]}
	s.proc = process{program: program, args: []string{"-f", config, "-h", s.URL(), "-d", "0"}, dir: opts.Dir, output: filepath.Join(opts.Dir, "output.log")}
	if err := s.Start(ctx); err != nil {
		releasePorts(ports)
		return nil, err
	}
	return s, nil
}

// URL is where it is.
func (s *Slapd) URL() string { return "ldap://" + s.port.addr() + "/" }

// Start starts it again.
func (s *Slapd) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	mark := size(s.proc.output)
	ended, err := s.proc.start()
	if err != nil {
		return err
	}
	if err := awaitPort(ctx, s.port.addr(), ended); err != nil {
		_ = s.proc.end(syscall.SIGKILL)
		return fmt.Errorf("start slapd: %w\n%s", err, lastLines(since(s.proc.output, mark), 12))
	}
	return nil
}

// Kill ends it as a crash would.
func (s *Slapd) Kill() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proc.end(syscall.SIGKILL)
}

// Pause stops it without ending it, so that it answers nobody; go on with Resume.
func (s *Slapd) Pause() error { return s.signal(syscall.SIGSTOP) }

// Resume lets it go on.
func (s *Slapd) Resume() error { return s.signal(syscall.SIGCONT) }

func (s *Slapd) signal(sig syscall.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, pid := range s.proc.pids() {
		return syscall.Kill(-pid, sig)
	}
	return errNotRunning
}

// Stop ends it for good.
func (s *Slapd) Stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.proc.end(syscall.SIGTERM)
	if errors.Is(err, errNotRunning) {
		err = nil
	}
	releasePorts([]port{s.port})
	return err
}
