package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// errNotRunning is returned when a process is to be ended that is not there.
var errNotRunning = errors.New("not running")

// process runs one program at a time in a process group of its own.
type process struct {
	program string
	args    []string
	env     []string // added to ours
	dir     string
	output  string     // file for stdout and stderr
	files   []*os.File // descriptors 3 and up

	mu   sync.Mutex
	pid  int           // 0 = none; also the number of the group
	done chan struct{} // closed when pid has ended
}

// withManyFiles starts a program with room for thousands of connections. Not
// with all the system allows: Erlang makes tables of that size.
const withManyFiles = `ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -Hn)"; exec "$0" "$@"`

// start starts the program and returns a channel that is closed when it has
// ended.
func (p *process) start() (<-chan struct{}, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pid != 0 {
		return nil, fmt.Errorf("start %s: runs already as %d", p.program, p.pid)
	}
	out, err := os.OpenFile(p.output, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", p.program, err)
	}
	defer out.Close()
	cmd := exec.Command("/bin/sh", append([]string{"-c", withManyFiles, p.program}, p.args...)...)
	cmd.Dir, cmd.Env = p.dir, append(os.Environ(), p.env...)
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = out, out, p.files
	cmd.SysProcAttr = procAttr()
	started, done := make(chan error), make(chan struct{})
	go p.attend(cmd, started, done)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", p.program, err)
	}
	p.pid, p.done = cmd.Process.Pid, done
	return done, nil
}

// attend starts cmd and waits for its end. It keeps its thread: the kernel
// ends the program together with the thread that started it (see procAttr).
func (p *process) attend(cmd *exec.Cmd, started chan<- error, done chan<- struct{}) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := cmd.Start()
	started <- err
	if err != nil {
		return
	}
	_ = cmd.Wait()
	p.mu.Lock()
	p.pid = 0
	p.mu.Unlock()
	close(done)
}

// end sends sig to the group, and SIGKILL after stopTime; it returns when the
// program has ended.
func (p *process) end(sig syscall.Signal) error {
	p.mu.Lock()
	pid, done := p.pid, p.done
	p.mu.Unlock()
	if pid == 0 {
		return fmt.Errorf("end %s: %w", p.program, errNotRunning)
	}
	if err := syscall.Kill(-pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("end %s: %w", p.program, err)
	}
	select {
	case <-done:
	case <-time.After(stopTime):
	}
	// Also when the leader has ended: its helpers must not outlive it.
	_ = syscall.Kill(-pid, syscall.SIGKILL)
	<-done
	return nil
}

func (p *process) pids() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pid == 0 {
		return nil
	}
	return []int{p.pid}
}
