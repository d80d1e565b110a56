package main

import (
	"context"
	"log/slog"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin/admintest"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// serve runs the service until ctx ends. For now that is the admin socket
// over the bare store: the roster and the component take their places here.
func serve(ctx context.Context, cfg *config.Config, st roster.Store, log *slog.Logger) error {
	l, err := admin.Listen(cfg.Admin.Socket)
	if err != nil {
		return err
	}
	log.Info("serving", "domain", cfg.Domain, "socket", cfg.Admin.Socket)
	return admin.Serve(ctx, l, admin.New(admintest.New(st), log), log)
}
