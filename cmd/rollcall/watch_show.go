package main

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/tty"
	"github.com/rollcall-xmpp/rollcall/watch"
)

// lines prints a line for each change; with --once up to the state of now.
func (c *watchCmd) lines(s *session, changes iter.Seq2[watch.Change, error], print func(*session, *watch.Change) error) error {
	for change, err := range changes {
		if err == nil {
			err = print(s, &change)
		}
		if err != nil || c.Once && change.Kind == watch.Synced {
			return err
		}
	}
	return nil
}

// printJSONLine prints a change as one line of JSON.
func printJSONLine(s *session, c *watch.Change) error {
	line := struct {
		Time time.Time `json:"time"`
		*watch.Change
		Error string `json:"error,omitempty"`
	}{Time: time.Now().UTC(), Change: c}
	if c.Err != nil {
		line.Error = c.Err.Error()
	}
	e := json.NewEncoder(s.Stdout)
	e.SetEscapeHTML(false)
	return e.Encode(line)
}

// printLine prints a change for people.
func printLine(s *session, c *watch.Change) error {
	text := ""
	switch c.Kind {
	case watch.InfoSet:
		text = tty.Heading(c.Info).Text(false)
	case watch.Joined, watch.Changed, watch.Left:
		text = tty.Describe(watch.Diff{Before: c.Before, After: c.After})
	case watch.SummarySet:
		text = tty.Counts(c.Summary).Text(false)[1:]
	case watch.Lost:
		text = "connection lost: " + tty.Clean(c.Err.Error())
	default:
		return nil
	}
	s.printf("%s  %s\n", time.Now().Format(time.TimeOnly), text)
	return nil
}

// once prints the table as it is as soon as it is whole.
func (c *watchCmd) once(s *session, w *watch.Watcher, changes iter.Seq2[watch.Change, error]) error {
	for change, err := range changes {
		if err != nil {
			return err
		}
		if change.Kind == watch.Lost {
			return change.Err
		}
		if change.Kind == watch.Synced {
			break
		}
	}
	for _, l := range watchPicture(w, "", "", 80, time.Now()) {
		s.printf("%s\n", l.Text(false))
	}
	return nil
}

// watchPicture is the table as w has it; foot, if there is one, stands below.
func watchPicture(w *watch.Watcher, foot, trouble string, columns int, now time.Time) []tty.Line {
	info, summary := w.Info(), w.Summary()
	width := tty.TableWidth(columns)
	out := []tty.Line{append(tty.Of(" ", ""), tty.Heading(&info)...).Fit(width), tty.Counts(&summary).Fit(width), nil}
	out = append(out, tty.Table(w.Members(), width, now)...)
	if foot != "" {
		out = append(out, nil, tty.Of(" "+foot, tty.Dim).Fit(width))
	}
	if trouble != "" {
		out = append(out, tty.Of(" "+trouble, tty.Red).Fit(width))
	}
	return out
}

// watchScreen is the table in a terminal.
type watchScreen struct {
	screen tty.Screen
	w      *watch.Watcher
	foot   string

	mu      sync.Mutex // guards trouble
	trouble string
}

func newWatchScreen(s *session, w *watch.Watcher, me string, size func() (int, int)) *watchScreen {
	return &watchScreen{w: w, foot: w.Group() + " as " + me + " sees it",
		screen: tty.Screen{Out: s.Stdout, Size: size, Color: s.Getenv("NO_COLOR") == ""}}
}

// run draws whenever something changed, and for the ages in the picture.
func (v *watchScreen) run(ctx context.Context, changes iter.Seq2[watch.Change, error]) error {
	drawing, stop := context.WithCancel(ctx)
	news := make(chan struct{}, 1)
	done := make(chan struct{})
	ready := make(chan struct{}) // the first login; its failure is told on a clean terminal
	go func() {
		defer close(done)
		select {
		case <-ready:
			v.draw(drawing, news)
		case <-drawing.Done():
		}
	}()
	defer func() {
		stop()
		<-done
	}()
	begin := sync.OnceFunc(func() { close(ready) })
	for c, err := range changes {
		if err != nil {
			return err
		}
		begin()
		v.note(&c)
		select {
		case news <- struct{}{}:
		default:
		}
	}
	return nil
}

func (v *watchScreen) note(c *watch.Change) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch c.Kind {
	case watch.Lost:
		v.trouble = "connection lost, trying again: " + tty.Clean(reason(c.Err))
	case watch.Synced:
		v.trouble = ""
	}
}

// reason is err without what everybody sees.
func reason(err error) string {
	if all, ok := err.(interface{ Unwrap() []error }); ok && errors.Is(err, watch.ErrLost) {
		if list := all.Unwrap(); len(list) > 1 {
			return list[1].Error()
		}
	}
	return err.Error()
}

func (v *watchScreen) draw(ctx context.Context, news <-chan struct{}) {
	defer v.screen.Leave()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		v.mu.Lock()
		trouble := v.trouble
		v.mu.Unlock()
		now := time.Now()
		v.screen.Show(func(columns, rows int) []tty.Line {
			all := watchPicture(v.w, v.foot, trouble, columns, now)
			return all[:min(len(all), max(1, rows-1))]
		}, now)
		select {
		case <-tick.C:
		case <-news:
		case <-ctx.Done():
		}
	}
}
