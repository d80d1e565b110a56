package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// report is everything a run found out.
type report struct {
	Made    time.Time     `json:"made"`
	Commit  string        `json:"commit"`
	Machine string        `json:"machine"`
	Took    time.Duration `json:"took"`
	Plan    plan          `json:"plan"`
	Growth  *grown        `json:"growth,omitempty"`
	Cells   []result      `json:"cells"`
	Left    []string      `json:"left_out,omitempty"` // what could not be measured, and why
}

func newReport(ctx context.Context, p plan) *report {
	return &report{Made: time.Now().UTC().Truncate(time.Second), Commit: commit(ctx), Machine: machine(), Plan: p}
}

// resume takes in what an earlier run found, which is not to be measured again.
func (r *report) resume(was *report) {
	r.Made, r.Took, r.Cells, r.Growth = was.Made, was.Took, was.Cells, was.Growth
	if !strings.Contains(was.Commit, r.Commit) {
		r.Commit = was.Commit + ", " + r.Commit
	} else {
		r.Commit = was.Commit
	}
}

// result is what a cell found out: each phase as often as it was run.
type result struct {
	Server    string  `json:"server"`
	Way       string  `json:"way"`
	Size      size    `json:"size"`
	Modest    []run   `json:"modest"`
	Saturated []run   `json:"saturated"`
	Burst     []run   `json:"burst,omitempty"`
	Overload  []run   `json:"overload,omitempty"`
	ServerRSS int64   `json:"server_rss"`        // bytes, at the end
	OwnRSS    int64   `json:"component_rss"`     // the same
	Pause     float64 `json:"pause,omitempty"`   // ms, p99 of those of the component's collector
	Setup     float64 `json:"setup"`             // seconds
	Partial   bool    `json:"partial,omitempty"` // something failed, and what was measured before stands here
}

// run makes all phases, each as often as wanted.
func (p *plan) run(ctx context.Context, c *cell, x *result) error {
	if p.Modest > 0 {
		if err := repeat(p.Runs, &x.Modest, func() (run, error) { return c.modest(ctx, p.Modest) }); err != nil {
			return err
		}
	}
	if p.Saturated > 0 {
		if err := p.saturate(ctx, c, x); err != nil {
			return err
		}
	}
	if p.Burst > 0 {
		if err := repeat(p.bursts(c.job), &x.Burst, func() (run, error) { return c.burst(ctx) }); err != nil {
			return err
		}
	}
	x.look(ctx, c)
	if p.Overload > 0 && p.Saturated > 0 {
		return p.overload(ctx, c, x)
	}
	return nil
}

// bursts is how many runs of that phase are made: some take their time over it
// that no goal speaks of.
func (p *plan) bursts(j job) int {
	if j.matters() {
		return p.Runs
	}
	return 1
}

// look takes in how the processes are.
func (x *result) look(ctx context.Context, c *cell) {
	if own, ok := c.way.(*component); ok {
		x.Pause = ms(own.pause(ctx))
	}
	x.ServerRSS, x.OwnRSS = rss(c.serverPIDs()), rss(c.componentPIDs())
}

func repeat(n int, runs *[]run, f func() (run, error)) error {
	for range n {
		r, err := f()
		if err != nil {
			return err
		}
		*runs = append(*runs, r)
	}
	return nil
}

// saturate is the phase of that name, and what wants to know its result. Where
// the component is alone, each change has to be told by itself.
func (p *plan) saturate(ctx context.Context, c *cell, x *result) (err error) {
	inFlight := 1
	if x.Server != "fake" {
		if inFlight, err = c.limit(ctx, p.Probe); err != nil {
			return err
		}
	}
	load := func() (run, error) { return c.saturate(ctx, inFlight, p.Saturated) }
	err = repeat(p.Runs, &x.Saturated, func() (run, error) {
		return c.counted(ctx, func() (run, error) { return c.withPings(ctx, load) })
	})
	if err == nil && p.Profile != "" {
		err = c.profile(ctx, p.Profile, p.Saturated, load)
	}
	return err
}

