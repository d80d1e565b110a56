package main

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// discreet fails the test at a line of info or above that names a user (one of
// the server's, whose addresses all end alike), and at any that tells a password. Whatever is played on a stage is
// a test of that.
type discreet struct {
	slog.Handler
	t    testing.TB
	user string // how the address of every user ends
	told string // attributes of loggers made of this one
}

func newDiscreet(t testing.TB, server lab.Server, to slog.Handler) *discreet {
	return &discreet{Handler: to, t: t, user: "@" + server.Host()}
}

func (d *discreet) Handle(ctx context.Context, r slog.Record) error {
	text := d.told + " " + r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += " " + a.String()
		return true
	})
	if strings.Contains(text, readerPassword) {
		d.t.Errorf("the log tells a password: %s", text)
	}
	if r.Level >= slog.LevelInfo && names(text, d.user) {
		d.t.Errorf("the log names a user: %s", text)
	}
	return d.Handler.Handle(ctx, r)
}

func (d *discreet) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *d
	c.Handler = d.Handler.WithAttrs(attrs)
	for _, a := range attrs {
		c.told += " " + a.String()
	}
	return &c
}

func (d *discreet) WithGroup(name string) slog.Handler {
	c := *d
	c.Handler = d.Handler.WithGroup(name)
	return &c
}

// names says whether text has a user's address.
func names(text, user string) bool {
	return strings.Contains(text, user)
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
}
