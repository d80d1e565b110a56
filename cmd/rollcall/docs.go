package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/manual"
)

//go:generate go run . docs ../../packaging

// docsCmd writes what is made from the code into the packaging directory.
type docsCmd struct {
	Dir string `arg:"" help:"The directory."`
}

// Run writes the files.
func (c *docsCmd) Run(s *session) error {
	for name, text := range documents(s) {
		path := filepath.Join(c.Dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("write documents: %w", err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return fmt.Errorf("write documents: %w", err)
		}
	}
	return nil
}

// documents are the files made from the code, by their names.
func documents(s *session) map[string]string {
	return map[string]string{
		"man/rollcall.1":      manual.Commands(s.model, "group presence for XMPP", commandNotes()),
		"man/rollcall.toml.5": manual.File(),
		"rollcall.toml":       manual.Example(installed()),
	}
}

// commandNotes are the parts of rollcall(1) that belong to no command.
func commandNotes() []manual.Note {
	return []manual.Note{
		{Heading: "Exit status", Text: "0: done. 1: refused or failed, and standard error says on one line what to do about it. 2: wrong use."},
		{Heading: "Signals", Text: `SIGTERM and SIGINT end the service in good order: whoever sees a group as a contact sees it go offline.

SIGHUP lets the service read its configuration again. What may change while it runs is in force at once (rollcall.toml(5) marks it as reloadable); of the rest the log says that it waits for a restart.`},
		{Heading: "Environment", Text: `ROLLCALL_SECRET is the component's secret, before any that the configuration names.

CREDENTIALS_DIRECTORY and NOTIFY_SOCKET, WATCHDOG_USEC are set by systemd: the secret may be the credential of the name secret, and the service says when it is attached and that it is alive.

NO_COLOR, if it is not empty, keeps "rollcall demo" from using colours.`},
		{Heading: "Files", Text: `/etc/rollcall/rollcall.toml is the configuration of the Debian package, /var/lib/rollcall/rollcall.db its database, /run/rollcall/rollcall.sock its admin socket. Elsewhere the database and the socket are beside rollcall.toml, unless it says otherwise.`},
		{Heading: "See also", Text: "rollcall.toml(5), prosodyctl(8), ejabberdctl(8)"},
	}
}

// installed is what an installation says otherwise than the defaults: where
// things are when they are not beside the configuration.
func installed() map[string]string {
	return map[string]string{
		"server.secret_file": `"secret"`,
		"store.url":          `"sqlite:/var/lib/rollcall/rollcall.db"`,
		"admin.socket":       `"/run/rollcall/rollcall.sock"`,
	}
}
