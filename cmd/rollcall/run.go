package main

import (
	"errors"
	"io"
	"log/slog"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
	"github.com/rollcall-xmpp/rollcall/store"
)

type runCmd struct{}

// Help implements [kong.HelpProvider].
func (runCmd) Help() string {
	return `The service attaches to the XMPP server that the configuration names and reattaches whenever it has to. It logs to stderr.

    rollcall run -config /etc/rollcall/rollcall.toml`
}

// Run opens what the service needs, serves, and closes it again.
func (runCmd) Run(s *session) (err error) {
	cfg, err := config.Load(s.configPath)
	if err != nil {
		return err
	}
	if cfg.Server.Secret, err = cfg.Secret(s.Getenv); err != nil {
		return err
	}
	st, err := store.Open(s.ctx, cfg.Store.URL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	return serve(s.ctx, cfg, st, newLog(s.Stderr, cfg.Log))
}

func newLog(w io.Writer, c config.Log) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.Level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
