package tty

import (
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"
)

// Colours and weights, as SGR parameters (ECMA-48 §8.3.117). The colours are the terminal's own sixteen, so that they fit its theme.
const (
	Bold    = "1"
	Dim     = "2"
	Red     = "31"
	Green   = "32"
	Yellow  = "33"
	Magenta = "35"
	Cyan    = "36"
)

// Paint is text in a colour or weight, unless there shall be none
// (https://no-color.org).
func Paint(color bool, sgr, text string) string {
	if !color || sgr == "" || text == "" {
		return text
	}
	return "\x1b[" + sgr + "m" + text + "\x1b[0m"
}

// span is text in one colour.
type span struct{ text, sgr string }

// Line is what stands beside each other.
type Line []span

// Of makes a line of texts, each followed by its colour or weight, "" = none.
func Of(textsAndColours ...string) Line {
	l := make(Line, 0, len(textsAndColours)/2)
	for i := 0; i+1 < len(textsAndColours); i += 2 {
		l = append(l, span{textsAndColours[i], textsAndColours[i+1]})
	}
	return l
}

// cells measures text as terminals do that are not set up for East Asia.
func cells() *runewidth.Condition { return &runewidth.Condition{StrictEmojiNeutral: true} }

// Width is how many columns s takes.
func Width(s string) int { return cells().StringWidth(s) }

func (l Line) width() (n int) {
	for _, s := range l {
		n += Width(s.text)
	}
	return n
}

// Fit cuts or fills l to exactly w columns.
func (l Line) Fit(w int) Line {
	if w <= 0 {
		return nil
	}
	out := make(Line, 0, len(l)+1)
	for _, s := range l {
		n := Width(s.text)
		if n > w {
			s.text = cells().Truncate(s.text, w, "…")
			n = Width(s.text)
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

// Beside puts r at the right end of w columns, if there is room for both.
func Beside(l, r Line, w int) Line {
	left := w - r.width()
	if l.width()+2 > left {
		return l.Fit(w)
	}
	return append(l.Fit(left), r...)
}

// Text is l with escapes if it may have them, and without blanks at its end.
func (l Line) Text(color bool) string {
	last := len(l)
	for last > 0 && strings.TrimSpace(l[last-1].text) == "" {
		last--
	}
	var b strings.Builder
	for i, s := range l[:last] {
		if i == last-1 {
			s.text = strings.TrimRight(s.text, " ")
		}
		b.WriteString(Paint(color, s.sgr, s.text))
	}
	return b.String()
}

// Clean makes text of strangers safe to show: nothing in it moves the
// terminal.
func Clean(s string) string {
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
