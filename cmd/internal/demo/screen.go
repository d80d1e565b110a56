package demo

import (
	"bytes"
	"context"
	"time"
)

// blink is how often the picture is looked at, for the ages in it.
const blink = 200 * time.Millisecond

// draw owns the terminal until ctx ends. What stood there is scrolled away,
// not lost.
func (d *Demo) draw(ctx context.Context, g *board) {
	s := screen{demo: d}
	defer s.leave()
	tick := time.NewTicker(blink)
	defer tick.Stop()
	for ctx.Err() == nil {
		v := d.snapshot()
		g.fill(v)
		s.show(v, time.Now())
		select {
		case <-tick.C:
		case <-d.stage.observer.changed:
		case <-ctx.Done():
		}
	}
}

// screen is what the terminal shows.
type screen struct {
	demo          *Demo
	width, height int
	shown         []byte
	at            time.Time // of the last drawing
}

// show draws a picture in one write, and erases nothing before: so nothing
// flickers. Once a second it is drawn although nothing changed, for somebody
// may have typed.
func (s *screen) show(v *view, now time.Time) {
	w, h := s.demo.cfg.Size()
	var b bytes.Buffer
	for _, l := range picture(v, w, h, now) {
		b.WriteString(l.string(s.demo.cfg.Color))
		b.WriteString("\x1b[K\r\n")
	}
	resized := w != s.width || h != s.height
	if !resized && bytes.Equal(b.Bytes(), s.shown) && now.Sub(s.at) < time.Second {
		return
	}
	var out bytes.Buffer
	if s.shown == nil {
		out.Write(bytes.Repeat([]byte("\n"), h))
	}
	if resized {
		out.WriteString("\x1b[?25l\x1b[H\x1b[2J")
	}
	out.WriteString("\x1b[H")
	out.Write(b.Bytes())
	out.WriteString("\x1b[J")
	s.width, s.height, s.shown, s.at = w, h, b.Bytes(), now
	_, _ = s.demo.cfg.Out.Write(out.Bytes()) // a terminal that is gone is told by SIGHUP
}

// leave gives the cursor back, below the last picture.
func (s *screen) leave() { s.demo.printf("\r\x1b[K\x1b[?25h") }
