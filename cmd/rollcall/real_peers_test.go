package main

import (
	"bufio"
	"context"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
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
			for file, by := range map[string]string{"third": config.PeerByList, "group": config.PeerByGroup, "all": config.PeerByAll} {
				performOn(t, server, "peers/"+file, func(t *testing.T) play.Stage { return withPeer(t, server, by) })
			}
			for file, by := range map[string]string{"foreign": config.PeerByList, "foreign-group": config.PeerByGroup, "foreign-all": config.PeerByAll} {
				performOn(t, server, "peers/"+file, func(t *testing.T) play.Stage { return withForeignPeer(t, server, by) })
			}
		})
	}
}

// pair is two of them. A play speaks of the one with groups; the other one is
// its peer, and `rollcall peer kill` and the like are about that one.
type pair struct {
	*stage
	peer interface {
		Start(ctx context.Context) error
		Stop(ctx context.Context) error
		Kill(ctx context.Context) error
		Restart(ctx context.Context) error
		Settle(ctx context.Context) error
	}
}

// withPeer makes a pair.
func withPeer(t *testing.T, server lab.Server, by string) *pair {
	t.Helper()
	peer := newStageTuned(t, server, func(config string) string {
		config = strings.Replace(config, "domain = \"groups.example.org\"", "domain = \"presence.example.org\"", 1)
		return config + "[[peers]]\naddress = \"groups.example.org\"\ngive = true\n"
	}, nil)
	return &pair{newTaking(t, server, by), peer}
}

// newTaking is the service with groups, which says by list, group or not at all of
// whom it wants to know.
func newTaking(t *testing.T, server lab.Server, by string) *stage {
	t.Helper()
	return newStageTuned(t, server, func(config string) string {
		return config + "[[peers]]\naddress = \"presence.example.org\"\ntake = [\"example.org\"]\nby = \"" + by + "\"\n"
	}, func(c *component.ServiceConfig) { c.PeerCheck = 500 * time.Millisecond })
}

// withForeignPeer has a peer that is no Rollcall.
func withForeignPeer(t *testing.T, server lab.Server, by string) *pair {
	t.Helper()
	if err := lab.Install(t.Context(), t.Output(), "python3-slixmpp"); err != nil {
		t.Fatal(err)
	}
	f := &foreign{t: t, server: server}
	if err := f.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Stop(context.Background()) })
	return &pair{newTaking(t, server, by), f}
}

// foreign is a process that runs presence.py.
type foreign struct {
	t      *testing.T
	server lab.Server
	cmd    *exec.Cmd
}

func (f *foreign) Start(ctx context.Context) error {
	f.cmd = exec.Command("/usr/bin/python3", "-B", "testdata/peers/presence.py", "presence.example.org", f.server.Secret(), f.server.ComponentAddr())
	f.cmd.Stderr = f.t.Output()
	out, err := f.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := f.cmd.Start(); err != nil {
		return err
	}
	said := make(chan error, 1)
	go func() {
		line, err := bufio.NewReader(out).ReadString('\n')
		if err == nil && line != "ready\n" {
			err = errors.New(line)
		}
		said <- err
	}()
	select {
	case err := <-said:
		return err
	case <-ctx.Done():
		return errors.Join(ctx.Err(), f.Stop(ctx))
	}
}

func (f *foreign) Stop(context.Context) error {
	if f.cmd == nil {
		return nil
	}
	err := f.cmd.Process.Kill()
	_ = f.cmd.Wait() // it was killed
	f.cmd = nil
	return err
}

func (f *foreign) Kill(ctx context.Context) error    { return f.Stop(ctx) }
func (f *foreign) Restart(ctx context.Context) error { return errors.Join(f.Stop(ctx), f.Start(ctx)) }
func (f *foreign) Settle(context.Context) error      { return nil }

// Settle lets each hear what the other said.
func (p *pair) Settle(ctx context.Context) error {
	for range 2 {
		if err := p.peer.Settle(ctx); err != nil {
			return err
		}
		if err := p.stage.Settle(ctx); err != nil {
			return err
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
