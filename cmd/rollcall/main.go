package main

import (
	"context"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	m := Main{Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv}
	if m.Getenv("GOMAXPROCS") == "" {
		m.Processors = func(n int) { runtime.GOMAXPROCS(n) }
	}
	if m.Getenv("GOGC") == "" {
		m.Garbage = func(percent int) { debug.SetGCPercent(percent) }
	}
	code := m.Run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}
