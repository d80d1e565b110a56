package demo

import (
	"context"
	"time"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/tty"
)

// blink is how often the picture is looked at, for the ages in it.
const blink = 200 * time.Millisecond

// draw owns the terminal until ctx ends. What stood there is scrolled away,
// not lost.
func (d *Demo) draw(ctx context.Context, g *board) {
	s := tty.Screen{Out: d.cfg.Out, Size: d.cfg.Size, Color: d.cfg.Color}
	defer s.Leave()
	tick := time.NewTicker(blink)
	defer tick.Stop()
	for ctx.Err() == nil {
		v := d.snapshot()
		g.fill(v)
		now := time.Now()
		s.Show(func(w, h int) []tty.Line { return picture(v, w, h, now) }, now)
		select {
		case <-tick.C:
		case <-d.stage.observer.changed:
		case <-ctx.Done():
		}
	}
}
