package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// fanOut is no XMPP server: a process that passes every line on to the other
// connections of its group. It is what the machine can do at all.
type fanOut struct {
	size size
	dir  string
	run  *lab.Program
}

// floorBytes is the length of what each watcher is sent: about that of a
// room's presence.
const floorBytes = 300

func (*fanOut) on(server string) bool      { return server == "" }
func (*fanOut) options(string) lab.Options { return lab.Options{} }
func (*fanOut) service() string            { return "" }
func (f *fanOut) pids() []int              { return f.run.PIDs() }

// start runs the process and returns where it listens.
func (f *fanOut) start(ctx context.Context) (addr string, err error) {
	if f.dir, err = os.MkdirTemp("", "rollcall-bench-"); err != nil {
		return "", err
	}
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer r.Close()
	f.run, err = lab.StartProgram(lab.ProgramOptions{Log: filepath.Join(f.dir, "log"), Files: []*os.File{w}}, self, "-floor")
	_ = w.Close()
	if err != nil {
		return "", err
	}
	said, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("start floor: %w: %s", err, f.run.LastWords())
	}
	return strings.TrimSpace(said), nil
}

// open tells each connection's group.
func (f *fanOut) open(_ context.Context, x *cell) error {
	for i, s := range x.seats {
		s.say(fmt.Sprintf("%d\n", f.size.group(i)))
	}
	return nil
}

func (f *fanOut) change(b []byte, member int, seq uint32) []byte {
	from := len(b)
	b = append(state(append(b, "<message>"...), member, seq), "<x>"...)
	for len(b)-from < floorBytes-len("</x></message>\n") {
		b = append(b, 'x')
	}
	return append(b, "</x></message>\n"...)
}

func (f *fanOut) close() error {
	var err error
	if f.run != nil {
		err = f.run.Stop()
	}
	return errors.Join(err, os.RemoveAll(f.dir))
}

// serveFloor is that process: it tells its address to descriptor 3 and serves
// until it is ended.
func serveFloor() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	out := os.NewFile(3, "address")
	if out == nil {
		return errors.New("serve floor: nobody wants to know the address")
	}
	if _, err := fmt.Fprintln(out, l.Addr()); err != nil {
		return err
	}
	_ = out.Close()
	h := &hall{groups: map[string][]net.Conn{}}
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		go h.serve(conn)
	}
}

// hall is who is connected, by group.
type hall struct {
	mu     sync.RWMutex
	groups map[string][]net.Conn
}

func (h *hall) serve(conn net.Conn) {
	r := bufio.NewReaderSize(conn, 16<<10)
	group, err := r.ReadString('\n')
	if err != nil {
		return
	}
	h.mu.Lock()
	h.groups[group] = append(h.groups[group], conn)
	h.mu.Unlock()
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return
		}
		// What has come already goes on in one piece.
		if n := r.Buffered(); n > 0 {
			more, _ := r.Peek(n)
			if k := bytes.LastIndexByte(more, '\n'); k >= 0 {
				line = append(bytes.Clone(line), more[:k+1]...)
				_, _ = io.CopyN(io.Discard, r, int64(k+1))
			}
		}
		h.mu.RLock()
		for _, c := range h.groups[group] {
			if c != conn {
				_, _ = c.Write(line)
			}
		}
		h.mu.RUnlock()
	}
}
