package lab

import (
	"errors"
	"fmt"
	"os"
	"syscall"
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
