package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// fetch gets something from the program's admin socket.
func (c *component) fetch(ctx context.Context, path string) ([]byte, error) {
	t := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(c.dir, "rollcall.sock"))
	}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://rollcall"+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := t.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("get %s: %s", path, resp.Status)
	}
	return io.ReadAll(resp.Body)
}

// mallocs is how many allocations the program has made; 0 if it does not say.
func (c *component) mallocs(ctx context.Context) int64 {
	text, _ := c.fetch(ctx, "/debug/pprof/heap?debug=1") // what it does not say is not told
	_, rest, _ := bytes.Cut(text, []byte("# Mallocs = "))
	digits, _, _ := bytes.Cut(rest, []byte("\n"))
	n, _ := strconv.ParseInt(string(digits), 10, 64)
	return n
}

// pause is the longest but one in a hundred of the last pauses that collecting
// garbage has cost the program.
func (c *component) pause(ctx context.Context) time.Duration {
	text, _ := c.fetch(ctx, "/debug/pprof/heap?debug=1")
	_, rest, _ := bytes.Cut(text, []byte("# PauseNs = ["))
	list, _, _ := bytes.Cut(rest, []byte("]"))
	var h histogram
	for _, field := range bytes.Fields(list) {
		if n, _ := strconv.ParseInt(string(field), 10, 64); n > 0 {
			h.add(time.Duration(n))
		}
	}
	return h.quantile(0.99)
}

// counted is f with the allocations of the component meanwhile.
func (c *cell) counted(ctx context.Context, f func() (run, error)) (run, error) {
	own, ok := c.way.(*component)
	if !ok {
		return f()
	}
	first, before := own.mallocs(ctx), own.mallocs(ctx) // the question has its price
	r, err := f()
	r.Allocs = max(0, own.mallocs(ctx)-before-(before-first))
	return r, err
}

// profile writes where the time goes while f runs: of the component by its own
// profiler, of the server by perf(1).
func (c *cell) profile(ctx context.Context, dir string, length time.Duration, f func() (run, error)) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	name := filepath.Join(dir, strings.Join([]string{c.job.server, c.job.way, c.size.String()}, "-"))
	var all sync.WaitGroup
	var errs [2]error
	if own, ok := c.way.(*component); ok {
		all.Go(func() {
			text, err := own.fetch(ctx, fmt.Sprintf("/debug/pprof/profile?seconds=%d", int(max(1, length.Seconds()))))
			if err == nil {
				err = os.WriteFile(name+".pprof", text, 0o644)
			}
			errs[0] = err
		})
	}
	if c.server != nil && len(c.server.PIDs()) > 0 {
		all.Go(func() {
			cmd := exec.CommandContext(ctx, "perf", "record", "-q", "-F", "997", "-g", "-o", name+".perf", "-p", fmt.Sprint(c.server.PIDs()[0]), "--", "sleep", fmt.Sprint(length.Seconds()))
			if said, err := cmd.CombinedOutput(); err != nil {
				errs[1] = fmt.Errorf("perf: %w: %s", err, said)
			}
		})
	}
	_, err := f()
	all.Wait()
	return errors.Join(err, errs[0], errs[1])
}
