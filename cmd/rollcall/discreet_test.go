package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// listener fails the test at a line of info or above that names a user (one of
// the server's, whose addresses all end alike), and at any that tells a password. Whatever is played on a stage is
// a test of that.
type listener struct {
	slog.Handler
	t    testing.TB
	user string // how the address of every user ends
	told string // attributes of loggers made of this one

	group string // how the address of every group ends
}

func newDiscreet(t testing.TB, server lab.Server, to slog.Handler) *listener {
	return &listener{Handler: to, t: t, user: "@" + server.Host(), group: "@" + server.ComponentDomain()}
}

func (d *listener) Handle(ctx context.Context, r slog.Record) error {
	text := d.told + " " + r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += " " + a.String()
		return true
	})
	if strings.Contains(text, readerPassword) {
		d.t.Errorf("the log tells a password: %s", text)
	}
	if r.Level >= slog.LevelInfo && (names(text, d.user) || called(text, d.group)) {
		d.t.Errorf("the log names a user: %s", text)
	}
	return d.Handler.Handle(ctx, r)
}

func (d *listener) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *d
	c.Handler = d.Handler.WithAttrs(attrs)
	for _, a := range attrs {
		c.told += " " + a.String()
	}
	return &c
}

func (d *listener) WithGroup(name string) slog.Handler {
	c := *d
	c.Handler = d.Handler.WithGroup(name)
	return &c
}

// names says whether text has a user's address.
func names(text, user string) bool {
	return strings.Contains(text, user)
}

// cast is who is in the plays: each has a suffix of its own when it is played.
var cast = sync.OnceValue(func() *regexp.Regexp {
	files, err := filepath.Glob("testdata/*/*.play")
	line := regexp.MustCompile(`(?m)^(\w+) (?:logs in|connects)\b`)
	all := map[string]bool{}
	for _, file := range files {
		text, _ := os.ReadFile(file) // what is missing is missed below
		for _, m := range line.FindAllSubmatch(text, -1) {
			all[string(m[1])] = true
		}
	}
	if err != nil || len(all) < 5 {
		panic(fmt.Sprint("nobody plays: ", len(files), " files, ", err))
	}
	return regexp.MustCompile(`\b(?:` + strings.Join(slices.Sorted(maps.Keys(all)), "|") + `)\.[a-z2-7]{6}\b`)
})

// called says whether text has the name of somebody in a play. Groups may be
// called like people.
func called(text, group string) bool {
	for _, at := range cast().FindAllStringIndex(text, -1) {
		if !strings.HasPrefix(text[at[1]:], group) {
			return true
		}
	}
	return false
}

// The watch itself can fail.
func TestDiscreet(t *testing.T) {
	for text, want := range map[string]bool{
		"attached server=127.0.0.1:1 domain=groups.example.org": false,
		"load group group=team@groups.example.org":              false,
		"request refused from=ann@example.org/r":                true,
	} {
		if names(text, "@example.org") != want {
			t.Errorf("%s: %v", text, !want)
		}
	}
	for text, want := range map[string]bool{
		"group=team.abcdef": false, "alice.abcdef": true, "alice.abcdef@groups.example.org": false, "malice.abcdef alice": false, "of alice.abcdef@…": true,
	} {
		if called(text, "@groups.example.org") != want {
			t.Errorf("%s: %v", text, !want)
		}
	}
}
