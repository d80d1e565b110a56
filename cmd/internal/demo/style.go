package demo

import (
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"
)

// The colours are the terminal's own sixteen, so that they fit its theme.
const (
	bold    = "1"
	dim     = "2"
	red     = "31"
	green   = "32"
	yellow  = "33"
	magenta = "35"
	cyan    = "36"
)

// style paints, or not (https://no-color.org).
type style struct{ color bool }

func (s style) paint(sgr, text string) string {
	if !s.color || sgr == "" || text == "" {
		return text
	}
	return "\x1b[" + sgr + "m" + text + "\x1b[0m"
}

// span is text in one colour, line what stands beside each other.
type (
	span struct{ text, sgr string }
	line []span
)

// cells measures text as terminals do that are not set up for East Asia.
func cells() *runewidth.Condition { return &runewidth.Condition{StrictEmojiNeutral: true} }

func width(s string) int { return cells().StringWidth(s) }

func (l line) width() (n int) {
	for _, s := range l {
		n += width(s.text)
	}
	return n
}

// fit cuts or fills l to exactly w columns.
func (l line) fit(w int) line {
	if w <= 0 {
		return nil
	}
	out := make(line, 0, len(l)+1)
	for _, s := range l {
		n := width(s.text)
		if n > w {
			s.text = cells().Truncate(s.text, w, "…")
			n = width(s.text)
		}
		if n > 0 {
			out = append(out, s)
		}
		if w -= n; w == 0 {
			return out
		}
	}
	return append(out, span{strings.Repeat(" ", w), ""})
}

// beside puts r at the right end of w columns, if there is room for both.
func beside(l, r line, w int) line {
	left := w - r.width()
	if l.width()+2 > left {
		return l.fit(w)
	}
	return append(l.fit(left), r...)
}

// string is l with escapes if it may have them, and without blanks at its end.
func (l line) string(color bool) string {
	last := len(l)
	for last > 0 && strings.TrimSpace(l[last-1].text) == "" {
		last--
	}
	var b strings.Builder
	for i, s := range l[:last] {
		if i == last-1 {
			s.text = strings.TrimRight(s.text, " ")
		}
		b.WriteString(style{color}.paint(s.sgr, s.text))
	}
	return b.String()
}

// clean makes text of strangers safe to show: nothing in it moves the
// terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case !unicode.IsPrint(r):
			return '\ufffd'
		}
		return r
	}, s)
}
