package tty

import (
	"bytes"
	"io"
	"time"
)

// Screen is a terminal and what it shows.
type Screen struct {
	Out   io.Writer
	Size  func() (columns, rows int)
	Color bool

	width, height int
	shown         []byte
	at            time.Time // of the last drawing
}

// Show draws a picture in one write, and erases nothing before: so nothing
// flickers. What stood there at first is scrolled away, not lost. Once a second
// it is drawn although nothing changed, for somebody may have typed.
func (s *Screen) Show(picture func(columns, rows int) []Line, now time.Time) {
	w, h := s.Size()
	var b bytes.Buffer
	for _, l := range picture(w, h) {
		b.WriteString(l.Text(s.Color))
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
	_, _ = s.Out.Write(out.Bytes()) // a terminal that is gone is told by SIGHUP
}

// Leave gives the cursor back, below the last picture.
func (s *Screen) Leave() { _, _ = io.WriteString(s.Out, "\r\x1b[K\x1b[?25h") }
