package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/metrics"
	"github.com/rollcall-xmpp/rollcall/component"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// serve runs the service until ctx ends: the component, and the admin socket
// beside it. What ends the one ends the other.
func serve(ctx context.Context, cfg *config.Config, st roster.Store, log *slog.Logger) error {
	tls, err := clientTLS(cfg)
	if err != nil {
		return err
	}
	l, err := admin.Listen(cfg.Admin.Socket)
	if err != nil {
		return err
	}
	svc := component.NewService(serviceConfig(cfg, st, tls, log))
	log.Info("serving", "domain", cfg.Domain, "socket", cfg.Admin.Socket)
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error { return explain(svc.Run(ctx), cfg) })
	all.Go(func() error { return admin.Serve(ctx, l, admin.New(svc.Roster, log, extras(cfg, svc, st)...), log) })
	if cfg.HTTP.Listen != "" {
		all.Go(func() error { return metrics.Serve(ctx, cfg.HTTP.Listen, metricsHandler(svc, st), log) })
	}
	return all.Wait()
}

// serviceConfig is what cfg says to the component.
func serviceConfig(cfg *config.Config, st roster.Store, tls *tls.Config, log *slog.Logger) component.ServiceConfig {
	return component.ServiceConfig{
		Link: component.Config{
			Addr: cfg.Server.Address, Domain: cfg.Domain, ServerHost: cfg.Server.Host,
			Secret: func() ([]byte, error) { return []byte(cfg.Server.Secret.Reveal()), nil },
			TLS:    tls, Log: log,
		},
		Store:   st,
		Version: buildVersion(),
	}
}

// explain says what an admin can do about an error that ends the service.
func explain(err error, cfg *config.Config) error {
	if errors.Is(err, component.ErrSecret) {
		return fmt.Errorf("%w: the server at %s does not accept our secret for %s; make the secret in %s the one in the server's configuration (rollcall snippet prints the lines)",
			err, cfg.Server.Address, cfg.Domain, cfg.Path)
	}
	return err
}

// clientTLS is how we speak to a component port with TLS; nil without.
func clientTLS(cfg *config.Config) (*tls.Config, error) {
	if !cfg.Server.TLS {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if host, _, _ := net.SplitHostPort(cfg.Server.Address); host == "localhost" || net.ParseIP(host) != nil {
		c.ServerName = cfg.Server.Host // certificates seldom name such an address
	}
	if cfg.Server.CAFile == "" {
		return c, nil
	}
	pem, err := os.ReadFile(cfg.Server.CAFile)
	if err != nil {
		return nil, fmt.Errorf("read server.ca_file: %w", err)
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read server.ca_file %s: no certificate in it", cfg.Server.CAFile)
	}
	return c, nil
}
