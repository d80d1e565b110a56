package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// demoBench is a directory for demos, and the program built to run them: they
// start it as an admin would.
type demoBench struct{ program, tmp string }

func newDemoBench(t *testing.T) *demoBench {
	t.Helper()
	dir, err := os.MkdirTemp("", "rc") // short: a Unix socket is in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	b := &demoBench{filepath.Join(dir, "rollcall"), filepath.Join(dir, "tmp")}
	if err := os.Mkdir(b.tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-o", b.program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return b
}

func (b *demoBench) command(args ...string) *exec.Cmd {
	cmd := exec.Command(b.program, append([]string{"demo"}, args...)...)
	cmd.Env = append(os.Environ(), "TMPDIR="+b.tmp)
	return cmd
}

// leftNothing looks for directories, and for processes that name them.
func (b *demoBench) leftNothing(t *testing.T) {
	t.Helper()
	left, err := os.ReadDir(b.tmp)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range processes {
		if line, err := os.ReadFile(p); err == nil && bytes.Contains(line, []byte(b.tmp)) {
			t.Errorf("still runs: %s", bytes.ReplaceAll(line, []byte{0}, []byte{' '}))
		}
	}
}

// The program as an admin runs it, its demo above all.
func TestDemo(t *testing.T) {
	b := newDemoBench(t)
	t.Run("once", b.testOnce)
	t.Run("ends", b.testEnds)
	t.Run("killed", b.testKilled)
}

// The whole demo with its verdict, on both servers, side by side.
func (b *demoBench) testOnce(t *testing.T) {
	t.Run("all", func(t *testing.T) {
		for _, c := range []struct{ name, manner string }{
			{"prosody", "1"}, {"ejabberd", "1"}, {"prosody", "1"}, {"prosody", "2"}, {"ejabberd", "2"}, {"prosody", "3"}, {"ejabberd", "3"},
		} {
			t.Run(c.name+c.manner, func(t *testing.T) {
				t.Parallel()
				out, err := b.command("--once", "--server", c.name, "--manner", c.manner).CombinedOutput()
				if err != nil {
					t.Errorf("%v\n%s", err, out)
				}
				if bytes.ContainsAny(out, "\x1b\r") {
					t.Errorf("escapes without a terminal: %q", out)
				}
				if !verdict.Match(out) || bytes.Count(out, []byte("\nok ")) < 20 || bytes.Contains(out, []byte("FAIL")) {
					t.Errorf("no verdict:\n%s", out)
				}
				t.Log(string(out))
			})
		}
	})
	b.leftNothing(t)
}

var verdict = regexp.MustCompile(`(?m)^\d+ of \d+ ok, \d+ comparisons; from a member's word to the subscriber: median .* ms`)

// However it is ended while people come and go, nothing is left behind.
func (b *demoBench) testEnds(t *testing.T) {
	for name, sig := range map[string]syscall.Signal{"Ctrl-C": syscall.SIGINT, "SIGTERM": syscall.SIGTERM, "terminal": syscall.SIGHUP} {
		t.Run(name, func(t *testing.T) {
			cmd := b.command()
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(out)
			for lines.Scan() && !strings.Contains(lines.Text(), "Bo: offline → available") {
			}
			if err := cmd.Process.Signal(sig); err != nil {
				t.Error(err)
			}
			rest, _ := io.ReadAll(out) // an error shows in the exit code
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
			if !strings.HasSuffix(string(rest), "nothing is left behind.\n") {
				t.Errorf("its last words: %s", rest)
			}
			b.leftNothing(t)
		})
	}
}

// A second Ctrl-C does not wait.
func (b *demoBench) testKilled(t *testing.T) {
	cmd := b.command("--once", "--server", "ejabberd")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.Contains(lines.Text(), "rollcall run") {
	}
	// The second counts once the first was heard: send until it has ended.
	ended := make(chan error, 1)
	go func() {
		_, _ = io.Copy(io.Discard, out)
		ended <- cmd.Wait()
	}()
	for {
		select {
		case err := <-ended:
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 130 && exit.ExitCode() != exitFailed {
				t.Errorf("ended with %v", err)
			}
			b.leftNothing(t)
			return
		default:
			_ = cmd.Process.Signal(os.Interrupt) // it may have ended just now
			runtime.Gosched()
		}
	}
}
