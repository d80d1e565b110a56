package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/demo"
)

type demoCmd struct {
	Server string `help:"The server to show it on: prosody or ejabberd." default:"prosody" enum:"prosody,ejabberd" placeholder:"SERVER"`
	Manner int    `help:"Where the service stands: 1, the group server; 2, an arm of the presence server; 3, a manager between two servers (docs/manners.md)." default:"1" placeholder:"N"`
	Once   bool   `help:"Play the day as fast as it goes, judge it, and end: exit code 0 if every subscriber saw what the members did, else 1."`
}

// Help implements [kong.HelpProvider].
func (demoCmd) Help() string {
	return `Starts a private XMPP server on loopback (installing Debian's package if it is missing), this program beside it, and five people with a working day. Needs no configuration and leaves nothing behind. Ctrl-C ends it; a second one at once.

    rollcall demo --once`
}

// Run plays the demo.
func (c *demoCmd) Run(s *session) error {
	// A terminal or a pipe that is gone must not leave a server behind.
	s, stop := s.whileRead()
	defer stop()
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	cfg := demo.Config{Server: c.Server, Manner: c.Manner, Once: c.Once, Program: program, Out: s.Stdout}
	if f := terminal(s.Stdout); f != nil && s.Getenv("TERM") != "dumb" {
		cfg.Color = s.Getenv("NO_COLOR") == ""
		cfg.Size = func() (int, int) {
			w, h, err := term.GetSize(int(f.Fd()))
			if err != nil || w == 0 || h == 0 {
				return 80, 24
			}
			return w, h
		}
	}
	d, err := demo.New(cfg)
	if err != nil {
		return err
	}
	defer secondSignal(s.ctx, d)()
	return d.Run(s.ctx)
}

// terminal is w's file if it is a terminal.
func terminal(w io.Writer) *os.File {
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return f
	}
	return nil
}

// secondSignal waits for the signal behind the one that ended ctx: who sends
// it does not want to wait for a good end. The function it returns ends the
// waiting.
func secondSignal(ctx context.Context, d *demo.Demo) (stop func()) {
	signals := make(chan os.Signal, 1)
	done := make(chan struct{})
	go func() {
		select {
		case <-ctx.Done():
		case <-done:
			return
		}
		signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
		defer signal.Stop(signals)
		select {
		case <-signals:
			d.Kill()
			os.Exit(130)
		case <-done:
		}
	}()
	return func() { close(done) }
}
