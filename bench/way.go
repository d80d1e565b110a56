package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

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
	// on says whether a server can do it; "" is none.
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

// kind is a way as it is listed.
type kind struct {
	name, title string
	colour      string // in plots
	of          func(s size) way
}

// kinds are all ways, in the order of the document.
func kinds() []kind {
	rollcall := func(m manner) func(size) way {
		return func(s size) way { return &component{size: s, manner: m} }
	}
	return []kind{
		{"floor", "floor", "", func(s size) way { return &fanOut{size: s} }},
		{"muc", "room (MUC)", "#9aa5b1", func(s size) way { return &chat{size: s} }},
		{"roster", "shared roster", "#c9a86a", func(s size) way { return &contacts{size: s} }},
		{"pubsub", "server's PubSub", "#7d8f69", func(s size) way { return &nodes{size: s} }},
		{"rollcall", "Rollcall", "#1f6feb", rollcall(manner{})},
		{"rollcall-json", "Rollcall, JSON", "#54aeff", rollcall(manner{json: true})},
		{"rollcall-contacts", "Rollcall, contacts", "#1a7f8e", rollcall(manner{contacts: true})},
		{"rollcall-pubsub", "Rollcall, server's PubSub", "#8250df", rollcall(manner{published: true})},
		{"rollcall-multicast", "Rollcall, multicast", "#cf222e", rollcall(manner{copied: true})},
		{"rollcall-multicast-json", "Rollcall, multicast + JSON", "#ff8182", rollcall(manner{copied: true, json: true})},
		{"rollcall-two", "Rollcall, two processors", "", rollcall(manner{processors: "2"})},
	}
}

// kindOf returns the kind of that name; one that says nothing but the name if
// there is none.
func kindOf(name string) kind {
	all := kinds()
	if i := slices.IndexFunc(all, func(k kind) bool { return k.name == name }); i >= 0 {
		return all[i]
	}
	return kind{name: name, title: name}
}

func wayNames() (names []string) {
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return names
}

// wayOf returns the way of that name for groups of a size.
func wayOf(name string, s size) way { return kindOf(name).of(s) }

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

func (nothing) on(server string) bool { return server != "" && server != "fake" }
func (nothing) pids() []int           { return nil }
func (nothing) close() error          { return nil }
