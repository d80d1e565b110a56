package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Program is a program beside the servers, such as a real client: in a process
// group of its own, with room for many files, ended by the kernel should we be.
type Program struct {
	proc *process
	done <-chan struct{}
}

// ProgramOptions say how a program runs.
type ProgramOptions struct {
	Dir   string     // where it runs; "" = here
	Log   string     // file that its output is added to
	Env   []string   // `NAME=value`, added to ours
	Files []*os.File // its descriptors 3 and up; the caller closes his own
}

// StartProgram starts name, which is looked for as servers are. The error wraps
// [ErrMissing] if it is not there.
func StartProgram(o ProgramOptions, name string, args ...string) (*Program, error) {
	path, err := lookPath(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrMissing, name)
	}
	p := &Program{proc: &process{program: path, args: args, env: o.Env, dir: o.Dir, output: o.Log, files: o.Files}}
	if p.done, err = p.proc.start(); err != nil {
		return nil, err
	}
	return p, nil
}

// Done is closed when the program has ended.
func (p *Program) Done() <-chan struct{} { return p.done }

// PIDs is the process, for measurements; none when it has ended.
func (p *Program) PIDs() []int { return p.proc.pids() }

// look lies between two looks at a program.
const look = 100 * time.Millisecond

// Until asks again and again until ready is true. Its errors mean that it is
// too early; the last one is told if ctx ends first.
func (p *Program) Until(ctx context.Context, what string, ready func() (bool, error)) error {
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		ok, err := ready()
		if ok && err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("await %s: %s has ended\n%s", what, filepath.Base(p.proc.program), p.LastWords())
		case <-ctx.Done():
			return fmt.Errorf("await %s: %w", what, errors.Join(context.Cause(ctx), err))
		case <-tick.C:
		}
	}
}

// LastWords is the end of what the program has written.
func (p *Program) LastWords() string {
	return lastLines(since(p.proc.output, max(0, size(p.proc.output)-4096)), 15)
}

// Stop asks the program and whatever it has started to end, and sees to it. A
// program that has ended by itself is none to be sorry for.
func (p *Program) Stop() error {
	if err := p.proc.end(syscall.SIGTERM); !errors.Is(err, errNotRunning) {
		return err
	}
	return nil
}
