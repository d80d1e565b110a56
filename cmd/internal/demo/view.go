package demo

import (
	"strings"
	"time"

	"github.com/rollcall-xmpp/rollcall/watch"
)

// view is all that a frame shows, as the observer's client received it.
type view struct {
	group   string // bare JID
	server  string
	info    watch.Info
	summary watch.Summary
	members []*watch.Member
	contact contact
	events  int

	last, median time.Duration // 0 = none yet
	said         []scene
	help         []line // for who wants to log in; nil while the day is on
}

// scene is a line of narration.
type scene struct {
	at, text string
	latency  time.Duration
	problem  bool
}

// snapshot is what the observer has received so far.
func (d *Demo) snapshot() *view {
	s := d.stage.observer
	s.mu.Lock()
	defer s.mu.Unlock()
	return &view{group: s.group, server: title(d.cfg.Server), info: s.table.Info(), summary: s.table.Summary(),
		members: s.table.Members(), contact: s.contact, events: s.tally.events}
}

// symbols and colours of the shows: each has a shape of its own, for who has
// no colours.
func symbol(s watch.Show) (glyph, word, sgr string) {
	switch s {
	case watch.Chat:
		return "◆", "free to chat", cyan
	case watch.Available:
		return "●", "available", green
	case watch.Away:
		return "◐", "away", yellow
	case watch.XA:
		return "◌", "far away", magenta
	case watch.DND:
		return "■", "busy", red
	}
	return "○", "offline", dim
}

// age is a duration in a few columns.
func age(t time.Duration) string {
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
	return itoa(n) + unit
}

// short is a node's name without its namespace.
func short(node string) string {
	_, name, _ := strings.Cut(node, "#")
	return "#" + name
}
