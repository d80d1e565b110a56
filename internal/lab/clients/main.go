package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// allTime bounds the whole run.
const allTime = 8 * time.Minute

// acts are what can be played: a client, and the server it is played on.
var acts = []struct {
	client, server string
	play           func(ctx context.Context, a *act) error
}{
	{"gajim", "prosody", playGajim},
	{"gajim", "ejabberd", playGajim},
	{"profanity", "prosody", playProfanity},
	{"poezio", "prosody", playPoezio},
	{"converse", "prosody", playConverse},
}

func main() {
	program := flag.String("program", "bin/rollcall", "the `file` of rollcall")
	out := flag.String("out", "bin/clients", "the `directory` for all pictures")
	docs := flag.String("docs", "", "the `directory` of the manual's pictures, to renew them")
	npm := flag.String("npm", ".cache/clients", "the `directory` where npm has installed converse.js")
	only := flag.String("only", "", "play only acts whose name contains `this`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, allTime)
	defer cancel()
	if err := run(ctx, *program, *out, *docs, *npm, *only); err != nil {
		fmt.Fprintln(os.Stderr, "clients:", err)
		os.Exit(1)
	}
}

// run plays all acts and says what came of it.
func run(ctx context.Context, program, out, docs, npm, only string) error {
	program, err := filepath.Abs(program)
	if err != nil {
		return err
	}
	if out, err = filepath.Abs(out); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	began := time.Now()
	r := &report{out: os.Stdout}
	for _, x := range acts {
		name := x.client + " on " + x.server
		if !strings.Contains(name, only) {
			continue
		}
		g := &gallery{dir: out}
		if x.server == "prosody" { // the other's would be the same
			g.docs = docs
		}
		if ctx.Err() != nil {
			return fmt.Errorf("play %s: %w", name, context.Cause(ctx))
		}
		if err := perform(ctx, &act{report: r, name: name, gallery: g, npm: npm}, program, x.server, x.play); err != nil {
			return err
		}
	}
	fmt.Printf("== %d steps passed, %d failed, in %.0f s; pictures in %s\n", r.passed, r.wrong, time.Since(began).Seconds(), out)
	if r.wrong > 0 || r.passed == 0 {
		return errStep
	}
	return nil
}

// perform plays one act in a world of its own.
func perform(ctx context.Context, a *act, program, server string, play func(context.Context, *act) error) (err error) {
	err = a.step(ctx, "start the server and rollcall", func(ctx context.Context) (err error) {
		a.world, err = newWorld(ctx, program, server)
		return err
	})
	if err == nil {
		err = errors.Join(play(ctx, a), a.world.close())
	}
	if errors.Is(err, errStep) {
		return nil // told and counted
	}
	return err
}
