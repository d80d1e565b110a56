package lists_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/lists"
	"github.com/rollcall-xmpp/rollcall/roster"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// desk writes down what a file says.
type desk struct {
	mu    sync.Mutex
	lines []string
	wake  chan struct{}
}

func (d *desk) add(line string) {
	d.mu.Lock()
	d.lines = append(d.lines, line)
	d.mu.Unlock()
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

func (d *desk) Group(_ context.Context, b *roster.Basic) error {
	d.add(line([]*roster.Basic{b}))
	return nil
}
func (d *desk) Only(names []string)      { d.add("only " + strings.Join(names, " ")) }
func (d *desk) Lost(_ string, why error) { d.add("lost: " + why.Error()) }
func (d *desk) Hold(context.Context, roster.TieKind, string, string) error {
	return errors.New("a file tells nobody")
}

func (d *desk) Back() { d.add("back") }
func (d *desk) is(t *testing.T, want string) {
	t.Helper()
	limit := time.After(20 * time.Second)
	for {
		d.mu.Lock()
		i := slices.IndexFunc(d.lines, func(l string) bool { return strings.Contains(l, want) })
		lines := strings.Join(d.lines, "\n")
		if i >= 0 {
			d.lines = d.lines[i+1:]
		}
		d.mu.Unlock()
		if i >= 0 {
			return
		}
		select {
		case <-d.wake:
		case <-limit:
			t.Fatalf("the file says\n%s\nnot %s", lines, want)
		}
	}
}

func watched(t *testing.T, f *lists.File) *desk {
	t.Helper()
	d := &desk{wake: make(chan struct{}, 1)}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx, d) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	return d
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

const head = "group,jid\n"

// However a file is changed, it is read again: in place, by another that takes
// its name, by a link that leads elsewhere, after it was away.
func TestFileChanges(t *testing.T) {
	dir := t.TempDir()
	path, other := filepath.Join(dir, "groups.csv"), filepath.Join(dir, ".new")
	d := watched(t, &lists.File{Path: path, Quiet: time.Millisecond})
	d.is(t, "lost: stat ")
	write(t, path, head+"a,a@b\n")
	d.is(t, "[a ")
	d.is(t, "back")
	write(t, path, head+"a,a@b\nb,a@b\n")
	d.is(t, "[b ")
	write(t, other, head+"c,a@b\n")
	if err := os.Rename(other, path); err != nil {
		t.Fatal(err)
	}
	d.is(t, "only c")
	if err := os.Rename(path, path+"~"); err != nil { // as editors do
		t.Fatal(err)
	}
	write(t, path, head+"d,a@b\n")
	d.is(t, "only d")
	write(t, path, head+"d,a@b\ne,a@")
	d.is(t, "does not end")
}

// A directory of links, as Kubernetes has its files.
func TestLinkedFile(t *testing.T) {
	dir := t.TempDir()
	for _, v := range []string{"1", "2"} {
		if err := os.Mkdir(filepath.Join(dir, v), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, v, "groups.csv"), head+"v"+v+",a@b\n")
	}
	link := func(to, name string) {
		t.Helper()
		if err := os.Symlink(to, filepath.Join(dir, "next")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(dir, "next"), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	link("1", "data")
	link("data/groups.csv", "groups.csv")
	d := watched(t, &lists.File{Path: filepath.Join(dir, "groups.csv"), Quiet: time.Millisecond})
	d.is(t, "only v1")
	link("2", "data")
	d.is(t, "only v2")
}

// Without being told, it is looked at from time to time.
func TestFilePeriodic(t *testing.T) {
	path := filepath.Join(t.TempDir(), "groups.csv")
	write(t, path, head+"a,a@b\n")
	d := watched(t, &lists.File{Path: path, Every: 5 * time.Millisecond, Quiet: time.Millisecond})
	d.is(t, "only a")
	write(t, path, head+"b,a@b\n")
	d.is(t, "only b")
}

// What is no file is not opened: that could wait for ever.
func TestNoFile(t *testing.T) {
	d := watched(t, &lists.File{Path: t.TempDir(), Quiet: time.Millisecond})
	d.is(t, "no regular file")
}
