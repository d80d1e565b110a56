package demo

import (
	"context"
	"strings"
	"time"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/tty"
	"github.com/rollcall-xmpp/rollcall/watch"
)

// plain is live for what is no terminal: a line for each change, and a table
// when the day is over.
func (d *Demo) plain(ctx context.Context) error {
	heard := func(took string) {
		diffs, info := d.stage.observer.news()
		for _, diff := range diffs {
			d.printf("  %9s  %s\n", took, describe(diff))
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

// describe says on one line what changed in a row.
func describe(d watch.Diff) string {
	switch {
	case d.After == nil:
		return tty.Clean(d.Before.Name()) + " is no longer a member"
	case d.Before == nil:
		return tty.Clean(d.After.Name()) + " is a member, " + state(d.After)
	}
	var parts []string
	for _, part := range []struct {
		name string
		of   func(*watch.Member) string
	}{{"", state}, {"", basic}, {"on ", devices}} {
		if part.name != "" && (d.Before.Show == watch.Offline || d.After.Show == watch.Offline) {
			continue // who comes or goes does so with all he has
		}
		if a, b := part.of(d.Before), part.of(d.After); a != b {
			parts = append(parts, part.name+a+" → "+b)
		}
	}
	return tty.Clean(d.After.Name()) + ": " + strings.Join(parts, "; ")
}

func state(m *watch.Member) string {
	_, s, _ := tty.Symbol(m.Show)
	if m.Status != "" {
		s += " “" + tty.Clean(m.Status) + "”"
	}
	if !m.Idle.IsZero() {
		s += " idle"
	}
	return s
}

func basic(m *watch.Member) string {
	return tty.Clean(m.Attribute("title") + " (" + strings.Join(m.Roles, " ") + ")")
}

func devices(m *watch.Member) string {
	var names []string
	for _, d := range m.Devices {
		names = append(names, tty.Clean(d.Name))
	}
	if names == nil {
		return "nothing"
	}
	return strings.Join(names, " and ")
}
