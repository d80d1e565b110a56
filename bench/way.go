package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// Addresses on every server.
const (
	host     = "example.org"
	rooms    = "conference." + host
	topics   = "pubsub." + host
	copies   = "multicast." + host
	ours     = "groups." + host
	password = "bench"
)

// errNotHere: this build of rollcall, or this server, does not have the way.
var errNotHere = errors.New("not available here")

// way is how the presence of members reaches the others.
type way interface {
	// on says whether a server can do it.
	on(server string) bool
	// options are what the server needs for it, and nothing beside.
	options(server string) lab.Options
	// open makes the groups and lets everybody in; all clients are connected.
	open(ctx context.Context, c *cell) error
	// change appends the stanza by which a member changes his state.
	change(b []byte, member int, seq uint32) []byte
	// service is who answers pings while there is work.
	service() string
	// pids are the processes beside the server that do the work.
	pids() []int
	// close ends what open began.
	close() error
}

// preparer is a way that has something to do before anybody logs in.
type preparer interface {
	prepare(ctx context.Context, c *cell) error
}

func wayNames() []string {
	return []string{"floor", "muc", "roster", "pubsub", "rollcall", "rollcall-json", "rollcall-contacts", "rollcall-pubsub", "rollcall-multicast"}
}

// wayOf returns the way of that name for groups of a size.
func wayOf(name string, s size) way {
	switch name {
	case "muc":
		return &chat{size: s}
	case "roster":
		return &contacts{size: s}
	case "pubsub":
		return &nodes{size: s}
	case "floor":
		return &fanOut{size: s}
	}
	return &component{size: s, name: name}
}

func userName(member int) string    { return fmt.Sprintf("user%04d", member) }
func bareJID(member int) string     { return userName(member) + "@" + host }
func groupName(group int) string    { return fmt.Sprintf("team%02d", group) }
func (s size) group(member int) int { return member / s.Members }

// plain is a server without anything, at its best: Prosody's default collects
// garbage so eagerly that this takes more than half of its time.
func plain(server string) lab.Options {
	o := lab.Options{Host: host, ComponentDomain: ours, Modules: lab.Minimal, LogLevel: "error"}
	if server == "prosody" {
		o.Extra.Global = "gc = { threshold = 200 }\n"
	}
	return o
}

// verifier is a way that could be another one without anybody seeing it.
type verifier interface {
	// verify is asked when everybody hears of everybody.
	verify(ctx context.Context, c *cell) error
}

// nothing is what ways have in common that have no process of their own.
type nothing struct{}

func (nothing) on(server string) bool { return server != "fake" }
func (nothing) pids() []int           { return nil }
func (nothing) close() error          { return nil }
