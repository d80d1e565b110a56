package main

import (
	"context"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	m := Main{Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv}
	if m.Getenv("GOMAXPROCS") == "" {
		m.Processors = func(n int) { runtime.GOMAXPROCS(n) }
	}
	code := m.Run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}
