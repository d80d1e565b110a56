package demo

import (
	"context"
	"time"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/tty"
)

// plain is live for what is no terminal: a line for each change, and a table
// when the day is over.
func (d *Demo) plain(ctx context.Context) error {
	heard := func(took string) {
		diffs, info := d.stage.observer.news()
		for _, diff := range diffs {
			d.printf("  %9s  %s\n", took, tty.Describe(diff))
		}
		if info != nil {
			d.printf("  %9s  %s\n", took, tty.Heading(info).Text(false))
		}
	}
	d.printf("\n")
	d.stage.observer.news() // of the evening before
	return d.play(ctx, &player{
		before: func(s *step) { d.printf("%s  %s\n", s.at, s.text) },
		after: func(res result) {
			took := ""
			if res.latency > 0 {
				took = milliseconds(res.latency)
			}
			heard(took)
			if res.problem != "" {
				d.printf("             not seen: %s\n", tty.Clean(res.problem))
			}
		},
		over:  d.printTable,
		news:  d.stage.observer.changed,
		heard: func() { heard("") },
	})
}

func (d *Demo) printTable() {
	v, w, now := d.snapshot(), tty.TableWidth(80), time.Now()
	d.printf("\n")
	for _, part := range [][]tty.Line{head(v, w), tty.Table(v.members, w, now), {nil}, foot(v, w)[:1], {nil}, d.help(), {nil}} {
		for _, l := range part {
			d.printf("%s\n", l.Text(d.cfg.Color))
		}
	}
}
