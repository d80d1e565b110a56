package tty

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rollcall-xmpp/rollcall/watch"
)

const (
	maxWidth = 112 // beyond that a row is hard to follow

	// Fresh is how long a changed row is marked.
	Fresh = 1500 * time.Millisecond
)

// TableWidth is how much of a terminal's width is used: the last column stays
// free, some terminals wrap there.
func TableWidth(terminal int) int { return max(20, min(terminal-1, maxWidth)) }

// Heading is the group's name and attributes.
func Heading(info *watch.Info) Line {
	l := Line{{Clean(info.Name), Bold}}
	if info.Description != "" {
		l = append(l, span{"  " + Clean(info.Description), ""})
	}
	for _, a := range info.Attributes {
		l = append(l, span{"  " + Clean(a.Name+" "+a.Value), Dim})
	}
	return l
}

// Counts is how many are there, and how.
func Counts(s *watch.Summary) Line {
	counts := Line{{" ", ""}, {fmt.Sprintf("%d of %d available", s.Available, s.Members), Bold}}
	for _, c := range []struct {
		show watch.Show
		n    int
	}{{watch.Chat, s.Chat}, {watch.DND, s.DND}, {watch.Away, s.Away}, {watch.XA, s.XA}} {
		if c.n > 0 {
			glyph, word, sgr := Symbol(c.show)
			counts = append(counts, span{"   ", ""}, span{glyph, sgr}, span{" " + strconv.Itoa(c.n) + " " + word, ""})
		}
	}
	return counts
}

// column is one of the table's.
type column struct {
	head  string
	width int // 0 = what is left
	from  int // the table's width from which on there is room for it
	cell  func(m *watch.Member, now time.Time) Line
}

// since is the head of a column that only a table with a past has.
const since = "SINCE"

// columnsFor fits the columns into w: the narrower, the fewer.
func columnsFor(members []*watch.Member, w int) []column {
	name, title, devices := 4, 17, 12
	for _, m := range members {
		name = max(name, min(w/8, Width(Clean(m.Name()))))
	}
	if w >= 100 {
		title, devices = 26, 18
	}
	old := len(members) > 0 && !slices.ContainsFunc(members, func(m *watch.Member) bool { return !m.Changed.IsZero() })
	cols := slices.DeleteFunc([]column{{"NAME", name, 0, nameCell}, {"TITLE · ROLES", title, 60, roleCell}, {"PRESENCE", 13, 0, presenceCell},
		{"STATUS", 0, 40, statusCell}, {"DEVICES", devices, 74, devicesCell}, {since, 5, 48, sinceCell}},
		func(c column) bool { return w < c.from || old && c.head == since })
	left := w - 1 // the last column has no gap behind it
	for _, c := range cols {
		left -= c.width + 2
	}
	for i := range cols {
		if cols[i].width == 0 {
			cols[i].width = max(0, left)
		}
	}
	return cols
}

// Table is the members, a row each, in w columns.
func Table(members []*watch.Member, w int, now time.Time) []Line {
	cols := columnsFor(members, w)
	heads := Line{{"   ", ""}}
	for _, c := range cols {
		heads = append(append(heads, Line{{c.head, Dim}}.Fit(c.width)...), span{"  ", ""})
	}
	out := []Line{heads.Fit(w)}
	for _, m := range members {
		glyph, _, sgr := Symbol(m.Show)
		row := Line{{" ", ""}, {glyph, sgr}, {" ", ""}}
		if now.Sub(m.Changed) < Fresh {
			row = Line{{"▌", sgr}, {glyph, sgr}, {" ", ""}}
		}
		for _, c := range cols {
			row = append(append(row, c.cell(m, now).Fit(c.width)...), span{"  ", ""})
		}
		out = append(out, row.Fit(w))
	}
	return out
}

func nameCell(m *watch.Member, _ time.Time) Line {
	if m.Show == watch.Offline {
		return Line{{Clean(m.Name()), ""}}
	}
	return Line{{Clean(m.Name()), Bold}}
}

func roleCell(m *watch.Member, _ time.Time) Line {
	l := Line{{Clean(m.Attribute("title")), ""}}
	roles := Clean(strings.Join(m.Roles, " "))
	if roles != "" && l[0].text != "" {
		roles = " · " + roles
	}
	return append(l, span{roles, Dim})
}

func presenceCell(m *watch.Member, now time.Time) Line {
	_, word, sgr := Symbol(m.Show)
	l := Line{{word, sgr}}
	if !m.Idle.IsZero() {
		l = append(l, span{" idle " + Age(now.Sub(m.Idle)), Dim})
	}
	return l
}

// statusCell is what a member says of himself, and behind it what he publishes.
func statusCell(m *watch.Member, _ time.Time) Line {
	l := Line{{Clean(m.Status) + by(m), ""}}
	if more := strings.Join(published(m), " · "); more != "" {
		if m.Status != "" {
			more = " · " + more
		}
		l = append(l, span{more, Dim})
	}
	return l
}

// devicesCell paints those that are not as the member is as a whole, and marks
// those that nothing reaches; without devices it is their connection.
func devicesCell(m *watch.Member, _ time.Time) Line {
	var l Line
	if len(m.Devices) == 0 {
		l = Line{{connection(m), Dim}}
	}
	for i, d := range m.Devices {
		if i > 0 {
			l = append(l, span{" ", ""})
		}
		sgr := ""
		if d.Show != m.Show {
			_, _, sgr = Symbol(d.Show)
		}
		l = append(l, span{Clean(d.Name), sgr})
		if d.Connection != "" && d.Connection != "on" {
			l = append(l, span{"✗", Dim})
		}
	}
	return l
}

func sinceCell(m *watch.Member, now time.Time) Line {
	s := Age(now.Sub(m.Changed))
	return Line{{fmt.Sprintf("%5s", s), Dim}}
}

// Symbol is how a show looks, with its colour: each has a shape of its own, for who has
// no colours.
func Symbol(s watch.Show) (glyph, word, sgr string) {
	switch s {
	case watch.Chat:
		return "◆", "free to chat", Cyan
	case watch.Available:
		return "●", "available", Green
	case watch.Away:
		return "◐", "away", Yellow
	case watch.XA:
		return "◌", "far away", Magenta
	case watch.DND:
		return "■", "busy", Red
	}
	return "○", "offline", Dim
}

// Age is a duration in a few columns.
func Age(t time.Duration) string {
	n, unit := int(t/time.Second), "s"
	switch {
	case t < time.Second:
		return "now"
	case t >= 48*time.Hour:
		n, unit = int(t/(24*time.Hour)), "d"
	case t >= 90*time.Minute:
		n, unit = int(t/time.Hour), "h"
	case t >= 90*time.Second:
		n, unit = int(t/time.Minute), "m"
	}
	return strconv.Itoa(n) + unit
}
