package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// daemon is a server that is a program of its own.
type daemon struct {
	base
	proc process
	log  string
	busy string // what the output says when a port is taken

	needs   int                     // ports: c2s, component, others
	prepare func(ports []int) error // writes the configuration
	ready   func(ctx context.Context) error
	addUser func(ctx context.Context, user, password string) error

	mu    sync.Mutex // one start or end at a time
	ports []port
}

var errPortTaken = errors.New("port taken")

// startFirst finds ports and starts; again with others where somebody was
// faster. If it fails nothing is left behind.
func (d *daemon) startFirst(ctx context.Context) error {
	d.log = filepath.Join(d.opts.Dir, d.name+".log")
	d.proc.dir, d.proc.output = d.opts.Dir, filepath.Join(d.opts.Dir, "output.log")
	var err error
	for range 5 {
		if err = d.configure(); err != nil {
			break
		}
		if err = d.Start(ctx); !errors.Is(err, errPortTaken) {
			break
		}
	}
	if err != nil {
		_ = d.Stop()
	}
	return err
}

func (d *daemon) configure() (err error) {
	releasePorts(d.ports)
	if d.ports, err = claimPorts(d.needs); err != nil {
		return err
	}
	d.c2s, d.compAddr = d.ports[0].addr(), d.ports[1].addr()
	var numbers []int
	for _, p := range d.ports {
		numbers = append(numbers, p.number)
	}
	if err := d.prepare(numbers); err != nil {
		return fmt.Errorf("configure %s: %w", d.name, err)
	}
	return nil
}

func (d *daemon) Start(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.start(ctx)
}

func (d *daemon) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	mark, logMark := size(d.proc.output), size(d.log)
	ended, err := d.proc.start()
	if err != nil {
		return err
	}
	for _, p := range d.ports {
		if err == nil {
			err = awaitPort(ctx, p.addr(), ended)
		}
	}
	if err == nil && d.ready != nil {
		err = d.ready(ctx)
	}
	said := since(d.proc.output, mark) + since(d.log, logMark)
	if strings.Contains(said, d.busy) { // some of them go on without the port
		err = errors.Join(errPortTaken, err)
	}
	if err != nil {
		_ = d.proc.end(syscall.SIGKILL)
		return fmt.Errorf("start %s: %w\n%s", d.name, err, lastLines(said, 12))
	}
	return nil
}

// size is a file's size, 0 if there is none.
func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// since is what was written to a file behind offset, "" if it cannot be read.
func since(path string, offset int64) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	text, _ := io.ReadAll(io.NewSectionReader(file, offset, 1<<20))
	return string(text)
}

func (d *daemon) Restart(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.proc.end(syscall.SIGTERM); err != nil && !errors.Is(err, errNotRunning) {
		return err
	}
	return d.start(ctx)
}

func (d *daemon) Kill() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.proc.end(syscall.SIGKILL)
}

func (d *daemon) Stop() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := d.proc.end(syscall.SIGTERM)
	if errors.Is(err, errNotRunning) {
		err = nil
	}
	releasePorts(d.ports)
	return errors.Join(err, os.RemoveAll(d.opts.Dir))
}

func (d *daemon) AddUser(ctx context.Context, user, password string) error {
	if err := d.addUser(ctx, user, password); err != nil {
		return fmt.Errorf("add user %s to %s: %w", user, d.name, err)
	}
	return nil
}

func (d *daemon) Log() string { return d.log }
func (d *daemon) PIDs() []int { return d.proc.pids() }
