package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/rollcall-xmpp/rollcall/internal/lab/terminal"
)

// cy is a person on a client in a terminal. Anna, on a client of the
// laboratory, has a group already.
type cy struct {
	*act
	*terminal.Terminal
	anna other
	team string
}

// settle prepares what all of Cy's acts begin with.
func (p *cy) settle(ctx context.Context, client string, start func(context.Context, terminal.Options) (*terminal.Terminal, error)) (err error) {
	if p.anna, err = p.world.party(ctx); err != nil {
		return err
	}
	if err := p.world.server.AddUser(ctx, "cy", password); err != nil {
		return err
	}
	dir := p.world.room(client)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	p.Terminal, err = start(ctx, terminal.Options{Dir: dir, JID: p.world.jid("cy"), Password: password, Addr: p.world.server.C2SAddr()})
	return err
}

// keep writes down what the terminal shows.
func (p *cy) keep(ctx context.Context, name string) error {
	screen, err := p.Screen(ctx)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(p.gallery.dir, name+".txt"), []byte(screen), 0o644)
}

// end leaves what is shown when something went wrong, and stops the client.
func (p *cy) end(ctx context.Context, name string, err error) error {
	if p.Terminal == nil {
		return err
	}
	if errors.Is(err, errStep) {
		_ = p.keep(ctx, "FAILED-"+name) // it may be gone already
	}
	return errors.Join(err, p.Stop())
}
