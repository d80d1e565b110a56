package config

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"unicode"
)

// Config is a configuration that has been checked.
type Config struct {
	Path     string // the file it was read from
	Domain   string // the service's domain, normalised
	Server   Server
	Store    Store
	Admin    Admin
	Presence Presence
	Sources  []Source
	Peers    []Peer
	Delivery Delivery
	Limits   Limits
	Webhooks Webhooks
	HTTP     HTTP
	Log      Log

	secret secretSource
}

// Server is the XMPP server that the service is a component of.
type Server struct {
	Address string // host:port of its component port
	Host    string // its own domain, normalised
	TLS     bool   // whether the port speaks TLS from the first byte
	CAFile  string // absolute, "" = the system's authorities
	Secret  Secret // zero until somebody who needs it puts here what [Config.Secret] returns
}

// Store is where the hard state is.
type Store struct {
	URL string // as package store takes it, with an absolute path
}

// Admin says who may administer the service. So far only Socket is used.
type Admin struct {
	JIDs     []string // bare, normalised
	Creators []string // bare, normalised; empty = the server's own users
	Network  []string // bare, normalised: who knows how users' devices are connected
	Consent  string   // of members whom others have added: ask or inform
	Socket   string   // absolute
}

// Inform is a value of [Admin].Consent.
const Inform = "inform"

// HTTP is the listener for metrics and health.
type HTTP struct {
	Listen string // host:port, "" = off
}

// Log says what is logged and how.
type Log struct {
	Level  slog.Level
	Format string // text or json
}

// defaults is the configuration of an empty file in the working directory: the
// table's defaults, read as if they stood there.
func defaults() (*Config, error) {
	var text strings.Builder
	section := ""
	for _, k := range Keys() {
		if k.Repeats() {
			continue
		}
		if k.Section() != section {
			section = k.Section()
			fmt.Fprintf(&text, "[%s]\n", section)
		}
		if k.Default != "" {
			fmt.Fprintf(&text, "%s = %s\n", k.Word(), k.Default)
		}
	}
	c := &Config{Path: "defaults"}
	return c, c.parse(text.String())
}

// Error is something wrong with the configuration.
type Error struct {
	File    string
	Line    int    // 0 = the whole file
	Key     string // such as server.address, "" = none in particular
	Problem string
	Remedy  string
}

// Error is on one line, whatever stands in the file: file:line: key: problem:
// remedy.
func (e *Error) Error() string {
	place := e.File
	if e.Line > 0 {
		place = fmt.Sprintf("%s:%d", place, e.Line)
	}
	var parts []string
	for _, part := range []string{place, e.Key, e.Problem, e.Remedy} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, strings.Join(parts, ": "))
}

// Load reads and checks the file at path. What is wrong with it is an
// [*Error], the first one in the order of the file.
func Load(path string) (*Config, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Error{File: path, Problem: "there is no such file",
			Remedy: `write one (three lines are enough: domain = "groups.example.org" and, below [server], a secret) or name another with -config FILE`}
	}
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	c, err := defaults()
	if err != nil {
		return nil, err
	}
	c.Path = path
	if err := c.parse(string(text)); err != nil {
		return nil, err
	}
	return c, c.complete(filepath.Dir(abs))
}

// complete fills in what follows from the rest. Paths become absolute.
func (c *Config) complete(dir string) error {
	if c.Domain == "" {
		return &Error{File: c.Path, Key: "domain", Problem: "missing",
			Remedy: `write the service's own domain at the top, such as domain = "groups.example.org"`}
	}
	if c.Server.Host == "" {
		_, parent, ok := strings.Cut(c.Domain, ".")
		if !ok {
			return &Error{File: c.Path, Key: "server.host", Problem: "missing",
				Remedy: fmt.Sprintf("%s is not part of another domain, so write the XMPP server's own domain", c.Domain)}
		}
		c.Server.Host = parent
	}
	for _, path := range []*string{&c.Server.CAFile, &c.Admin.Socket, &c.Webhooks.CAFile, &c.secret.file} {
		*path = under(dir, *path)
	}
	if path, ok := strings.CutPrefix(c.Store.URL, "sqlite:"); ok && path != ":memory:" {
		c.Store.URL = "sqlite:" + under(dir, path)
	}
	if err := c.completePeers(); err != nil {
		return err
	}
	if err := c.completeDelivery(); err != nil {
		return err
	}
	return c.completeSources(dir)
}

func under(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
