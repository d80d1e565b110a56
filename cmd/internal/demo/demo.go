package demo

import (
	"context"
	"errors"
	"fmt"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/tty"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// Config says how to run the demo.
type Config struct {
	Server  string // prosody or ejabberd
	Manner  int    // of docs/manners.md, 1 to 3; 0 = 1
	Once    bool   // play the day, judge it, end
	Program string // path of the rollcall binary
	Out     io.Writer
	// Size is the size of the terminal behind Out in columns and rows; nil if
	// it is none.
	Size  func() (width, height int)
	Color bool
}

// ErrFailed is wrapped by the error of a run with Once in which somebody saw
// what he should not.
var ErrFailed = errors.New("the subscribers did not see what the members did")

// errService: rollcall ended by itself.
var errService = errors.New("rollcall ended")

// Demo is one run. Run and Kill may be called concurrently.
type Demo struct {
	cfg   Config
	world *world
	stage *stage
	began time.Time
}

// New makes the demo's directory, and nothing else: call Run, which removes
// it.
func New(cfg Config) (*Demo, error) {
	m := manners()[max(1, cfg.Manner)]
	if m == nil {
		return nil, fmt.Errorf("there is no manner %d", cfg.Manner)
	}
	w, err := newWorld(cfg.Program, m)
	if err != nil {
		return nil, err
	}
	return &Demo{cfg: cfg, world: w, began: time.Now()}, nil
}

// Run plays the demo until ctx ends, which is no error, or with Once until
// the verdict, which is one if it wraps [ErrFailed]. Nothing is left behind.
func (d *Demo) Run(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer func() {
		if d.stage != nil {
			d.stage.close()
		}
		err = errors.Join(err, d.world.close())
		if err == nil && !d.cfg.Once {
			d.printf("Ended; nothing is left behind.\n")
		}
	}()
	if err := d.setUp(ctx); err != nil {
		return d.ended(ctx, err)
	}
	d.guard(ctx, cancel)
	switch {
	case d.cfg.Once:
		return d.ended(ctx, d.judge(ctx))
	case d.cfg.Size != nil:
		return d.ended(ctx, d.live(ctx))
	}
	return d.ended(ctx, d.plain(ctx))
}

// Kill ends everything at once, for who has no patience with Run's end.
func (d *Demo) Kill() { d.world.kill() }

// guard ends the run if one of the services does.
func (d *Demo) guard(ctx context.Context, cancel context.CancelCauseFunc) {
	for _, s := range d.world.services {
		go func() {
			select {
			case <-s.child.done:
				cancel(s.child.why())
			case <-ctx.Done():
			}
		}()
	}
}

// ended is why the run ended: the reason of ctx if that is why. That somebody
// wanted it to end is no error, unless he waits for a verdict.
func (d *Demo) ended(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	if cause := context.Cause(ctx); errors.Is(cause, errService) {
		return cause
	}
	if d.cfg.Once {
		return errors.New("interrupted before the verdict")
	}
	return nil
}

func (d *Demo) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(d.cfg.Out, format, args...)
}

// done reports a part of the set-up.
func (d *Demo) done(what string) {
	color := d.cfg.Color
	d.printf("  %s %s\n", tty.Paint(color, tty.Green, "✓"), what)
}

// setUp makes the world: server, rollcall, group, people.
func (d *Demo) setUp(ctx context.Context) error {
	color := d.cfg.Color
	d.printf("%s a private XMPP server, %s, five people and their working day.\n", tty.Paint(color, tty.Bold, "rollcall demo:"), d.world.manner.sentence)
	if err := lab.Install(ctx, d.cfg.Out, d.cfg.Server); err != nil {
		return err
	}
	w := d.world
	if err := w.startServer(ctx, d.cfg.Server); err != nil {
		return err
	}
	d.done(fmt.Sprintf("%s on %s, in %s", title(d.cfg.Server), w.server.C2SAddr(), w.dir))
	for i := range w.manner.posts {
		p := &w.manner.posts[i]
		s, err := w.start(ctx, p)
		if err != nil {
			return err
		}
		d.done(fmt.Sprintf("%s: rollcall run -config %s", p.domain, s.config()))
	}
	d.stage = &stage{world: w, people: &people{phone: "123", blurred: w.manner.combined, muted: w.manner.combined || !w.manner.asks(w.server)}, patience: 10 * time.Second}
	commands := [][]string{w.command("", []string{"group", "create", "--name", "Team", "--description", "Second shift", "--attr", "phone=123"})}
	for _, line := range w.manner.after {
		commands = append(commands, w.command("", line))
	}
	for _, m := range cast() {
		if err := w.server.AddUser(ctx, m.user, password); err != nil {
			return err
		}
		d.stage.people.add(&m.person)
		if m.device != "" {
			s := newSeat(m.user, m.device, w.group(), m.node)
			s.through = w.manner.through
			d.stage.seats = append(d.stage.seats, s)
		}
		commands = append(commands, w.command(m.user, m.add()))
	}
	if err := w.server.AddUser(ctx, "fay", password); err != nil {
		return err
	}
	for _, args := range commands {
		if err := w.keep(ctx, args); err != nil {
			return err
		}
		d.done(tty.Paint(color, tty.Dim, "rollcall "+quoted(args)))
	}
	d.stage.observer = d.stage.seats[0]
	return d.rehearse(ctx)
}

// rehearse plays the prologue; without it nothing else can work.
func (d *Demo) rehearse(ctx context.Context) error {
	for _, p := range prologue() {
		res, err := d.stage.perform(ctx, &p, true)
		if err == nil && res.problem != "" {
			err = fmt.Errorf("%s: %s", p.text, res.problem)
		}
		if err != nil {
			return err
		}
	}
	yes := ""
	if d.world.manner.asks(d.world.server) {
		yes = ", said yes to the group"
	}
	d.done("Anna, Bo, Cy, Dee and Eli have logged in" + yes + " and taken it as a contact")
	d.done(fmt.Sprintf("Anna's laptop watches %s: what it receives is what you see (%.1f s)", d.world.group(), time.Since(d.began).Seconds()))
	return nil
}

// title is the name of the server for people.
func title(server string) string {
	if server == "prosody" {
		return "Prosody"
	}
	return server
}

// quoted is a command line for people to type.
func quoted(args []string) string {
	args = slices.Clone(args)
	for i, a := range args {
		if strings.Contains(a, " ") {
			name, value, found := strings.Cut(a, "=")
			if found {
				args[i] = name + `="` + value + `"`
			} else {
				args[i] = `"` + a + `"`
			}
		}
	}
	return strings.Join(args, " ")
}
