package demo

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// stopTime is how long rollcall may take to end in good order.
const stopTime = 10 * time.Second

// child is `rollcall run`, in a process group of its own, so that a Ctrl-C in
// the terminal is for us alone.
type child struct {
	cmd  *exec.Cmd
	log  string        // what it says goes there
	done chan struct{} // closed when it has ended
}

func startChild(dir, log, program string, args ...string) (*child, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	defer out.Close()
	c := &child{cmd: exec.Command(program, args...), log: log, done: make(chan struct{})}
	c.cmd.Dir, c.cmd.Stdout, c.cmd.Stderr, c.cmd.SysProcAttr = dir, out, out, procAttr()
	started := make(chan error)
	go func() {
		// The kernel ends a child with the thread that started it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := c.cmd.Start()
		started <- err
		if err == nil {
			_ = c.cmd.Wait()
			close(c.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	return c, nil
}

// signal reaches whatever the child has started, too. A child that has ended
// may have left its number to somebody else.
func (c *child) signal(sig syscall.Signal) {
	select {
	case <-c.done:
	default:
		_ = syscall.Kill(-c.cmd.Process.Pid, sig)
	}
}

// stop ends it. That it had ended before is another's to tell.
func (c *child) stop() error {
	select {
	case <-c.done:
		return nil
	default:
	}
	c.signal(syscall.SIGTERM)
	select {
	case <-c.done:
	case <-time.After(stopTime):
		c.signal(syscall.SIGKILL)
		<-c.done
		return errors.New("stop rollcall: it had to be killed")
	}
	if !c.cmd.ProcessState.Success() {
		return fmt.Errorf("stop rollcall: %s\n%s", c.cmd.ProcessState, c.lastWords())
	}
	return nil
}

// why is the error of a child that ended by itself.
func (c *child) why() error {
	return fmt.Errorf("%w: %s\n%s", errService, c.cmd.ProcessState, c.lastWords())
}

// lastWords is the end of what it logged.
func (c *child) lastWords() string {
	text, _ := os.ReadFile(c.log) // without it there is nothing to say
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-8):], "\n")
}
