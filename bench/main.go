package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := Run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	sizes, servers, ways string
	from, out, docs      string
	program              string
	quick, floor, resume bool
	onlyGrowth           bool
	plan                 plan
}

func flags(args []string) (o options, err error) {
	o.plan = fullPlan()
	if os.Getenv("BENCH_QUICK") != "" || hasQuick(args) {
		o.plan = quickPlan()
	}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.BoolVar(&o.quick, "quick", false, "a second of each, of twenty members; BENCH_QUICK=1 is the same")
	f.StringVar(&o.sizes, "n", "", "how many members: 10,50,20x25 (twenty groups of 25)")
	f.StringVar(&o.servers, "servers", "", "prosody,ejabberd,fake")
	f.StringVar(&o.ways, "ways", "", "which ways, by their names")
	f.IntVar(&o.plan.Runs, "runs", o.plan.Runs, "runs of each phase")
	f.DurationVar(&o.plan.Modest, "modest", o.plan.Modest, "length of a run at five changes a second")
	f.DurationVar(&o.plan.Saturated, "saturated", o.plan.Saturated, "length of a saturated run")
	f.DurationVar(&o.plan.Overload, "overload", o.plan.Overload, "offer five times too much for so long; 0: do not")
	f.DurationVar(&o.plan.Within, "within", o.plan.Within, "stop behind the cell in which this time is over, and write what there is; 0: make all")
	f.BoolVar(&o.plan.Growth, "growth", o.plan.Growth, "measure what a change and a member cost, against how many there are")
	f.BoolVar(&o.onlyGrowth, "only-growth", false, "that, and nothing else")
	f.BoolVar(&o.resume, "resume", false, "keep what the file of -o has, and measure what it has not")
	f.IntVar(&o.plan.Burst, "burst", o.plan.Burst, "members of the group that has a burst")
	f.StringVar(&o.plan.Profile, "profile", "", "directory for profiles of another saturated run: the component's by pprof, the server's by perf")
	f.StringVar(&o.out, "o", "docs/performance.json", "where the figures go; - prints them as a table and keeps none")
	f.StringVar(&o.docs, "docs", "docs", "where performance.md and its plots go, with -o or -from a file")
	f.StringVar(&o.from, "from", "", "measure nothing, write the documents from this file")
	f.StringVar(&o.program, "program", "", "rollcall to measure; without it, it is built")
	f.BoolVar(&o.floor, "floor", false, "be the floor (internal)")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	err = o.plan.set(o.sizes, o.servers, o.ways)
	if o.onlyGrowth {
		o.plan.Growth, o.plan.Sizes = true, nil
	}
	return o, err
}

// hasQuick looks ahead: the other flags' defaults depend on it.
func hasQuick(args []string) bool {
	for _, a := range args {
		if a == "-quick" || a == "--quick" {
			return true
		}
	}
	return false
}

// Run is the command without the process around it.
func Run(ctx context.Context, args []string) error {
	o, err := flags(args)
	if err != nil {
		return err
	}
	if o.floor {
		return serveFloor()
	}
	if o.from != "" {
		r, err := readReport(o.from)
		if err != nil {
			return err
		}
		return writeDocuments(o.docs, r)
	}
	debug.SetGCPercent(400) // what is measured is not our collector
	if o.program == "" {
		dir, err := os.MkdirTemp("", "rollcall-bench-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		o.program = filepath.Join(dir, "rollcall")
		cmd := exec.CommandContext(ctx, "go", "build", "-o", o.program, "github.com/rollcall-xmpp/rollcall/cmd/rollcall")
		if said, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build rollcall: %w: %s", err, said)
		}
	}
	if o.program, err = filepath.Abs(o.program); err != nil { // it runs elsewhere
		return err
	}
	if o.out == "-" {
		r := newReport(ctx, o.plan)
		err := o.plan.measure(ctx, r, o.program, os.Stderr, func(*report) error { return nil })
		r.print(os.Stdout)
		return err
	}
	return o.measureInto(ctx)
}

// measureInto keeps the figures in the file, from the first cell on, and
// writes the documents from them.
func (o *options) measureInto(ctx context.Context) error {
	r := newReport(ctx, o.plan)
	if o.resume {
		was, err := readReport(o.out)
		if err != nil {
			return err
		}
		r.resume(was)
	}
	err := o.plan.measure(ctx, r, o.program, os.Stderr, func(r *report) error { return r.write(o.out) })
	if len(r.Cells) > 0 {
		err = errors.Join(err, writeDocuments(o.docs, r))
	}
	return err
}
