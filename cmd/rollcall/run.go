package main

import (
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
	"github.com/rollcall-xmpp/rollcall/store"
)

type runCmd struct{}

// Help implements [kong.HelpProvider].
func (runCmd) Help() string {
	return `The service attaches to the XMPP server that the configuration names and reattaches whenever it has to. It logs to stderr. SIGHUP lets it read its configuration again.

    rollcall run -config /etc/rollcall/rollcall.toml`
}

// Run opens what the service needs, serves, and closes it again.
func (runCmd) Run(s *session) (err error) {
	cfg, err := config.Load(s.configPath)
	if err != nil {
		return err
	}
	l, err := newLive(cfg, s.Getenv, s.Stderr)
	if err != nil {
		return err
	}
	st, err := store.Open(s.ctx, cfg.Store.URL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	return serve(s.ctx, l, st, hangups, tuning{s.Processors, s.Garbage})
}
