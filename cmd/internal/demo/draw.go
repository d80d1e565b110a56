package demo

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rollcall-xmpp/rollcall/watch"
)

const (
	maxWidth = 112                     // beyond that a row is hard to follow
	fresh    = 1500 * time.Millisecond // how long a changed row is marked
)

func itoa(n int) string { return strconv.Itoa(n) }

// tableWidth is how much of a terminal's width is used: the last column stays
// free, some terminals wrap there.
func tableWidth(terminal int) int { return max(20, min(terminal-1, maxWidth)) }

// picture draws the view for a terminal of that size.
func picture(v *view, columns, rows int, now time.Time) []line {
	w := tableWidth(columns)
	out := head(v, w)
	out = append(out, table(v, w, now)...)
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
			out = append(out, l.fit(w))
		}
	}
	return out[:min(len(out), max(1, rows-1))]
}

// heading is the group's name and attributes.
func heading(info *watch.Info) line {
	l := line{{clean(info.Name), bold}}
	if info.Description != "" {
		l = append(l, span{"  " + clean(info.Description), ""})
	}
	for _, a := range info.Attributes {
		l = append(l, span{"  " + clean(a.Name+" "+a.Value), dim})
	}
	return l
}

// head is the group: name, attributes, counts.
func head(v *view, w int) []line {
	name := append(line{{" ", ""}}, heading(&v.info)...)
	counts := line{{" ", ""}, {fmt.Sprintf("%d of %d available", v.summary.Available, v.summary.Members), bold}}
	for _, c := range []struct {
		show watch.Show
		n    int
	}{{watch.Chat, v.summary.Chat}, {watch.DND, v.summary.DND}, {watch.Away, v.summary.Away}, {watch.XA, v.summary.XA}} {
		if c.n > 0 {
			glyph, word, sgr := symbol(c.show)
			counts = append(counts, span{"   ", ""}, span{glyph, sgr}, span{" " + itoa(c.n) + " " + word, ""})
		}
	}
	return []line{beside(name, line{{v.group + " on " + v.server, dim}}, w), counts.fit(w), nil}
}

// column is one of the table's.
type column struct {
	head  string
	width int // 0 = what is left
	from  int // the table's width from which on there is room for it
	cell  func(m *watch.Member, now time.Time) line
}

// columnsFor fits the columns into w: the narrower, the fewer.
func columnsFor(v *view, w int) []column {
	name, title, devices := 4, 17, 12
	for _, m := range v.members {
		name = max(name, min(w/8, width(clean(m.Name()))))
	}
	if w >= 100 {
		title, devices = 26, 18
	}
	cols := slices.DeleteFunc([]column{{"NAME", name, 0, nameCell}, {"TITLE · ROLES", title, 60, roleCell}, {"PRESENCE", 13, 0, presenceCell},
		{"STATUS", 0, 40, statusCell}, {"DEVICES", devices, 74, devicesCell}, {"SINCE", 5, 48, sinceCell}},
		func(c column) bool { return w < c.from })
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

// table is the members, a row each.
func table(v *view, w int, now time.Time) []line {
	cols := columnsFor(v, w)
	heads := line{{"   ", ""}}
	for _, c := range cols {
		heads = append(append(heads, line{{c.head, dim}}.fit(c.width)...), span{"  ", ""})
	}
	out := []line{heads.fit(w)}
	for _, m := range v.members {
		glyph, _, sgr := symbol(m.Show)
		row := line{{" ", ""}, {glyph, sgr}, {" ", ""}}
		if now.Sub(m.Changed) < fresh {
			row = line{{"▌", sgr}, {glyph, sgr}, {" ", ""}}
		}
		for _, c := range cols {
			row = append(append(row, c.cell(m, now).fit(c.width)...), span{"  ", ""})
		}
		out = append(out, row.fit(w))
	}
	return out
}

func nameCell(m *watch.Member, _ time.Time) line {
	if m.Show == watch.Offline {
		return line{{clean(m.Name()), ""}}
	}
	return line{{clean(m.Name()), bold}}
}

func roleCell(m *watch.Member, _ time.Time) line {
	l := line{{clean(m.Attribute("title")), ""}}
	roles := clean(strings.Join(m.Roles, " "))
	if roles != "" && l[0].text != "" {
		roles = " · " + roles
	}
	return append(l, span{roles, dim})
}

func presenceCell(m *watch.Member, now time.Time) line {
	_, word, sgr := symbol(m.Show)
	l := line{{word, sgr}}
	if !m.Idle.IsZero() {
		l = append(l, span{" idle " + age(now.Sub(m.Idle)), dim})
	}
	return l
}

func statusCell(m *watch.Member, _ time.Time) line { return line{{clean(m.Status), ""}} }

// devicesCell paints those that are not as the member is as a whole.
func devicesCell(m *watch.Member, _ time.Time) line {
	var l line
	for i, d := range m.Devices {
		if i > 0 {
			l = append(l, span{" ", ""})
		}
		sgr := ""
		if d.Show != m.Show {
			_, _, sgr = symbol(d.Show)
		}
		l = append(l, span{clean(d.Name), sgr})
	}
	return l
}

func sinceCell(m *watch.Member, now time.Time) line {
	s := age(now.Sub(m.Changed))
	return line{{fmt.Sprintf("%5s", s), dim}}
}

// foot is the contact, and how fast it all is.
func foot(v *view, w int) []line {
	glyph, _, sgr := symbol(v.contact.show)
	local, _, _ := strings.Cut(v.group, "@")
	shown := line{{" Anna's contact list   ", dim}, {glyph, sgr}, {" " + local + "  ", bold}, {clean(v.contact.status), ""}}
	received := line{{" Anna's laptop         ", dim}, {itoa(v.events) + " PubSub events", ""}}
	if v.last > 0 {
		received = append(received, span{", last word in ", ""}, span{milliseconds(v.last), bold}, span{", median " + milliseconds(v.median), ""})
	}
	return []line{shown.fit(w), received.fit(w), nil}
}

// narration is the last scenes that fit, the newest brightest.
func narration(said []scene, w, room int) []line {
	var out []line
	said = said[max(0, len(said)-max(0, room)):]
	for i, s := range said {
		sgr := dim
		if i == len(said)-1 {
			sgr = ""
		}
		l := line{{fmt.Sprintf(" %-5s  ", s.at), dim}, {clean(s.text), sgr}}
		var r line
		switch {
		case s.problem:
			r = line{{"not seen", red}}
		case s.latency > 0:
			r = line{{milliseconds(s.latency), dim}}
		}
		out = append(out, beside(l, r, min(w, 79))) // further right nobody would find it
	}
	return out
}
