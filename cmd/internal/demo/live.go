package demo

import (
	"context"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/tty"
	"net"
	"sync"
	"time"
)

// The pace of a demo that is looked at: a step each beat of the day, a slower
// life then.
const (
	beat = 1400 * time.Millisecond
	calm = 8 * time.Second
)

// board is what the picture shows beside what was received.
type board struct {
	mu        sync.Mutex
	said      []scene
	latencies []time.Duration // the last ones
	help      []tty.Line
}

const maxKept = 100 // scenes and latencies

func (g *board) add(s scene) {
	g.mu.Lock()
	defer g.mu.Unlock()
	// New slices: a picture of the old ones may be on its way.
	g.said = append([]scene(nil), append(g.said, s)[max(0, len(g.said)+1-maxKept):]...)
	if s.latency > 0 {
		g.latencies = append(g.latencies, s.latency)
		g.latencies = g.latencies[max(0, len(g.latencies)-maxKept):]
	}
}

func (g *board) setHelp(help []tty.Line) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.help = help
}

func (g *board) fill(v *view) {
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
	var g board
	ctx, cancel := context.WithCancel(ctx)
	var drawing sync.WaitGroup
	drawing.Go(func() { d.draw(ctx, &g) })
	defer drawing.Wait()
	defer cancel()
	if err := pause(ctx, 2*beat, nil, nil); err != nil {
		return err
	}
	return d.play(ctx, &player{
		after: func(res result) {
			g.add(scene{res.step.at, res.step.text, res.latency, res.problem != ""})
		},
		over: func() { g.setHelp(d.help()) },
	})
}

// player is who is told of a play as it goes on. nil functions are not
// called.
type player struct {
	before func(*step)
	after  func(result)
	over   func()          // the day is
	news   <-chan struct{} // something was received between two steps: heard is called
	heard  func()
}

// play plays the day and lives on until ctx ends.
func (d *Demo) play(ctx context.Context, p *player) error {
	steps, pace, round := day(), beat, 0
	for {
		for _, s := range steps {
			if round > 0 {
				s.at = time.Now().Format("15:04")
			}
			if p.before != nil {
				p.before(&s)
			}
			res, err := d.stage.perform(ctx, &s, false)
			if err != nil {
				return err
			}
			p.after(res)
			if err := pause(ctx, pace, p.news, p.heard); err != nil {
				return err
			}
		}
		if round++; round == 1 {
			p.over()
		}
		steps, pace = life(), calm
	}
}

// pause waits, and calls heard for what comes meanwhile.
func pause(ctx context.Context, t time.Duration, news <-chan struct{}, heard func()) error {
	timer := time.NewTimer(t)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return nil
		case <-news:
			heard()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// help says how to join.
func (d *Demo) help() []tty.Line {
	w := d.world
	host, port, _ := net.SplitHostPort(w.server.C2SAddr()) // it is one
	accept := ""
	if w.manner.asks(w.server) {
		accept = "accept Team's request and "
	}
	return []tty.Line{
		tty.Of(" Your turn: ", tty.Bold, "log in with Gajim, or any client, and see yourself in this table.", ""),
		tty.Of("   account ", tty.Dim, w.bare(guest), tty.Bold, "  password ", tty.Dim, password, tty.Bold),
		tty.Of("   advanced settings: hostname ", tty.Dim, host, tty.Bold, "  port ", tty.Dim, port, tty.Bold, "  type ", tty.Dim, "PLAIN", tty.Bold, "  (loopback)", tty.Dim),
		tty.Of("   then "+accept+"add the contact ", tty.Dim, w.group(), tty.Bold),
		tty.Of(" Ctrl-C ends it and leaves nothing behind.", tty.Dim),
	}
}
