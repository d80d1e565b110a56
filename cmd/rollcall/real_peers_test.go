package main

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/component"
	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/internal/lab/labtest"
	"github.com/rollcall-xmpp/rollcall/internal/lab/play"
)

// Two services on one server: one that has groups, and one that tells it of the
// server's users (manner 3).
func TestPeers(t *testing.T) {
	for _, name := range labtest.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := labtest.Start(t, name, lab.Options{Components: []string{"presence.example.org"}})
			performOn(t, server, "peers/third", func(t *testing.T) play.Stage { return withPeer(t, server, nil) })
		})
	}
}

// pair is two of them. A play speaks of the one with groups; the other one is
// its peer, and `rollcall peer kill` and the like are about that one.
type pair struct {
	*stage
	peer *stage
}

// withPeer makes a pair.
func withPeer(t *testing.T, server lab.Server, edit func(string) string) *pair {
	t.Helper()
	p := &pair{}
	p.peer = newStageTuned(t, server, func(config string) string {
		config = strings.Replace(config, "domain = \"groups.example.org\"", "domain = \"presence.example.org\"", 1)
		return config + "[[peers]]\naddress = \"groups.example.org\"\ngive = true\n"
	}, nil)
	p.stage = newStageTuned(t, server, func(config string) string {
		config += "[[peers]]\naddress = \"presence.example.org\"\ntake = [\"example.org\"]\n"
		if edit != nil {
			config = edit(config)
		}
		return config
	}, func(c *component.ServiceConfig) { c.PeerCheck = 500 * time.Millisecond })
	return p
}

// Settle lets each hear what the other said.
func (p *pair) Settle(ctx context.Context) error {
	for range 2 {
		for _, s := range []*stage{p.peer, p.stage} {
			if s.running() {
				if err := s.Settle(ctx); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (p *pair) Rollcall(ctx context.Context, words ...string) (output string, status int, err error) {
	if len(words) != 2 || words[0] != "peer" {
		return p.stage.Rollcall(ctx, words...)
	}
	do := map[string]func(context.Context) error{"kill": p.peer.Kill, "start": p.peer.Start, "stop": p.peer.Stop, "restart": p.peer.Restart}
	i := slices.Index([]string{"kill", "start", "stop", "restart"}, words[1])
	if i < 0 {
		return "no such word", exitUsage, nil
	}
	return "", exitDone, do[words[1]](ctx)
}
