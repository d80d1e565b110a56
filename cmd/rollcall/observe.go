package main

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"time"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/forget"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/metrics"
	"github.com/rollcall-xmpp/rollcall/component"
	"github.com/rollcall-xmpp/rollcall/internal/audit"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// extras is what the admin socket offers beside the groups.
func extras(cfg *config.Config, svc *component.Service, st roster.Store) []admin.Extra {
	record, _ := st.(audit.Forgetter) // a store in memory keeps no record
	all := []admin.Extra{
		admin.WithProfiles(),
		admin.WithForget(&forget.Eraser{Roster: svc.Roster, Record: record}),
		admin.WithStatus(statusOf(cfg, svc, time.Now())),
		admin.WithImport(),
		admin.WithHooks(svc.Roster, svc.Hooks),
		admin.WithSources(svc.Roster),
	}
	if reader, ok := st.(audit.Reader); ok {
		all = append(all, admin.WithAudit(reader))
	}
	return all
}

func statusOf(cfg *config.Config, svc *component.Service, started time.Time) func(context.Context) (*admin.Status, error) {
	return func(context.Context) (*admin.Status, error) {
		now := svc.Stats()
		var mem runtime.MemStats
		runtime.ReadMemStats(&mem)
		return &admin.Status{
			Version: buildVersion(), Started: started.UTC(), Domain: cfg.Domain, Server: cfg.Server.Address,
			Ready: now.Ready, ReadyAfter: now.ReadyAfter.Seconds(), Settled: now.Settled, Unasked: now.Unasked, Attached: now.Attached, Connections: now.Connections, RTT: now.Outbox.RTT.Seconds(),
			Groups: now.Groups, Waiting: now.Outbox.Waiting, Unacked: now.Outbox.Unacked, Control: now.Outbox.Control,
			Refused: now.Refused + now.Foreign, Limited: now.Limited,
			Webhooks: now.Hooks.Webhooks, Failing: now.Hooks.Failing,
			Sources: sourceStatus(now.Sources), Peers: peerStatus(now.Peers), Leaving: now.Ties.Leaving,
			Goroutines: runtime.NumGoroutine(), HeapBytes: mem.HeapAlloc,
		}, nil
	}
}

// errNotReady is what /readyz says.
var errNotReady = errors.New("not attached to the server, or not all groups answer yet")

func metricsHandler(svc *component.Service, st roster.Store) http.Handler {
	source := metrics.Source{Service: svc.Stats, Store: func() store.Stats { return store.Stats{} }, Version: buildVersion()}
	if m, ok := st.(store.Meter); ok {
		source.Store = m.Stats
	}
	healthy := func(ctx context.Context) error {
		_, err := st.GetGroup(ctx, "healthz")
		if errors.Is(err, roster.ErrNoGroup) {
			return nil
		}
		return err
	}
	ready := func(ctx context.Context) error {
		if _, ok := svc.Ready(); !ok {
			return errNotReady
		}
		return healthy(ctx)
	}
	return metrics.Handler(metrics.NewRegistry(source), healthy, ready)
}
