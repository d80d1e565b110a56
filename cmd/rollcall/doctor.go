package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/directory"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/doctor"
	"github.com/rollcall-xmpp/rollcall/component"
	"github.com/rollcall-xmpp/rollcall/component/source"
	"github.com/rollcall-xmpp/rollcall/roster"
)

type doctorCmd struct {
	Account      userJID `help:"A test account of the server; then presence is examined as well." placeholder:"JID"`
	PasswordFile string  `help:"Its password is the line in this file; else $$ROLLCALL_PASSWORD." placeholder:"FILE"`
	Server       string  `help:"Connect the account there instead of where its domain says." placeholder:"HOST:PORT"`
	Domain       string  `help:"Examine as this domain instead, which the server has to know; while the service runs." placeholder:"DOMAIN"`
	SecretFile   string  `help:"The file with that domain's secret." placeholder:"FILE"`
	Address      string  `help:"The component port to use for that domain; without it, that of the configuration." placeholder:"HOST:PORT"`
	All          bool    `help:"Print the server's lines also for what is optional."`
	JSON         bool    `name:"json" help:"Print JSON: {\"server\": …, \"findings\": [{\"check\", \"level\", \"says\", \"means\", \"remedy\"}, …]}."`
}

// Help implements [kong.HelpProvider].
func (doctorCmd) Help() string {
	return `Attaches as the component would, plays a group whose address nobody has, and says what it saw: what it means, and the lines of the server's configuration that would change it. Nothing stays behind. Exit code 1 if something has to be changed.

A domain has one connection. While the service runs, the doctor does not attach with its domain: it says what can be said without, from the test account, which meets a temporary group of the running service. For all findings, stop the service for a minute or give a second domain, which the server's configuration has to name like the first (on ejabberd in a listener of its own, for which there is --address).

The test account should be nobody's: it is asked for its presence, logged in, and cut off. On loopback its connection needs no TLS, and any certificate will do.

    rollcall doctor --account test@example.org --password-file pw`
}

// Run examines the server.
func (c *doctorCmd) Run(s *session) error {
	cfg, err := config.Load(s.configPath)
	if err != nil {
		return err
	}
	o, err := c.options(s, cfg)
	if err != nil {
		return err
	}
	if !c.JSON {
		o.Tell = func(f doctor.Finding) { s.printf("%s", viewFinding(f, c.All)) }
	}
	report := doctor.Examine(s.ctx, o)
	if c.JSON {
		if err := s.printJSON(report); err != nil {
			return err
		}
	}
	if err := s.ctx.Err(); err != nil {
		return err // what was found last is not the server's fault
	}
	if report.Bad() {
		return errChange
	}
	return nil
}

func (c *doctorCmd) options(s *session, cfg *config.Config) (o doctor.Options, err error) {
	secured, err := clientTLS(cfg)
	if err != nil {
		return o, err
	}
	o.Origin, _ = roster.ParseOrigin(cfg.Presence.From) // checked when loaded
	o.Link = component.Config{Addr: cfg.Server.Address, Domain: cfg.Domain, ServerHost: cfg.Server.Host, TLS: secured}
	if o.Account, err = c.account(s); err != nil {
		return o, err
	}
	o.PubSub = cfg.Delivery.Service()
	for i := range cfg.Sources {
		if cfg.Sources[i].Address != "" {
			o.Sources = append(o.Sources, cfg.Sources[i].Address)
		}
		if s := &cfg.Sources[i]; s.Kind == config.SourceLDAP {
			o.Directories = append(o.Directories, doctor.Directory{Name: s.Name, Look: directory.New(directoryConfig(cfg, s, source.Pace{})).Look})
		}
	}
	var secret config.Secret
	switch {
	case c.Domain == "" && c.SecretFile == "" && c.Address == "":
		if o.Running, err = s.running(cfg); err == nil {
			secret, err = cfg.Secret(s.Getenv)
		}
	case c.Domain == "" || c.SecretFile == "":
		return o, usageError{errors.New("--domain and --secret-file belong together: give both or none (rollcall doctor --help tells more)")}
	case c.Domain == cfg.Domain:
		return o, usageError{fmt.Errorf("--domain %s is the service's own: give a second one, or none", c.Domain)}
	default:
		o.Link.Domain = c.Domain
		if c.Address != "" {
			o.Link.Addr = c.Address
		}
		secret, err = config.ReadSecret(c.SecretFile)
	}
	o.Link.Secret = func() ([]byte, error) { return []byte(secret.Reveal()), nil }
	return o, err
}

func (c *doctorCmd) account(s *session) (*doctor.Account, error) {
	if c.Account == "" {
		if c.PasswordFile != "" || c.Server != "" {
			return nil, usageError{errors.New("whose? give --account as well (rollcall doctor --help tells more)")}
		}
		return nil, nil
	}
	password := config.NewSecret(s.Getenv("ROLLCALL_PASSWORD"))
	if c.PasswordFile != "" {
		var err error
		if password, err = config.ReadSecret(c.PasswordFile); err != nil {
			return nil, err
		}
	}
	if password.Reveal() == "" {
		return nil, usageError{errors.New("with which password? give --password-file or set ROLLCALL_PASSWORD (rollcall doctor --help tells more)")}
	}
	return &doctor.Account{JID: string(c.Account), Password: password.Reveal(), Address: c.Server}, nil
}

// running is the service that answers at the admin socket, nil if none does.
func (s *session) running(cfg *config.Config) (doctor.Service, error) {
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	client := admin.NewClient(cfg.Admin.Socket)
	_, err := client.ListGroups(ctx)
	switch {
	case errors.Is(err, admin.ErrNotRunning):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return &runningService{client, cfg.Domain, s.Stderr}, nil
}

// runningService lends the doctor a group.
type runningService struct {
	client *admin.Client
	domain string
	errors io.Writer // for what must be said and ends nothing
}

// Meet implements [doctor.Service].
func (r *runningService) Meet(ctx context.Context, jid string) (group string, end func(), err error) {
	name := "doctor-" + strings.ToLower(rand.Text()[:10])
	title := "rollcall doctor"
	if err := r.client.CreateGroup(ctx, name, admin.GroupChange{Title: &title}); err != nil {
		return "", nil, err
	}
	end = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		if err := r.client.DeleteGroup(ctx, name); err != nil {
			_, _ = fmt.Fprintf(r.errors, "rollcall: %v: delete it with: rollcall group delete %s\n", err, name)
		}
	}
	if err := r.client.AddMembers(ctx, name, admin.NewMember{JID: jid}); err != nil {
		end()
		return "", nil, err
	}
	return name + "@" + r.domain, end, nil
}
