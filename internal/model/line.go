package model

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// The line does not get longer than people read.
const (
	mostNames = 16
	mostBytes = 100
)

// Line is what stands inside the presence that watcher has of the group as a
// contact: <show/>, if there is any, and <status/>.
func (g *Group) Line(watcher string, now time.Time) string {
	all := &Receiving{}
	c := g.count(watcher, all, now)
	show := c.show()
	if show != "" {
		show = "<show>" + show + "</show>"
	}
	status := fmt.Sprintf("%d of %d available", c.available, c.members)
	names := g.names(watcher, all, now)
	for i, name := range names {
		if i > 0 && len(status)+len(name) > mostBytes {
			names = names[:i]
			break
		}
		status += ", " + name
	}
	status = strings.Replace(status, ",", ":", 1)
	if more := c.available - len(names); more > 0 && len(names) > 0 {
		status += fmt.Sprintf(" +%d more", more)
	}
	return show + "<status>" + Text(status) + "</status>"
}

// show is that of the most available member; who does not show his is plainly
// available.
func (c counts) show() string {
	switch {
	case c.chat > 0:
		return "chat"
	case c.available > c.dnd+c.away+c.xa:
		return ""
	case c.dnd > 0:
		return "dnd"
	case c.away > 0:
		return "away"
	}
	return "xa"
}

// names are those of who is there and may be named, in the order of their
// addresses.
func (g *Group) names(watcher string, wants *Receiving, now time.Time) (names []string) {
	for _, jid := range slices.Sorted(maps.Keys(g.Members)) {
		m, sees := g.Members[jid], g.Sees(watcher, jid, wants, now)
		if g.speaker(jid, now) == nil || !sees[availability] || len(names) == mostNames {
			continue
		}
		name, _, _ := strings.Cut(jid, "@")
		if sees[basic] && m.Nick != "" {
			name = m.Nick
		}
		names = append(names, name)
	}
	return names
}