// line says in short what came of it.
func (x *result) line() string {
	var b strings.Builder
	if m := x.Modest; len(m) > 0 {
		fmt.Fprintf(&b, "p50 %.1f ms, %.0f µs CPU; ", median(m, func(r run) float64 { return r.P50 }), median(m, run.cost))
	}
	if s := x.Saturated; len(s) > 0 {
		fmt.Fprintf(&b, "%.0f/s (%.0f current), %.0f µs CPU, p95 %.0f ms, %d in flight, ping p99 %.0f ms; ", median(s, func(r run) float64 { return r.Rate }),
			median(s, func(r run) float64 { return r.Current }), median(s, run.cost), median(s, func(r run) float64 { return r.P95 }), s[0].InFlight,
			median(s, func(r run) float64 { return r.Ping99 }))
	}
	if s := x.Burst; len(s) > 0 {
		fmt.Fprintf(&b, "burst right after %.2f s, %.2f s CPU; ", median(s, func(r run) float64 { return r.Settled }), median(s, run.cpu))
	}
	if n := x.lost(); n > 0 {
		fmt.Fprintf(&b, "LOST %d; ", n)
	}
	if s := x.Overload; len(s) > 0 {
		fmt.Fprintf(&b, "overload %s; ", s[0].strain())
	}
	return b.String() + fmt.Sprintf("setup %.0f s", x.Setup)
}

// lost is how many updates were, in all.
func (x *result) lost() (n int64) {
	for _, r := range slices.Concat(x.Modest, x.Saturated, x.Burst, x.Overload) {
		n += r.Lost
	}
	return n
}

// cpu is the CPU time of server and component together, in seconds.
func (r run) cpu() float64 { return r.Server + r.Component }

// cost is the same for one update that was received, in microseconds: as many
// milliseconds for a thousand.
func (r run) cost() float64 { return 1e6 * r.cpu() / max(1, float64(r.Received)) }

// median of what f says of each run; 0 of none.
func median(runs []run, f func(run) float64) float64 {
	if len(runs) == 0 {
		return 0
	}
	var v []float64
	for _, r := range runs {
		v = append(v, f(r))
	}
	slices.Sort(v)
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}

// write keeps it, a cell on a line. Who is interrupted leaves the file as it was.
func (r *report) write(file string) error {
	head := *r
	head.Cells = []result{}
	text, err := json.MarshalIndent(head, "", " ")
	if err != nil {
		return err
	}
	var cells []byte
	for i, x := range r.Cells {
		line, err := json.Marshal(x)
		if err != nil {
			return err
		}
		if i > 0 {
			cells = append(cells, ',')
		}
		cells = append(append(cells, "\n  "...), line...)
	}
	text = bytes.Replace(text, []byte(`"cells": []`), slices.Concat([]byte(`"cells": [`), cells, []byte("\n ]")), 1)
	if err := os.WriteFile(file+".new", append(text, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

func readReport(file string) (*report, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return &r, nil
}

// print is for the terminal.
func (r *report) print(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	defer t.Flush()
	fmt.Fprintln(t, "members\tserver\tway\tphase\toffered\treceived\tsuperseded\tlost\trepeated\trate/s\tcurrent/s\tserver µs\tcomponent µs\tp50 ms\tp95\tp99\tbytes\tframes\tsettled s\tping p99\tin flight\t")
	for _, x := range r.Cells {
		for _, phase := range []struct {
			name string
			runs []run
		}{{"modest", x.Modest}, {"saturated", x.Saturated}, {"burst", x.Burst}, {"overload", x.Overload}} {
			for _, u := range phase.runs {
				n := max(1, float64(u.Received))
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%.0f\t%.0f\t%.1f\t%.2f\t%.1f\t%.1f\t%.1f\t%.0f\t%d\t%.2f\t%.1f\t%d\t\n", x.Size, x.Server, x.Way, phase.name,
					u.Offered, u.Received, u.Superseded, u.Lost, u.Repeated, u.Rate, u.Current, 1e6*u.Server/n, 1e6*u.Component/n, u.P50, u.P95, u.P99,
					float64(u.Bytes)/n, u.Frames, u.Settled, u.Ping99, u.InFlight)
			}
		}
	}
}

func commit(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// machine says on what it was measured.
func machine() string {
	model := runtime.GOARCH
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			model = strings.TrimSpace(value)
			break
		}
	}
	return fmt.Sprintf("%d cores of %s, %s %s, %s", runtime.NumCPU(), model, runtime.GOOS, runtime.GOARCH, runtime.Version())
}
