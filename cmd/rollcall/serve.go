package main

import (
	"cmp"
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
	"github.com/rollcall-xmpp/rollcall/cmd/internal/doctor"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/metrics"
	"github.com/rollcall-xmpp/rollcall/component"
	"github.com/rollcall-xmpp/rollcall/component/hook"
	"github.com/rollcall-xmpp/rollcall/component/source"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// tuning is what the service may ask of its process; see Main.
type tuning struct{ processors, garbage func(int) }

// serve runs the service until ctx ends: the component, the admin socket
// beside it, and whoever else wants to be served. What ends the one ends the
// others. Each of hangups reloads the configuration.
func serve(ctx context.Context, l *live, st roster.Store, hangups <-chan os.Signal, t tuning) error {
	cfg, log := l.config(), l.log
	tls, err := clientTLS(cfg)
	if err != nil {
		return err
	}
	socket, err := admin.Listen(cfg.Admin.Socket)
	if err != nil {
		return err
	}
	service := serviceConfig(l, st, tls)
	if service.Hooks.Roots, err = authorities("webhooks.ca_file", cfg.Webhooks.CAFile); err != nil {
		return err
	}
	svc := component.NewService(service)
	svc.Sources.Set(sources(cfg, svc.SourceLink, source.Pace{}))
	log.Info("serving", "domain", cfg.Domain, "socket", cfg.Admin.Socket)
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error { return explain(svc.Run(ctx), cfg) })
	all.Go(func() error {
		return admin.Serve(ctx, socket, admin.New(adminBackend(svc, cfg), log, extras(cfg, svc, st)...), log)
	})
	if cfg.HTTP.Listen != "" {
		all.Go(func() error { return metrics.Serve(ctx, cfg.HTTP.Listen, metricsHandler(svc, st), log) })
	}
	all.Go(func() error {
		err := notify(ctx, "serving "+cfg.Domain, func(ctx context.Context) error {
			svc.Roster.All()                     // waits for the lock that all groups need
			_, err := svc.Roster.ListGroups(ctx) // waits for the disk
			return err
		})
		if err != nil {
			log.Warn("systemd not notified", "error", err)
		}
		return nil
	})
	all.Go(func() error {
		processMemory(t.garbage).giveBack(ctx)
		return nil
	})
	all.Go(func() error {
		beAlone(ctx, svc.Ready, t.processors)
		return nil
	})
	all.Go(func() error {
		warnOfPlainLink(ctx, cfg, log)
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-hangups:
				l.reload()
				svc.Sources.Set(sources(l.config(), svc.SourceLink, source.Pace{}))
				svc.SetLimits(limits(l.config().Limits))
				svc.SetProbeRate(probes(l.config().Limits))
			}
		}
	})
	return all.Wait()
}

// warnOfPlainLink is loud where everybody on the way may read along.
func warnOfPlainLink(ctx context.Context, cfg *config.Config, log *slog.Logger) {
	if !cfg.Server.TLS && doctor.LeavesMachine(ctx, cfg.Server.Address) {
		log.Warn("THE LINK TO THE SERVER IS NOT ENCRYPTED AND LEAVES THIS MACHINE: all presence and the handshake can be read and changed on the way",
			"server", cfg.Server.Address, "remedy", doctor.PlainLinkRemedy)
	}
}

func adminBackend(svc *component.Service, cfg *config.Config) admin.Backend {
	return admin.Roster{Roster: svc.Roster, Renderer: pubsub.Renderer{Domain: cfg.Domain}}
}

// probes is how many a second the component may send; without a limit more than
// it could.
func probes(c config.Limits) int {
	const unlimited = 1_000_000
	return cmp.Or(c.Probes, unlimited)
}

// serviceConfig is what the configuration says to the component.
func serviceConfig(l *live, st roster.Store, tls *tls.Config) component.ServiceConfig {
	cfg := l.config()
	origin, _ := roster.ParseOrigin(cfg.Presence.From) // checked when loaded
	return component.ServiceConfig{
		Origin: origin,
		Link: component.Config{
			Addr: cfg.Server.Address, Domain: cfg.Domain, ServerHost: cfg.Server.Host,
			Secret: l.currentSecret, TLS: tls, Log: l.log,
		},
		Peers:     peers(cfg),
		Store:     st,
		Version:   buildVersion(),
		Admin:     l.isAdmin,
		MayCreate: l.mayCreate,
		Network:   l.isNetwork,
		Hooks:     hook.Config{Networks: cfg.Webhooks.Networks},
		Inform:    cfg.Admin.Consent == config.Inform,
		Limits:    limits(cfg.Limits),
		ProbeRate: probes(cfg.Limits),
		Multicast: cfg.Delivery.Multicast == config.Auto,
		PubSub:    cfg.Delivery.Service(),
	}
}

// peers are those that the configuration trusts.
func peers(cfg *config.Config) (all []component.Peer) {
	for _, p := range cfg.Peers {
		all = append(all, component.Peer(p))
	}
	return all
}

// limits is what the configuration says to the component, where 0 is the
// default.
func limits(c config.Limits) component.Limits {
	rate := func(n int) float64 {
		if n == 0 {
			return -1
		}
		return float64(n)
	}
	return component.Limits{
		Domains: c.Domains, Rate: rate(c.Requests), Burst: 40 * float64(c.Requests),
		DomainRate: rate(c.DomainRequests), DomainBurst: 40 * float64(c.DomainRequests),
		ChangeRate: rate(c.Changes), ChangeBurst: 20 * float64(c.Changes),
	}
}

// explain says what an admin can do about an error that ends the service.
func explain(err error, cfg *config.Config) error {
	if errors.Is(err, component.ErrSecret) {
		return fmt.Errorf("%w: the server at %s does not accept our secret for %s; make the secret in %s the one in the server's configuration (rollcall snippet prints the lines)",
			err, cfg.Server.Address, cfg.Domain, cfg.Path)
	}
	if errors.Is(err, component.ErrPrivilege) {
		return fmt.Errorf("%w; write from = \"both\" below [presence] in %s, with which members are asked, or let Prosody tell (rollcall snippet prosody prints the lines)", err, cfg.Path)
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
	var err error
	c.RootCAs, err = authorities("server.ca_file", cfg.Server.CAFile)
	return c, err
}

// authorities are those of a file that is the value of key; nil without a file:
// the system's.
func authorities(key, file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read %s %s: no certificate in it", key, file)
	}
	return pool, nil
}
