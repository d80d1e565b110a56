package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// cellTime is the most that one cell may take beside its overload.
const cellTime = 4 * time.Minute

var errNoCells = errors.New("nothing could be measured")

// session is one run of the command: it makes the plan's jobs, and keeps what
// they found after each of them.
type session struct {
	plan     plan
	program  string
	report   *report
	keep     func(*report) error // after each job
	progress io.Writer
	began    time.Time
	failed   []job // each is tried once more, at the end
	why      map[string]error
}

// measure runs the plan into r, cell by cell, and says how far it is; what r
// has already is left as it is. What fails is told, tried again at the end, and
// ends nothing.
func (p *plan) measure(ctx context.Context, r *report, program string, progress io.Writer, keep func(*report) error) error {
	s := &session{plan: *p, program: program, report: r, keep: keep, progress: progress, began: time.Now(), why: map[string]error{}}
	before := r.Took
	r.Left = nil
	jobs := slices.DeleteFunc(p.jobs(), r.has)
	all := len(jobs)
	for n := 1; len(jobs) > 0 && s.goesOn(ctx); n++ {
		err := s.make(ctx, n, all, jobs[0])
		r.Took = before + time.Since(s.began).Round(time.Second)
		if err = errors.Join(err, keep(r)); err != nil {
			return err
		}
		if jobs = jobs[1:]; len(jobs) == 0 {
			jobs, s.failed = s.failed, nil
		}
	}
	if ctx.Err() == nil {
		s.tell(jobs)
	}
	if len(r.Cells) == 0 && r.Growth == nil {
		return errNoCells
	}
	return errors.Join(ctx.Err(), keep(r))
}

func (s *session) goesOn(ctx context.Context) bool {
	return ctx.Err() == nil && (s.plan.Within == 0 || time.Since(s.began) < s.plan.Within)
}

// make makes one job. The only error is that of ctx.
func (s *session) make(ctx context.Context, n, of int, j job) error {
	fmt.Fprintf(s.progress, "%s %d/%d %s: ", time.Since(s.began).Round(time.Second), n, of, j)
	said, err := s.try(ctx, j)
	if ctx.Err() != nil {
		fmt.Fprintln(s.progress, "interrupted")
		return ctx.Err()
	}
	if err == nil {
		delete(s.why, j.String())
		fmt.Fprintln(s.progress, said)
		return nil
	}
	fmt.Fprintln(s.progress, "left out:", err)
	if _, again := s.why[j.String()]; !again && !errors.Is(err, errNotHere) {
		s.failed = append(s.failed, j)
	}
	s.why[j.String()] = err
	return nil
}

// try puts what a job found into the report, and says it in short.
func (s *session) try(ctx context.Context, j job) (said string, err error) {
	if j.growth {
		g, err := growth(ctx, s.program, s.progress)
		if err != nil {
			return "", err
		}
		s.report.Growth = g
		return g.line(), nil
	}
	x, err := s.plan.phases(j).cell(ctx, j, s.program)
	if x == nil || ctx.Err() != nil {
		return "", err
	}
	s.report.put(x)
	return x.line(), err
}

// put takes a cell's result in, instead of the one it had.
func (r *report) put(x *result) {
	if was := r.find(x.Server, x.Way, x.Size); was != nil {
		*was = *x
		return
	}
	r.Cells = append(r.Cells, *x)
}

// tell notes what was left out, of the jobs that nobody came to as well.
func (s *session) tell(jobs []job) {
	r := s.report
	for _, j := range s.plan.jobs() {
		if err := s.why[j.String()]; err != nil {
			r.Left = append(r.Left, fmt.Sprintf("%s: %v", j, err))
		}
	}
	if missing := len(slices.DeleteFunc(jobs, func(j job) bool { return s.why[j.String()] != nil })); missing > 0 {
		r.Left = append(r.Left, fmt.Sprintf("%d of %d cells: there was no time", missing, len(s.plan.jobs())))
	}
}

// has says whether the report has what a job finds.
func (r *report) has(j job) bool {
	if j.growth {
		return r.Growth != nil
	}
	x := r.find(j.server, j.way, j.size)
	return x != nil && !x.Partial
}

// cell measures one cell. What was measured before something failed is kept, if
// it is a phase at least.
func (p plan) cell(ctx context.Context, j job, program string) (x *result, err error) {
	ctx, cancel := context.WithTimeout(ctx, cellTime+p.Overload)
	defer cancel()
	began := time.Now()
	c, err := newCell(ctx, j, program)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	x = &result{Server: j.server, Way: j.way, Size: j.size, Setup: time.Since(began).Seconds()}
	err = p.run(ctx, c, x)
	if len(x.Modest)+len(x.Saturated) == 0 {
		return nil, err
	}
	x.Partial = err != nil
	return x, err
}
