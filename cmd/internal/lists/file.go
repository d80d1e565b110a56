package lists

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/rollcall-xmpp/rollcall/component/source"
)

// File is a file as a source.
type File struct {
	Path  string        // absolute
	Every time.Duration // 0 = whenever it changes

	Quiet time.Duration // how long nothing may have been written before it is read; 0 = 300 ms
	Look  time.Duration // how often it is looked at in any case; 0 = 1 min
}

// Run implements [source.Source].
func (f *File) Run(ctx context.Context, sink source.Sink) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch %s: %w", f.Path, err)
	}
	defer w.Close()
	look := orElse(f.Look, time.Minute)
	if f.Every > 0 {
		look = f.Every
	} else if err := w.Add(filepath.Dir(f.Path)); err != nil {
		return fmt.Errorf("watch %s: %w", f.Path, err)
	}
	r := reading{f: f, sink: sink}
	if err := r.read(ctx); err != nil {
		return err
	}
	again, quiet := time.NewTicker(look), time.NewTimer(0)
	defer again.Stop()
	defer quiet.Stop()
	quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case _, ok := <-w.Events: // of any file there: ours may be a link to another
			if !ok {
				return errClosed
			}
			if r.changed() {
				quiet.Reset(orElse(f.Quiet, 300*time.Millisecond))
			}
		case err, ok := <-w.Errors: // something may have been missed
			if !ok {
				return errClosed
			}
			if !errors.Is(err, fsnotify.ErrEventOverflow) {
				return fmt.Errorf("watch %s: %w", f.Path, err)
			}
			quiet.Reset(0)
		case <-again.C:
			quiet.Reset(0)
		case <-quiet.C:
			if err := r.settle(ctx, quiet); err != nil {
				return err
			}
		}
	}
}

var errClosed = errors.New("nothing is watched any more")

// reading is what was read last.
type reading struct {
	f    *File
	sink source.Sink
	seen stamp // of the file that was taken in, or refused
	last stamp // of the file that was looked at
}

// stamp tells one state of a file from another.
type stamp struct {
	info os.FileInfo
}

func (s stamp) same(o stamp) bool {
	if s.info == nil || o.info == nil {
		return s.info == nil && o.info == nil
	}
	return os.SameFile(s.info, o.info) && s.info.ModTime().Equal(o.info.ModTime()) && s.info.Size() == o.info.Size()
}

func (r *reading) stamp() stamp {
	info, err := os.Stat(r.f.Path)
	if err != nil {
		return stamp{}
	}
	return stamp{info}
}

// changed says whether the file is not the one that was read.
func (r *reading) changed() bool {
	r.last = r.stamp()
	return !r.last.same(r.seen)
}

// settle reads the file if it has changed and nobody writes to it just now.
func (r *reading) settle(ctx context.Context, quiet *time.Timer) error {
	before := r.last
	if !r.changed() {
		return nil
	}
	if !r.last.same(before) { // not yet
		quiet.Reset(orElse(r.f.Quiet, 300*time.Millisecond))
		return nil
	}
	return r.read(ctx)
}

// read takes the file in. One that cannot be read, or makes no sense, marks the
// source; an error means that it should be tried again.
func (r *reading) read(ctx context.Context) error {
	before := r.stamp()
	data, err := r.f.load()
	if err == nil && !r.stamp().same(before) {
		return fmt.Errorf("read %s: it changes all the time", r.f.Path)
	}
	r.seen, r.last = before, before
	if err != nil {
		r.sink.Lost("", err)
		return nil
	}
	groups, err := Read(r.f.Path, data)
	if err != nil {
		r.sink.Lost("", fmt.Errorf("read %s: %w", r.f.Path, err))
		return nil
	}
	var names []string
	for _, b := range groups {
		names = append(names, b.Name)
		if err := r.sink.Group(ctx, b); err != nil {
			r.seen = stamp{}
			return err
		}
	}
	r.sink.Only(names)
	r.sink.Back()
	return nil
}

// load reads the bytes.
func (f *File) load() ([]byte, error) {
	info, err := os.Stat(f.Path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // to open a pipe is to wait
		return nil, fmt.Errorf("read %s: it is no regular file", f.Path)
	}
	file, err := os.Open(f.Path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, MaxFile+1))
}

func orElse(d, other time.Duration) time.Duration {
	if d == 0 {
		return other
	}
	return d
}
