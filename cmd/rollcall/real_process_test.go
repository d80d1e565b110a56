package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin"
	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// build makes the program, once for all tests of a test.
func build(t *testing.T) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "rollcall")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return program
}

// process is `rollcall run` as a process of its own.
type process struct {
	t    testing.TB
	cmd  *exec.Cmd
	log  *logFile
	done chan struct{} // closed when it has ended
	err  error         // how, after that
}

// spawn starts the service. It is killed when the test ends, if it still runs.
func spawn(t testing.TB, program, config string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(program, "run", "-config", config), log: &logFile{}, done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // an error: it has ended
		<-p.done
		if t.Failed() {
			t.Logf("log of the service:\n%s", p.log)
		}
	})
	return p
}

// kill is kill -9.
func (p *process) kill() {
	p.t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		p.t.Fatal(err)
	}
	<-p.done
}

// terminate ends it in good order and returns its exit status.
func (p *process) terminate() int {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	return p.status()
}

// status is its exit status, when it has ended.
func (p *process) status() int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(time.Minute):
		p.t.Fatal("it does not end")
	}
	var exit *exec.ExitError
	if p.err != nil && !errors.As(p.err, &exit) {
		p.t.Fatal(p.err)
	}
	return p.cmd.ProcessState.ExitCode()
}

// logFile keeps what a process says.
type logFile struct {
	mu   sync.Mutex
	b    bytes.Buffer
	news chan struct{}
}

func (l *logFile) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.news != nil {
		close(l.news)
		l.news = nil
	}
	return l.b.Write(b)
}

func (l *logFile) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// says waits until the log has n lines with text in them.
func (p *process) says(ctx context.Context, text string, n int) {
	p.t.Helper()
	for {
		p.log.mu.Lock()
		if p.log.news == nil {
			p.log.news = make(chan struct{})
		}
		news, found := p.log.news, strings.Count(p.log.b.String(), text) >= n
		p.log.mu.Unlock()
		if found {
			return
		}
		select {
		case <-news:
		case <-p.done:
			p.t.Fatalf("it ended without saying %q:\n%s", text, p.log)
		case <-ctx.Done():
			p.t.Fatalf("it did not say %q %d times:\n%s", text, n, p.log)
		}
	}
}

// command runs the command line against the service of config.
func command(ctx context.Context, config string, words ...string) (status int, output string) {
	var out bytes.Buffer
	m := Main{Stdout: &out, Stderr: &out, Getenv: os.Getenv}
	status = m.Run(ctx, append([]string{"-config", config}, words...))
	return status, out.String()
}

// members lists a group's members by JID, as the command line says.
func members(t testing.TB, ctx context.Context, config, group string) map[string]admin.Member {
	t.Helper()
	status, out := command(ctx, config, "member", "list", group, "--json")
	var list struct{ Members []admin.Member }
	if err := json.Unmarshal([]byte(out), &list); status != exitDone || err != nil {
		t.Fatalf("list members: exit %d, %v: %s", status, err, out)
	}
	byJID := make(map[string]admin.Member)
	for _, m := range list.Members {
		byJID[m.JID] = m
	}
	return byJID
}

// attached returns when the service answers c through the server.
func attached(t testing.TB, ctx context.Context, c *lab.Client, domain string) {
	t.Helper()
	for {
		// One that went to a dead connection is never answered.
		ask, cancel := context.WithTimeout(ctx, time.Second)
		got, err := c.Query(ask, domain, "get", "<ping xmlns='urn:xmpp:ping'/>")
		cancel()
		if err == nil && got.Type == "result" {
			return
		}
		if ctx.Err() != nil || c.Err() != nil {
			t.Fatalf("not attached: %v, %v", ctx.Err(), c.Err())
		}
	}
}
