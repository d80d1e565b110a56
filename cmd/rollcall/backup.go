package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
	"github.com/rollcall-xmpp/rollcall/store"
)

type backupCmd struct {
	File string `arg:"" help:"The file to write; it must not exist yet."`
	JSON bool   `name:"json" help:"Print what is in it as JSON: {\"file\": …, \"schema\": …, \"bytes\": …, \"groups\": …, \"members\": …}."`
}

// Help implements [kong.HelpProvider].
func (backupCmd) Help() string {
	return `The service may run meanwhile: the file holds the state of one moment, and has been checked. It holds personal data and is readable by you alone. For example, every night:

    rollcall backup /var/backups/rollcall-$(date +%F).db`
}

// Run writes the backup.
func (c *backupCmd) Run(s *session) error {
	cfg, err := config.Load(s.configPath)
	if err != nil {
		return err
	}
	p := s.progress("backup", "pages")
	report, err := store.Backup(s.ctx, cfg.Store.URL, c.File, p.tell)
	p.end()
	if err != nil {
		return aboutStore(err)
	}
	return s.printReport("wrote "+printable(c.File), c.File, report, c.JSON)
}

type restoreCmd struct {
	File string `arg:"" help:"The backup, as rollcall backup has written it."`
	JSON bool   `name:"json" help:"Print what is in it as JSON, as backup does, with \"kept\" as the name of what was there."`
}

// Help implements [kong.HelpProvider].
func (restoreCmd) Help() string {
	return `The service must not run. The backup is checked first, and may be of an older version; what was there is kept beside the store under another name.

    rollcall restore /var/backups/rollcall-2026-01-31.db`
}

// Run puts the backup in the store's place.
func (c *restoreCmd) Run(s *session) error {
	cfg, err := config.Load(s.configPath)
	if err != nil {
		return err
	}
	p := s.progress("restore", "pages")
	kept, report, err := store.Restore(s.ctx, cfg.Store.URL, c.File, p.tell)
	p.end()
	if errors.Is(err, store.ErrLocked) {
		return fmt.Errorf("%w (stop the service first)", err)
	}
	if err != nil {
		return aboutStore(err)
	}
	if c.JSON {
		return s.printJSON(struct {
			File string `json:"file"`
			Kept string `json:"kept"`
			*store.Report
		}{c.File, kept, report})
	}
	s.printf("restored %s\n", viewReport(report))
	if kept != "" {
		s.printf("kept what was there as %s\n", printable(filepath.Base(kept)))
	}
	return nil
}

type verifyCmd struct {
	File string `arg:"" optional:"" help:"A backup; without it the store itself."`
	JSON bool   `name:"json" help:"Print what is in it as JSON, as backup does."`
}

// Help implements [kong.HelpProvider].
func (verifyCmd) Help() string {
	return `Checks that the database is sound and everything in it can be read, and says what is in it. Nothing is changed, and the service may run. Exit code 1 tells of damage.

    rollcall verify /var/backups/rollcall-2026-01-31.db`
}

// Run checks the file.
func (c *verifyCmd) Run(s *session) error {
	file := c.File
	if file == "" {
		cfg, err := config.Load(s.configPath)
		if err != nil {
			return err
		}
		file = strings.TrimPrefix(cfg.Store.URL, "sqlite:")
	}
	p := s.progress("verify", "groups")
	report, err := store.Verify(s.ctx, file, p.tell)
	p.end()
	if err != nil {
		return aboutStore(err)
	}
	return s.printReport("sound: "+printable(file), file, report, c.JSON)
}

func (s *session) printReport(what, file string, r *store.Report, json bool) error {
	if json {
		return s.printJSON(struct {
			File string `json:"file"`
			*store.Report
		}{file, r})
	}
	s.printf("%s, %s\n", what, viewReport(r))
	return nil
}

func viewReport(r *store.Report) string {
	return fmt.Sprintf("%s, %s, %s (schema %d)", count(r.Groups, "group"), count(r.Members, "member"), size(r.Bytes), r.Schema)
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func size(bytes int64) string {
	switch {
	case bytes >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30))
	case bytes >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
	}
	return fmt.Sprintf("%d KiB", (bytes+1023)/1024)
}

// aboutStore adds to an error of the store what can be done about it.
func aboutStore(err error) error {
	for _, row := range []struct {
		err    error
		remedy string
	}{
		{fs.ErrExist, "give another name, or remove it first"},
		{store.ErrFull, "make room and try again; nothing has changed"},
		{store.ErrLocked, "another program uses the file: wait for it, or stop it"},
		{store.ErrCorrupt, "take a backup of an earlier day: rollcall restore FILE"},
	} {
		if errors.Is(err, row.err) {
			return fmt.Errorf("%w (%s)", err, row.remedy)
		}
	}
	return err
}
