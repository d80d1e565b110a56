package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// patience is how long a command waits for the running service.
const patience = 30 * time.Second

// Main is the whole program with what it takes from its process, so that a
// test can be its process. It keeps nothing between runs.
type Main struct {
	Stdout io.Writer
	Stderr io.Writer
	Getenv func(string) string
	// Processors says how many the Go code of the service may use at once, as
	// runtime.GOMAXPROCS does; nil = nobody wants to know.
	Processors func(int)
	// Garbage says how much of it the service may have, in percent of what it
	// uses, as debug.SetGCPercent does; nil = nobody wants to know.
	Garbage func(percent int)
}

// grammar is the command line. Each command's Run does its work.
type grammar struct {
	Config string `help:"The configuration file. Without it: rollcall.toml here, else /etc/rollcall/rollcall.toml." placeholder:"FILE"`

	Run     runCmd     `cmd:"" help:"Run the service until SIGTERM or Ctrl-C."`
	Group   groupCmd   `cmd:"" help:"Create, look at, change and delete groups."`
	Member  memberCmd  `cmd:"" help:"Add, look at, change and remove members of a group."`
	Policy  policyCmd  `cmd:"" help:"Look at and set policies: a group's, and what users let others see."`
	Webhook webhookCmd `cmd:"" help:"Tell who has no XMPP, over the web."`
	Check   checkCmd   `cmd:"" help:"Look at the configuration and what it names; start and change nothing."`
	Doctor  doctorCmd  `cmd:"" help:"Examine the XMPP server: does it suit, and what would make it better?"`
	Snippet snippetCmd `cmd:"" help:"Print the lines that the XMPP server's configuration needs."`
	Watch   watchCmd   `cmd:"" help:"Log in as an account and see who of a group is there."`
	Backup  backupCmd  `cmd:"" help:"Write all that the service remembers to a file, while it runs."`
	Restore restoreCmd `cmd:"" help:"Put a backup in the place of what the service remembers."`
	Verify  verifyCmd  `cmd:"" help:"Check the store, or a backup, for damage."`
	Apply   applyCmd   `cmd:"" help:"Make groups and members what a file says."`
	Export  exportCmd  `cmd:"" help:"Print groups as JSON, with all that belongs to them, or what somebody sees of one."`
	Import  importCmd  `cmd:"" help:"Create groups from an export, or from prosody's or ejabberd's."`
	Status  statusCmd  `cmd:"" help:"Show how the service is."`
	Audit   auditCmd   `cmd:"" help:"Show who changed what."`
	Forget  forgetCmd  `cmd:"" help:"Erase a person everywhere."`

	Subscriptions subscriptionsCmd `cmd:"" help:"List who is told of a group."`

	Demo    demoCmd    `cmd:"" help:"See it work: a private server, five people, a live table."`
	Version versionCmd `cmd:"" help:"Print the version."`

	Docs     docsCmd     `cmd:"" hidden:"" help:"Write the manual pages and the commented configuration file."`
	Complete completeCmd `cmd:"" hidden:"" help:"Say what may come next on a command line, for shells."`
}

const description = `Group presence for XMPP: who of a group is there, for everybody who may know.

The service is an external component of an XMPP server (XEP-0114); the other commands talk to the running service.`

// session is one run of one command.
type session struct {
	*Main
	ctx        context.Context
	configPath string
	model      *kong.Application
}

// usageError is a wrong use that only the command itself could see.
type usageError struct{ error }

// Run parses args, runs the command and returns the exit code. It ends early
// when ctx does.
func (m *Main) Run(ctx context.Context, args []string) int {
	var g grammar
	helped := false
	k, err := kong.New(&g, kong.Name("rollcall"), kong.Description(description),
		kong.Writers(m.Stdout, m.Stderr), kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, WrapUpperBound: 100}),
		// Called for --help only, and kong goes on parsing behind it.
		kong.Exit(func(int) { helped = true }))
	if err != nil {
		return m.fail(exitFailed, err)
	}
	parsed, err := k.Parse(normalise(args))
	if helped {
		return exitDone
	}
	if err != nil {
		return m.fail(exitUsage, fmt.Errorf("%w (%s --help tells more)", err, commandOf(err)))
	}
	err = parsed.Run(&session{m, ctx, configFile(g.Config), k.Model})
	var wrongUse usageError
	switch {
	case errors.As(err, &wrongUse):
		return m.fail(exitUsage, err)
	case err != nil:
		return m.fail(exitFailed, err)
	}
	return exitDone
}

// systemConfig is where Debian's package has the configuration.
const systemConfig = "/etc/rollcall/rollcall.toml"

// configFile is the configuration file, named or not.
func configFile(named string) string {
	const here = "rollcall.toml"
	if named != "" {
		return named
	}
	if _, err := os.Stat(here); errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(systemConfig); !errors.Is(err, fs.ErrNotExist) {
			return systemConfig
		}
	}
	return here
}

// commandOf is as much of the command as was understood.
func commandOf(err error) string {
	var pe *kong.ParseError
	if errors.As(err, &pe) && pe.Context != nil {
		for _, step := range slices.Backward(pe.Context.Path) {
			if node := step.Node(); node != nil { // else it is a flag
				return node.FullPath()
			}
		}
	}
	return "rollcall"
}

// fail says on one line what went wrong.
func (m *Main) fail(code int, err error) int {
	_, _ = fmt.Fprintf(m.Stderr, "rollcall: %s\n", printable(err.Error()))
	return code
}

// normalise lets -config be written with one dash, as other services have it.
func normalise(args []string) []string {
	out := make([]string, len(args))
	options := true
	for i, arg := range args {
		options = options && arg != "--"
		if options && (arg == "-config" || strings.HasPrefix(arg, "-config=")) {
			arg = "-" + arg
		}
		out[i] = arg
	}
	return out
}

func (s *session) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(s.Stdout, format, args...)
}

// ask runs f with a client of the running service and adds to its error what
// can be done about it.
func (s *session) ask(f func(context.Context, *config.Config, *admin.Client) error) error {
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	return s.asking(ctx, f)
}

// asking is ask within ctx.
func (s *session) asking(ctx context.Context, f func(context.Context, *config.Config, *admin.Client) error) error {
	cfg, err := config.Load(s.configPath)
	if err != nil {
		return err
	}
	err = f(ctx, cfg, admin.NewClient(cfg.Admin.Socket))
	if remedy := remedyOf(err, s.configPath); remedy != "" {
		return fmt.Errorf("%w (%s)", err, remedy)
	}
	return err
}

// remedyOf is the table from errors to what an admin can do next.
func remedyOf(err error, configPath string) string {
	for _, row := range []struct {
		err    error
		remedy string
	}{
		{admin.ErrNotRunning, "start it with: rollcall run -config " + shellQuote(configPath)},
		{context.DeadlineExceeded, "the service does not answer; its log may say why"},
		{roster.ErrNoGroup, "see: rollcall group list"},
		{roster.ErrGroupExists, "change it with: rollcall group set"},
		{roster.ErrNoMember, "see: rollcall member list"},
		{roster.ErrMemberExists, "change it with: rollcall member set"},
	} {
		if errors.Is(err, row.err) {
			return row.remedy
		}
	}
	return ""
}
