package demo

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/tty"
)

// picture draws the view for a terminal of that size.
func picture(v *view, columns, rows int, now time.Time) []tty.Line {
	w := tty.TableWidth(columns)
	out := head(v, w)
	out = append(out, tty.Table(v.members, w, now)...)
	out = append(out, nil)
	out = append(out, foot(v, w)...)
	room := rows - 1 - len(out) // the cursor has the last row
	help := v.help
	if len(help) > 0 && room < len(help)+2 {
		help = help[:min(len(help), max(0, room-2))]
	}
	if len(help) > 0 {
		room -= len(help) + 1
	}
	out = append(out, narration(v.said, w, room)...)
	if len(help) > 0 {
		out = append(out, nil)
		for _, l := range help {
			out = append(out, l.Fit(w))
		}
	}
	return out[:min(len(out), max(1, rows-1))]
}

// head is the group: name, attributes, counts.
func head(v *view, w int) []tty.Line {
	name := append(tty.Of(" ", ""), tty.Heading(&v.info)...)
	return []tty.Line{tty.Beside(name, tty.Of(v.group+" on "+v.server, tty.Dim), w), tty.Counts(&v.summary).Fit(w), nil}
}

// foot is the contact, and how fast it all is.
func foot(v *view, w int) []tty.Line {
	glyph, _, sgr := tty.Symbol(v.contact.show)
	local, _, _ := strings.Cut(v.group, "@")
	shown := tty.Of(" Anna's contact list   ", tty.Dim, glyph, sgr, " "+local+"  ", tty.Bold, tty.Clean(v.contact.status), "")
	received := tty.Of(" Anna's laptop         ", tty.Dim, strconv.Itoa(v.events)+" PubSub events", "")
	if v.last > 0 {
		received = append(received, tty.Of(", last word in ", "", milliseconds(v.last), tty.Bold, ", median "+milliseconds(v.median), "")...)
	}
	return []tty.Line{shown.Fit(w), received.Fit(w), nil}
}

// narration is the last scenes that fit, the newest brightest.
func narration(said []scene, w, room int) []tty.Line {
	var out []tty.Line
	said = said[max(0, len(said)-max(0, room)):]
	for i, s := range said {
		sgr := tty.Dim
		if i == len(said)-1 {
			sgr = ""
		}
		l := tty.Of(fmt.Sprintf(" %-5s  ", s.at), tty.Dim, tty.Clean(s.text), sgr)
		var r tty.Line
		switch {
		case s.problem:
			r = tty.Of("not seen", tty.Red)
		case s.latency > 0:
			r = tty.Of(milliseconds(s.latency), tty.Dim)
		}
		out = append(out, tty.Beside(l, r, min(w, 79))) // further right nobody would find it
	}
	return out
}
