package check

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/doctor"
)

// Options say what to look at.
type Options struct {
	Path    string                     // of the configuration
	Getenv  func(string) string        // os.Getenv, or a test's
	Running func(*config.Config) error // nil if the service answers at its socket
	TLS     func(*config.Config) error // whether what TLS needs can be read
}

// look is one look around.
type look struct {
	Options
	cfg     *config.Config
	running bool
	report  doctor.Report
}

// Run looks around.
func Run(ctx context.Context, o Options) *doctor.Report {
	l := &look{Options: o}
	if !l.config() {
		return &l.report
	}
	l.running = o.Running(l.cfg) == nil
	l.secret()
	l.tls(ctx)
	l.store(ctx)
	l.socket()
	l.http(ctx)
	l.sources()
	if os.Geteuid() == 0 {
		l.note("user", "root looked, who may read and write everything",
			"Whether the service's user may do so as well, he has to find out: runuser -u rollcall -- rollcall check")
	}
	return &l.report
}

func (l *look) tell(f doctor.Finding) { l.report.Findings = append(l.report.Findings, f) }

func (l *look) good(check, says string) {
	l.tell(doctor.Finding{Check: check, Level: doctor.Good, Says: says})
}

func (l *look) note(check, says, means string) {
	l.tell(doctor.Finding{Check: check, Level: doctor.Note, Says: says, Means: means})
}

func (l *look) bad(check, says, means string) {
	l.tell(doctor.Finding{Check: check, Level: doctor.Bad, Says: says, Means: means})
}

func (l *look) config() bool {
	cfg, err := config.Load(l.Path)
	if err != nil {
		l.bad("config", err.Error(), "The service does not start.")
		return false
	}
	l.cfg = cfg
	if cfg.InlineSecret() && othersMayRead(l.Path) {
		l.bad("config", l.Path+" holds the secret, and others may read it", "Take it from them: chmod o-r "+l.Path)
		return true
	}
	l.good("config", l.Path+" says nothing wrong; the domain is "+cfg.Domain)
	return true
}

// othersMayRead: anybody on this machine, that is; a group is somebody's choice.
func othersMayRead(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().Perm()&0o004 != 0
}

// shortSecret can be guessed by who may connect.
const shortSecret = 16

func (l *look) secret() {
	secret, err := l.cfg.Secret(l.Getenv)
	file := l.cfg.SecretFile(l.Getenv)
	switch {
	case err != nil:
		l.bad("secret", err.Error(), "The service does not start. A good one: openssl rand -hex 32")
	case file != "" && othersMayRead(file):
		l.bad("secret", "everybody on this machine may read "+file, "Take it from them: chmod o-r "+file)
	case len(secret.Reveal()) < shortSecret:
		l.note("secret", fmt.Sprintf("the secret has less than %d letters", shortSecret),
			"Who may connect to the server's component port could guess it. A good one: openssl rand -hex 32")
	default:
		l.good("secret", "there is a secret")
	}
}

func (l *look) tls(ctx context.Context) {
	err := l.TLS(l.cfg)
	switch {
	case err != nil:
		l.bad("tls", err.Error(), "The service does not start.")
	case !l.cfg.Server.TLS && doctor.LeavesMachine(ctx, l.cfg.Server.Address):
		l.bad("tls", "the link to "+l.cfg.Server.Address+" is not encrypted and leaves this machine", "What can be done: "+doctor.PlainLinkRemedy+".")
	case l.cfg.Server.TLS:
		l.good("tls", "the link to "+l.cfg.Server.Address+" is to be encrypted")
	default:
		l.good("tls", "the link to "+l.cfg.Server.Address+" does not leave this machine")
	}
}

// makeable says why a file could not be made at path; nil if it could.
func makeable(path string) error {
	dir := filepath.Dir(path)
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no directory %s", dir)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is no directory", dir)
	}
	if err := unix.Access(dir, unix.W_OK|unix.X_OK); err != nil {
		return fmt.Errorf("this user may not write to %s: %w", dir, err)
	}
	return nil
}
