package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// progress tells on stderr how far long work has come: a bar where stderr is a
// terminal, else a JSON object a line, such as
//
//	{"work": "backup", "unit": "pages", "done": 512, "total": 2048}
//
// What is done within a second says nothing.
type progress struct {
	work, unit string
	out        io.Writer
	bar        bool
	now        func() time.Time
	next       time.Time // of the next word
	drawn      bool
}

const (
	silence   = time.Second
	barWidth  = 30
	barPeriod = 100 * time.Millisecond
)

func (s *session) progress(work, unit string) *progress {
	p := &progress{work: work, unit: unit, out: s.Stderr, now: time.Now,
		bar: terminal(s.Stderr) != nil && s.Getenv("TERM") != "dumb"}
	p.next = p.now().Add(silence)
	return p
}

// tell may be called as often as one likes.
func (p *progress) tell(done, total int) {
	now := p.now()
	if now.Before(p.next) {
		return
	}
	if !p.bar {
		p.next = now.Add(silence)
		line, _ := json.Marshal(struct { // strings and numbers always can be
			Work  string `json:"work"`
			Unit  string `json:"unit"`
			Done  int    `json:"done"`
			Total int    `json:"total"`
		}{p.work, p.unit, done, total})
		_, _ = fmt.Fprintf(p.out, "%s\n", line)
		return
	}
	p.next, p.drawn = now.Add(barPeriod), true
	part := min(done, total)
	full := barWidth * part / max(total, 1)
	_, _ = fmt.Fprintf(p.out, "\r\x1b[K%s [%s%s] %d%%  %d of %d %s", p.work, strings.Repeat("#", full),
		strings.Repeat(".", barWidth-full), 100*part/max(total, 1), done, total, p.unit)
}

// end takes the bar away: what comes of the work is said on stdout.
func (p *progress) end() {
	if p.drawn {
		_, _ = fmt.Fprint(p.out, "\r\x1b[K")
	}
}
