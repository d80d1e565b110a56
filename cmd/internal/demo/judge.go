package demo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/tty"
	"github.com/rollcall-xmpp/rollcall/watch"
)

// maxFailures is after how many of them the verdict is clear.
const maxFailures = 3

// verdict is what the judge has seen so far.
type verdict struct {
	steps, failed, compared int
	latencies               []time.Duration
}

// judge plays the day and says of every step whether everybody saw it.
func (d *Demo) judge(ctx context.Context) error {
	by := ","
	if service := d.world.manner.through; service != "" {
		by = ", as " + service + " publishes them,"
	}
	d.printf("\nThe day, as received over c2s: by Anna on #group, Bo on #presence, Cy on #members%s and in every contact list.\n\n", by)
	var v verdict
	for _, p := range day() {
		res, err := d.stage.perform(ctx, &p, true)
		if err != nil {
			return err
		}
		d.rule(&v, res)
		if v.failed == maxFailures {
			break
		}
	}
	if v.failed == 0 {
		for _, s := range d.stage.seats {
			if s.node != "" && s.online() != nil {
				d.rule(&v, audit(ctx, s))
			}
		}
	}
	now := time.Now().Add(tty.Fresh) // nothing is marked as new
	d.printf("\nThe group as Anna's laptop shows it:\n\n")
	for _, l := range tty.Table(d.snapshot().members, tty.TableWidth(80), now) {
		d.printf("%s\n", l.Text(d.cfg.Color))
	}
	return d.sentence(&v)
}

// rule writes down one result.
func (d *Demo) rule(v *verdict, res result) {
	color := d.cfg.Color
	v.steps++
	v.compared += res.compared
	word, took := tty.Paint(color, tty.Green, "ok  "), ""
	if res.problem != "" {
		v.failed++
		word = tty.Paint(color, tty.Red, "FAIL")
	} else if res.latency > 0 {
		v.latencies = append(v.latencies, res.latency)
		took = milliseconds(res.latency)
	}
	d.printf("%s %9s  %s  %s\n", word, took, tty.Paint(color, tty.Dim, fmt.Sprintf("%-5s", res.step.at)), res.step.text)
	if res.problem != "" {
		d.printf("     %s\n", tty.Clean(res.problem))
	}
}

// sentence sums up.
func (d *Demo) sentence(v *verdict) error {
	d.printf("\n%d of %d ok, %d comparisons", v.steps-v.failed, v.steps, v.compared)
	if n := len(v.latencies); n > 0 {
		d.printf("; from a member's word to the subscriber: median %s, at most %s (%d words)",
			milliseconds(median(v.latencies)), milliseconds(slices.Max(v.latencies)), n)
	}
	d.printf("; %.1f s in all\n", time.Since(d.began).Seconds())
	if v.failed > 0 {
		return fmt.Errorf("%w: %d of %d steps", ErrFailed, v.failed, v.steps)
	}
	return nil
}

// audit asks for the whole node: the answer must be what the events made.
func audit(ctx context.Context, s *seat) result {
	s.mu.Lock()
	tally, state, err := s.tally, s.table.State(), s.err
	s.mu.Unlock()
	res := result{compared: 1, step: &step{at: "after",
		text: fmt.Sprintf("%s: %d events made the table that asking %s gives", s, tally.events, short(s.node))}}
	fresh, askErr := s.fetch(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	service, _ := s.table.Published()
	switch {
	case first(err, askErr) != nil:
		res.problem = first(err, askErr).Error()
	case !s.table.Equal(fresh):
		res.problem = fmt.Sprintf("the events made\n%sbut asking gives\n%s", s.table, fresh)
	case service != s.through || tally.posted < tally.events && s.through != "":
		res.problem = fmt.Sprintf("%d of %d events were published by %q, and all should be by %q", tally.posted, tally.events, service, s.through)
	case s.through != "": // its items say nothing of states, and tell a state when there is a new node
	case state != fresh.State():
		res.problem = "the state token held is not that of the state"
	case tally.idle > 0:
		res.problem = fmt.Sprintf("%d events changed nothing that this subscriber can see", tally.idle)
	case tally.gaps > 0:
		res.problem = fmt.Sprintf("%d times an event did not follow the one before", tally.gaps)
	}
	return res
}

// fetch asks for the seat's whole node.
func (s *seat) fetch(ctx context.Context) (*watch.Table, error) {
	fresh := watch.NewTable(s.group, s.node)
	fresh.Resync()
	for p := fresh.Request(); p != ""; p = fresh.Request() {
		answer, err := s.online().Query(ctx, s.group, "get", p)
		if err != nil {
			return nil, err
		}
		if _, err := fresh.Answer([]byte(answer.Raw), answer.Time); err != nil {
			return nil, err
		}
	}
	return fresh, nil
}

// median is the middle of the values, 0 of none.
func median(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

func milliseconds(t time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(t.Microseconds())/1000)
}
