package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// A disk that fills up under the running process: what cannot be stored is
// refused and said so, what is shown is what is stored, presence goes on, and
// so does everything when there is room again.
func TestDiskFull(t *testing.T) {
	program := build(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	server, err := lab.StartFake(ctx, lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	config := writeConfig(t, server)
	p := spawn(t, program, config)
	p.says(ctx, "msg=attached", 1)
	must := func(words ...string) string {
		t.Helper()
		status, out := command(ctx, config, words...)
		if status != exitDone {
			t.Fatalf("%q: exit %d: %s", words, status, out)
		}
		return out
	}
	must("group", "create", "team")
	files, err := filepath.Glob(filepath.Join(filepath.Dir(config), "rollcall.db*"))
	if err != nil {
		t.Fatal(err)
	}
	size := int64(0)
	for _, name := range files {
		if info, err := os.Stat(name); err == nil && !strings.HasSuffix(name, "-shm") {
			size = max(size, info.Size())
		}
	}
	limit(t, p, uint64(size)+256<<10) // of any file, so it is like a disk with so much left
	stored, refusal := 0, ""
	for ; stored < 1000 && refusal == ""; stored++ {
		status, out := command(ctx, config, "member", "add", "team", fmt.Sprintf("m%d@example.org", stored), "--nick", strings.Repeat("long ", 100))
		if status != exitDone {
			refusal = out
			stored--
		}
	}
	if !strings.Contains(refusal, "no space is left for the store") {
		t.Fatalf("after %d members: %q", stored, refusal)
	}
	if got := len(members(t, ctx, config, "team")); got != stored {
		t.Errorf("%d members are shown, %d were stored", got, stored)
	}
	must("status")
	limit(t, p, unix.RLIM_INFINITY)
	must("member", "add", "team", "late@example.org")
	p.kill()
	p = spawn(t, program, config)
	p.says(ctx, "msg=attached", 1)
	if got := len(members(t, ctx, config, "team")); got != stored+1 {
		t.Errorf("after a restart %d members are shown, %d were stored", got, stored+1)
	}
	must("verify")
	t.Logf("full after %d members", stored)
}

// limit lets p write no file beyond size.
func limit(t *testing.T, p *process, size uint64) {
	t.Helper()
	if err := unix.Prlimit(p.cmd.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: size, Max: unix.RLIM_INFINITY}, nil); err != nil {
		t.Fatal(err)
	}
}
