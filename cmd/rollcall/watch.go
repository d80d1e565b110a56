package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"iter"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
	"mellium.im/xmpp"
	"mellium.im/xmpp/jid"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/login"
	"github.com/rollcall-xmpp/rollcall/watch"
)

type watchCmd struct {
	Group userJID `arg:"" help:"The group's address, such as team@groups.example.org."`

	Account      jidFlag `help:"Log in as this account; else as $$ROLLCALL_ACCOUNT." placeholder:"JID"`
	PasswordFile string  `help:"Its password is the first line of this file; else $$ROLLCALL_PASSWORD." placeholder:"FILE"`
	Server       string  `help:"Connect there instead of where the account's domain says." placeholder:"HOST:PORT"`
	CAFile       string  `name:"ca-file" help:"Trust the certificates in this file rather than the system's." placeholder:"FILE"`
	Insecure     bool    `help:"Do without TLS; only with --server, and only on the loopback interface."`

	JSON bool `name:"json" help:"Print a line of JSON for each change."`
	Once bool `help:"Print what there is now, and end."`

	Refuse     bool      `help:"Want nothing."`
	Members    []userJID `help:"Want only this member; may be repeated." placeholder:"JID"`
	Roles      []string  `help:"Want only members with this role; may be repeated." placeholder:"ROLE"`
	SameRole   bool      `help:"Want only members with a role of the account's own."`
	Attributes []string  `help:"Want only this of each; may be repeated: availability, show, status, devices, …" placeholder:"WORD"`
}

// Help implements [kong.HelpProvider].
func (watchCmd) Help() string {
	return `Logs in as an ordinary account, without looking available by it, and shows who is there, as far as that account may see it: a table that lives, or lines if the output is no terminal. Ctrl-C ends it. It stays when the connection breaks, and comes back with what was missed.

    rollcall watch team@groups.example.org --account anna@example.org
    rollcall watch team@groups.example.org --once --roles lead`
}

// Run watches until it is interrupted.
func (c *watchCmd) Run(s *session) error {
	cfg, err := c.login(s)
	if err != nil {
		return err
	}
	group, err := jid.Parse(string(c.Group))
	if err != nil {
		return usageError{err}
	}
	s, stop := s.whileRead()
	defer stop()
	o := watch.Options{Want: c.want()}
	if c.Once { // a table without a past
		o.Now = func() time.Time { return time.Time{} }
	}
	w := watch.New(group, o)
	dial := func(ctx context.Context) (*xmpp.Session, error) { return login.Dial(ctx, cfg) }
	err = c.show(s.ctx, s, w, cfg.Account.Bare().String(), w.Follow(s.ctx, dial))
	switch {
	case s.ctx.Err() != nil && !c.Once: // interrupted, or nobody reads any more
		return nil
	case errors.Is(err, watch.ErrRefused) && strings.Contains(err.Error(), "item-not-found"):
		return fmt.Errorf("%w (there is no such group, or %s may not know of it)", err, cfg.Account.Bare())
	}
	return err
}

func (c *watchCmd) want() watch.Want {
	w := watch.Want{Refuse: c.Refuse, Roles: words(c.Roles), SameRole: c.SameRole, Attributes: words(c.Attributes)}
	for _, m := range c.Members {
		w.Members = append(w.Members, string(m))
	}
	return w
}

// words splits what was given as one argument.
func words(list []string) (out []string) {
	for _, s := range list {
		out = append(out, strings.Fields(s)...)
	}
	return out
}

func (c *watchCmd) login(s *session) (cfg login.Config, err error) {
	account := string(c.Account)
	if account == "" {
		account = s.Getenv("ROLLCALL_ACCOUNT")
	}
	if account == "" {
		return cfg, usageError{errors.New("as whom? give --account or set ROLLCALL_ACCOUNT (rollcall watch --help tells more)")}
	}
	if cfg.Account, err = jid.Parse(account); err != nil {
		return cfg, usageError{fmt.Errorf("%q is not an address, such as alice@example.org: %w", account, err)}
	}
	if cfg.Account.Resourcepart() == "" {
		if cfg.Account, err = cfg.Account.WithResource("rollcall-" + strings.ToLower(rand.Text()[:6])); err != nil {
			return cfg, err
		}
	}
	if cfg.Password = s.Getenv("ROLLCALL_PASSWORD"); c.PasswordFile != "" {
		text, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			return cfg, fmt.Errorf("read password: %w", err)
		}
		cfg.Password, _, _ = strings.Cut(strings.TrimRight(string(text), "\r\n"), "\n")
	}
	if cfg.Password == "" {
		return cfg, usageError{errors.New("with which password? give --password-file or set ROLLCALL_PASSWORD (rollcall watch --help tells more)")}
	}
	if c.Insecure && c.Server == "" {
		return cfg, usageError{errors.New("--insecure needs --server (rollcall watch --help tells more)")}
	}
	cfg.Server, cfg.Insecure = c.Server, c.Insecure
	cfg.TLS, err = c.tls(cfg.Account.Domainpart())
	return cfg, err
}

func (c *watchCmd) tls(name string) (*tls.Config, error) {
	if c.CAFile == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("read --ca-file: %w", err)
	}
	cfg := &tls.Config{ServerName: name, RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	if !cfg.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read --ca-file %s: no certificate in it", c.CAFile)
	}
	return cfg, nil
}

// show shows changes in the manner that was asked for, or that fits the
// output.
func (c *watchCmd) show(ctx context.Context, s *session, w *watch.Watcher, me string, changes iter.Seq2[watch.Change, error]) error {
	switch f := terminal(s.Stdout); {
	case c.JSON:
		return c.lines(s, changes, printJSONLine)
	case c.Once:
		return c.once(s, w, changes)
	case f == nil || s.Getenv("TERM") == "dumb":
		return c.lines(s, changes, printLine)
	default:
		size := func() (int, int) {
			columns, rows, err := term.GetSize(int(f.Fd()))
			if err != nil || columns == 0 || rows == 0 {
				return 80, 24
			}
			return columns, rows
		}
		return newWatchScreen(s, w, me, size).run(ctx, changes)
	}
}
