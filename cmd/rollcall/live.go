package main

import (
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
	"github.com/rollcall-xmpp/rollcall/internal/discreet"
)

// live is the configuration of a running service: what is in force now.
type live struct {
	getenv func(string) string
	log    *slog.Logger
	output *logSwitch // behind log

	mu     sync.Mutex
	cfg    *config.Config
	secret config.Secret // the last one that could be read
}

// newLive takes a checked configuration into force. The secret has to be
// there.
func newLive(cfg *config.Config, getenv func(string) string, logTo io.Writer) (*live, error) {
	secret, err := cfg.Secret(getenv)
	if err != nil {
		return nil, err
	}
	output := newLogSwitch(logTo, cfg.Log)
	return &live{getenv: getenv, log: slog.New(discreet.New(output, cfg.Domain)), output: output, cfg: cfg, secret: secret}, nil
}

// config is what is in force now; nobody changes it.
func (l *live) config() *config.Config {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cfg
}

// currentSecret reads the secret anew, so that a changed one counts from the
// next attempt to attach. One that cannot be read now is no reason to go:
// the last one may still be right.
func (l *live) currentSecret() ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	secret, err := l.cfg.Secret(l.getenv)
	if err != nil {
		l.log.Warn("secret not read, trying the last one", "error", err)
	} else {
		l.secret = secret
	}
	return []byte(l.secret.Reveal()), nil
}

// reload reads the file again and takes into force what may change while the
// service runs. The log says what changed, and what waits for a restart. A
// file with an error changes nothing.
func (l *live) reload() {
	before := l.config()
	after, err := config.Load(before.Path)
	if err != nil {
		l.log.Error("configuration not reloaded", "error", err)
		return
	}
	next := config.Reloaded(before, after)
	l.mu.Lock()
	l.cfg = next
	l.mu.Unlock()
	l.output.set(next.Log)
	changes := config.Diff(before, after)
	for _, c := range changes {
		told := []any{"key", c.Key.Name, "old", c.Old, "new", c.New}
		if c.Key.Reload {
			l.log.Info("configuration changed", told...)
		} else {
			l.log.Warn("configuration needs a restart", told...)
		}
	}
	l.log.Info("configuration reloaded", "file", before.Path, "changes", len(changes))
}

// isAdmin says whether jid administers every group.
func (l *live) isAdmin(jid string) bool { return slices.Contains(l.config().Admin.JIDs, jid) }

// isNetwork says whether jid may say how users' devices are connected.
func (l *live) isNetwork(jid string) bool { return slices.Contains(l.config().Admin.Network, jid) }

// mayCreate says whether jid may create groups: who is named, by address or by
// domain; if nobody is, the server's own users.
func (l *live) mayCreate(jid string) bool {
	cfg := l.config()
	_, domain, _ := strings.Cut(jid, "@")
	if len(cfg.Admin.Creators) == 0 {
		return domain == cfg.Server.Host
	}
	return slices.Contains(cfg.Admin.Creators, jid) || slices.Contains(cfg.Admin.Creators, domain)
}
