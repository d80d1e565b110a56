package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

const javascript = "../../examples/javascript"

// The example for @xmpp/client: it prints who is there, live, and after it was
// killed goes on where it stopped.
func TestJavaScript(t *testing.T) {
	if err := lab.Install(t.Context(), t.Output(), "npm"); err != nil {
		t.Fatal(err)
	}
	dir := javascriptModules(t)
	w := newWatching(t, house.Server(t, "prosody"))
	kept := filepath.Join(t.TempDir(), "team.json")
	first := w.node(dir, kept)
	first.until("5 items told how it is now; available: Bo")
	w.say("<presence><show>dnd</show><status>On a call</status></presence>")
	first.until("Bo dnd On a call")
	first.stop()

	w.say("<presence><show>away</show></presence>")
	if err := w.bo.FenceVia(w.ctx, w.group); err != nil {
		t.Fatal(err)
	}
	second := w.node(dir, kept)
	said := append(second.until("Bo away"), second.until("told how it is now; available: Bo")...)
	if all := strings.Join(said, "\n"); strings.Contains(all, "5 items") || strings.Contains(all, "Cy") || strings.Contains(all, "On a call") {
		t.Errorf("it was told again:\n%s", all)
	}
	second.stop()
}

// node is the example as anna.
type node struct {
	t     *testing.T
	lines *bufio.Scanner
	stop  func()
}

func (w *watching) node(dir, kept string) *node {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.ctx)
	cmd := exec.CommandContext(ctx, "node", "watch.js", w.bare("anna"), w.group, "--server", "xmpp://"+w.server.C2SAddr(), "--keep", kept)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "ROLLCALL_PASSWORD=secret")
	out, in := io.Pipe()
	cmd.Stdout, cmd.Stderr = in, in
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = in.CloseWithError(cmd.Wait()) // it is killed
	}()
	n := &node{t: w.t, lines: bufio.NewScanner(out), stop: func() {
		cancel()
		_ = out.Close()
		<-done
	}}
	w.t.Cleanup(n.stop)
	return n
}

// until reads what it prints up to a line that ends so.
func (n *node) until(end string) (all []string) {
	n.t.Helper()
	for n.lines.Scan() {
		all = append(all, n.lines.Text())
		if strings.HasSuffix(n.lines.Text(), end) {
			return all
		}
	}
	n.t.Fatalf("it ended: %v\n%s", n.lines.Err(), strings.Join(all, "\n"))
	return nil
}

// javascriptModules is a directory with the example below the packages that its
// lock names, which are kept in the user's cache.
func javascriptModules(t *testing.T) (dir string) {
	t.Helper()
	lock, err := os.ReadFile(javascript + "/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	cache = filepath.Join(cache, "rollcall", "javascript")
	modules := filepath.Join(cache, fmt.Sprintf("%x", sha256.Sum256(lock))[:16])
	if _, err := os.Stat(modules); err != nil {
		fresh := temporary(t, cache)
		copyInto(t, fresh, "package.json", "package-lock.json")
		cmd := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")
		cmd.Dir = fresh
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("npm ci: %v\n%s", err, out)
		}
		if err := os.Rename(fresh, modules); err != nil && !os.IsExist(err) {
			t.Fatal(err)
		}
	}
	dir = temporary(t, modules)
	copyInto(t, dir, "package.json", "group_presence.js", "watch.js")
	return dir
}

func temporary(t *testing.T, parent string) string {
	t.Helper()
	if err := os.MkdirAll(parent, 0o700); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp(parent, "test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func copyInto(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(javascript, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
