package demo

import (
	"bytes"
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// The pace of a live demo: a step each beat of the day, a slower life then.
const (
	beat  = 1400 * time.Millisecond
	calm  = 8 * time.Second
	blink = 200 * time.Millisecond // how often the picture is looked at
)

// stageManager keeps what the picture shows beside what was received.
type stageManager struct {
	mu        sync.Mutex
	said      []scene
	latencies []time.Duration // the last hundred
	help      []line
}

const maxKept = 100

func (g *stageManager) add(s scene) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.said = append(g.said, s)
	g.said = g.said[max(0, len(g.said)-maxKept):]
	if s.latency > 0 {
		g.latencies = append(g.latencies, s.latency)
		g.latencies = g.latencies[max(0, len(g.latencies)-maxKept):]
	}
}

func (g *stageManager) fill(v *view) {
	g.mu.Lock()
	defer g.mu.Unlock()
	v.said, v.help = g.said, g.help
	if n := len(g.latencies); n > 0 {
		v.last, v.median = g.latencies[n-1], median(g.latencies)
	}
}

// live plays the day and then goes on, with a picture that is drawn anew
// whenever something was received.
func (d *Demo) live(ctx context.Context) error {
	var g stageManager
	ctx, cancel := context.WithCancel(ctx)
	var drawing sync.WaitGroup
	drawing.Go(func() { d.draw(ctx, &g) })
	defer drawing.Wait()
	defer cancel()
	if err := d.pause(ctx, 2*beat); err != nil {
		return err
	}
	return d.play(ctx, beat, func(res result) { g.add(sceneOf(res)) }, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.help = d.help()
	})
}

func sceneOf(res result) scene {
	return scene{res.step.at, res.step.text, res.latency, res.problem != ""}
}

// play plays the day, calls over, and lives on until ctx ends.
func (d *Demo) play(ctx context.Context, pace time.Duration, played func(result), over func()) error {
	steps, round := day(), false
	for {
		for i := range steps {
			res, err := d.stage.perform(ctx, &steps[i], false)
			if err != nil {
				return err
			}
			if round {
				res.step.at = time.Now().Format("15:04")
			}
			played(res)
			if err := d.pause(ctx, pace); err != nil {
				return err
			}
		}
		if !round {
			over()
		}
		steps, round, pace = life(), true, calm
	}
}

func (d *Demo) pause(ctx context.Context, t time.Duration) error {
	timer := time.NewTimer(t)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// help says how to join.
func (d *Demo) help() []line {
	w := d.world
	host, port, _ := net.SplitHostPort(w.server.C2SAddr())
	return []line{
		{{" Your turn. ", bold}, {"Log in with Gajim and watch yourself in this table:", ""}},
		{{"   account  ", dim}, {w.bare(guest), bold}, {"   password  ", dim}, {password, bold}, {"   then add contact  ", dim}, {w.group(), bold}},
		{{"   advanced settings: hostname  ", dim}, {host, bold}, {"  port  ", dim}, {port, bold}, {"  type  ", dim}, {"PLAIN", bold}, {" (loopback only)", dim}},
		{{" Ctrl-C ends it and leaves nothing behind.", dim}},
	}
}

// draw owns the terminal until ctx ends. What stood there is scrolled away,
// not lost.
func (d *Demo) draw(ctx context.Context, g *stageManager) {
	s := screen{demo: d}
	tick := time.NewTicker(blink)
	defer tick.Stop()
	for ctx.Err() == nil {
		now := time.Now()
		v := d.snapshot()
		g.fill(v)
		s.show(v, now)
		select {
		case <-tick.C:
		case <-d.stage.observer.changed:
		case <-ctx.Done():
		}
	}
	s.leave()
}

// screen is what the terminal shows.
type screen struct {
	demo          *Demo
	width, height int
	shown         []byte
	at            time.Time
}

// show draws a frame in one write: no erasing before drawing, so nothing
// flickers. Once a second it is drawn although nothing changed: somebody may
// have typed.
func (s *screen) show(v *view, now time.Time) {
	w, h := s.demo.cfg.Size()
	var b bytes.Buffer
	resized := w != s.width || h != s.height
	lines := picture(v, w, h, now)
	for _, l := range lines {
		b.WriteString(l.string(s.demo.cfg.Color))
		b.WriteString("\x1b[K\r\n")
	}
	if !resized && bytes.Equal(b.Bytes(), s.shown) && now.Sub(s.at) < time.Second {
		return
	}
	var out bytes.Buffer
	if s.shown == nil {
		for range h {
			out.WriteByte('\n')
		}
	}
	if resized {
		out.WriteString("\x1b[?25l\x1b[H\x1b[2J")
	}
	out.WriteString("\x1b[H")
	out.Write(b.Bytes())
	out.WriteString("\x1b[J")
	s.width, s.height, s.shown, s.at = w, h, b.Bytes(), now
	_, _ = s.demo.cfg.Out.Write(out.Bytes())
}

// leave gives the cursor back, below the last frame.
func (s *screen) leave() { s.demo.printf("\r\x1b[K\x1b[?25h") }

// plain is live for what is no terminal: a line for each change, a table when
// the day is over.
func (d *Demo) plain(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var printing sync.Mutex
	say := func() {
		printing.Lock()
		defer printing.Unlock()
		for _, diff := range d.stage.observer.news() {
			d.printf("       received: %s\n", describe(diff))
		}
	}
	var others sync.WaitGroup
	defer others.Wait()
	defer cancel(nil)
	d.printf("\n")
	say()
	others.Go(func() {
		for {
			select {
			case <-d.stage.observer.changed:
				say()
			case <-ctx.Done():
				return
			}
		}
	})
	err := d.play(ctx, beat, func(res result) {
		say()
		took := ""
		if res.latency > 0 {
			took = "  (" + milliseconds(res.latency) + ")"
		}
		printing.Lock()
		defer printing.Unlock()
		d.printf("%s  %s%s\n", res.step.at, res.step.text, took)
	}, func() {
		printing.Lock()
		defer printing.Unlock()
		d.printf("\n")
		now := time.Now()
		v := d.snapshot()
		w := tableWidth(80)
		for _, part := range [][]line{head(v, w), table(v, w, now), {nil}, foot(v, w)[:1], {nil}, d.help(), {nil}} {
			for _, l := range part {
				d.printf("%s\n", l.string(d.cfg.Color))
			}
		}
	})
	if errors.Is(err, context.Canceled) {
		d.printf("stopped\n")
	}
	return err
}
