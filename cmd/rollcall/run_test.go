package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// The whole program, in process: run, administer, stop, run again, and what
// was there is there.
func TestRun(t *testing.T) {
	b := newBench(t)
	b.write("secret", "hunter2\n")
	stop := b.start()
	b.done("group", "create", "team", "--name", "Team")
	b.done("member", "add", "team", "alice@example.org", "--nick", "Alice")
	if code, _, stderr := b.run("run"); code != exitFailed || !strings.Contains(stderr, "another rollcall is running") {
		t.Errorf("a second service: exit %d, %s", code, stderr)
	}
	before := b.done("group", "show", "team")
	stop()
	if code, _, _ := b.run("group", "list"); code != exitFailed {
		t.Errorf("after the stop: exit %d", code)
	}
	stop = b.start()
	same(t, b.done("group", "show", "team"), before)
	stop()
	files, err := os.ReadDir(b.dir)
	if err != nil || len(files) != 3 { // rollcall.toml, secret, rollcall.db
		t.Errorf("left behind: %v, %v", files, err)
	}
}

// start starts the service and returns once it answers. stop stops it.
func (b *bench) start() (stop func()) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.t.Context())
	var out, log bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		m := Main{Stdout: &out, Stderr: &log, Getenv: func(string) string { return "" }}
		ended <- m.Run(ctx, []string{"run", "-config", filepath.Join(b.dir, "rollcall.toml")})
	}()
	for {
		select {
		case code := <-ended:
			cancel()
			b.t.Fatalf("run ended: exit %d, %s", code, log.String())
		default:
		}
		if code, _, _ := b.run("group", "list"); code == exitDone {
			break
		}
		runtime.Gosched()
	}
	return func() {
		b.t.Helper()
		cancel()
		if code := <-ended; code != exitDone {
			b.t.Errorf("run: exit %d", code)
		}
		if strings.Contains(out.String()+log.String(), "hunter2") {
			b.t.Errorf("the secret shows: %s", log.String())
		}
	}
}
