package component

import (
	"context"

	"github.com/rollcall-xmpp/rollcall/component/hook"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// newHooks makes who tells webhooks. They ask as watchers do.
func newHooks(s *Service) *hook.Keeper {
	cfg := s.cfg.Hooks
	cfg.Domain, cfg.Version, cfg.Log = s.cfg.Link.Domain, s.cfg.Version, s.log
	cfg.Ask = func(ctx context.Context, g *roster.Group, watcher, request string) ([]byte, error) {
		return s.pubsub.Fetch(ctx, g, watcher, request)
	}
	cfg.JID = func(group, name string) string { return s.Roster.HookJID(group, name) }
	return hook.New(cfg)
}
