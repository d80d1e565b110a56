package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// whileRead is s as long as somebody reads what is written: its context ends
// with the terminal (SIGHUP), or when the output cannot be written. SIGPIPE is
// no sign of that: it may be of any connection that broke.
func (s *session) whileRead() (read *session, stop func()) {
	ctx, end := signal.NotifyContext(s.ctx, syscall.SIGHUP)
	pipes := make(chan os.Signal, 1) // nobody looks: a write fails instead
	signal.Notify(pipes, syscall.SIGPIPE)
	m, c := *s.Main, *s
	if terminal(m.Stdout) == nil {
		m.Stdout = &output{m.Stdout, end}
	}
	c.Main, c.ctx = &m, ctx
	return &c, func() {
		signal.Stop(pipes)
		end()
	}
}

// output is one whose reader may go away.
type output struct {
	io.Writer
	gone context.CancelFunc
}

func (o *output) Write(b []byte) (n int, err error) {
	if n, err = o.Writer.Write(b); err != nil {
		o.gone()
	}
	return n, err
}
