package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"testing"
)

// A connection that broke ends nothing; a reader who is gone does.
func TestWhileRead(t *testing.T) {
	r, w := io.Pipe()
	before := &session{Main: &Main{Stdout: w, Getenv: os.Getenv}, ctx: t.Context()}
	s, stop := before.whileRead()
	defer stop()
	pipes := make(chan os.Signal, 1)
	signal.Notify(pipes, syscall.SIGPIPE)
	defer signal.Stop(pipes)
	for range 2 { // who is told of the second has dealt with the first
		must(t, syscall.Kill(os.Getpid(), syscall.SIGPIPE))
		<-pipes
	}
	go func() { _, _ = io.ReadFull(r, make([]byte, 2)); _ = r.Close() }()
	s.printf("ok")
	if s.ctx.Err() != nil {
		t.Fatal("a signal ended it")
	}
	s.printf("more")
	if s.ctx.Err() != context.Canceled || before.ctx.Err() != nil {
		t.Errorf("%v", s.ctx.Err())
	}
}
