// Command labinstall installs the XMPP servers that the tests run against, if
// they are missing:
//
//	go run ./internal/lab/labinstall prosody ejabberd
//
// It does nothing, quickly and silently, when they are there. Exit status 1,
// with what is missing and what to type, when they cannot be installed.
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
