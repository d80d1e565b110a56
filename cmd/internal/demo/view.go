package demo

import (
	"strings"
	"time"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/tty"
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
	help         []tty.Line // for who wants to log in; nil while the day is on
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

// short is a node's name without its namespace.
func short(node string) string {
	_, name, _ := strings.Cut(node, "#")
	return "#" + name
}
