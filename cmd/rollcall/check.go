package main

import (
	"errors"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/check"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/doctor"
)

type checkCmd struct {
	JSON bool `name:"json" help:"Print JSON, as doctor does."`
}

// Help implements [kong.HelpProvider].
func (checkCmd) Help() string {
	return `Would the service start, and is what must stay private private? The server is not asked: that is what rollcall doctor does. Exit code 1 if something has to be changed. As the service's own user:

    runuser -u rollcall -- rollcall check`
}

var errChange = errors.New("something has to be changed: see above what is bad")

// Run looks around.
func (c *checkCmd) Run(s *session) error {
	report := check.Run(s.ctx, check.Options{
		Path: s.configPath, Getenv: s.Getenv,
		Running: func(cfg *config.Config) error {
			running, err := s.running(cfg)
			if err == nil && running == nil {
				err = admin.ErrNotRunning
			}
			return err
		},
		TLS: func(cfg *config.Config) error {
			_, err := clientTLS(cfg)
			return err
		},
	})
	return s.printFindings(report, c.JSON)
}

// printFindings prints a report that has not been told yet.
func (s *session) printFindings(report *doctor.Report, asJSON bool) error {
	if asJSON {
		if err := s.printJSON(report); err != nil {
			return err
		}
	} else {
		for _, f := range report.Findings {
			s.printf("%s", viewFinding(f, false))
		}
	}
	if report.Bad() {
		return errChange
	}
	return nil
}
