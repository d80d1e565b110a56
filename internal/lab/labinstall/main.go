package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := lab.Install(ctx, os.Stdout, os.Args[1:]...); err != nil {
		fmt.Fprintln(os.Stderr, "labinstall:", err)
		os.Exit(1)
	}
}
