package directory

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/rollcall-xmpp/rollcall/component/source"
)

// Security is how a connection to ldap:// is kept from being read.
type Security string

// The ways.
const (
	Auto     Security = ""         // StartTLS, unless it ends on this machine
	StartTLS Security = "starttls" // in any case
	Off      Security = "off"      // in no case
)

// Config says which directory, and what in it is what.
type Config struct {
	URL      string // ldap://host[:port] or ldaps://host[:port]
	Security Security
	CAFile   string                 // PEM; "" = the system's authorities
	Bind     string                 // DN; "" = anonymous
	Password func() (string, error) // asked for with each connection
	Base     string                 // DN
	Groups   string                 // filter
	People   string                 // filter
	Mapping  Mapping
	Only     []string      // groups; nil = all
	Every    time.Duration // 0 = at once, where the server can tell
	Pace     Pace

	room int           // bytes of a reading; 0 = maxReading
	time time.Duration // of a reading; 0 = readings requests'
}

// Pace is how often the directory is looked at. Zero values are good ones.
type Pace struct {
	Check   time.Duration // whether it is there, and has changed; 30 s
	Reread  time.Duration // all of it, in any case; 10 min
	Blind   time.Duration // all of it, where it does not say whether it has changed; 5 min
	Quiet   time.Duration // until what changes is read; 200 ms
	Timeout time.Duration // of a request; 30 s
}

func (p *Pace) withDefaults() {
	p.Check, p.Reread, p.Blind = orElse(p.Check, 30*time.Second), orElse(p.Reread, 10*time.Minute), orElse(p.Blind, 5*time.Minute)
	p.Quiet, p.Timeout = orElse(p.Quiet, 200*time.Millisecond), orElse(p.Timeout, 30*time.Second)
}

func orElse[T comparable](v, other T) T {
	var none T
	if v == none {
		return other
	}
	return v
}

// Bounds of what a directory may bring.
const (
	MaxPeople = 200_000
	MaxNamed  = 1_000_000 // members of all groups together, also by way of other groups
)

// readings is how many request times a whole reading may take.
const readings = 20

// Directory is a directory as a source.
type Directory struct {
	cfg Config

	// Only the goroutine of Run or Look uses these.
	gone map[string]struct{} // who was named and not found when it was read last
}

// New returns the source.
func New(cfg Config) *Directory {
	cfg.Pace.withDefaults()
	cfg.room, cfg.time = orElse(cfg.room, maxReading), orElse(cfg.time, readings*cfg.Pace.Timeout)
	return &Directory{cfg: cfg}
}

// Run implements [source.Source].
func (d *Directory) Run(ctx context.Context, sink source.Sink) error {
	ctx, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer all.Wait()
	defer stop()
	c, err := d.connect(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	look := lookout{d: d, conn: c, sink: sink}
	if look.root, err = c.root(); err != nil {
		return fmt.Errorf("ask the directory what it is: %w", err)
	}
	look.listen = func(b *bell, since string) { all.Go(func() { d.listen(ctx, b, since) }) }
	return look.run(ctx)
}

// lookout is one connection's life.
type lookout struct {
	d      *Directory
	conn   *conn
	sink   source.Sink
	root   root
	listen func(b *bell, since string)

	bell  *bell     // nil: it does not tell
	heard time.Time // when it was asked to
	stamp string    // of what was read; "" = none
	read  time.Time // when; zero = what was read was refused, or nothing was yet
	pause time.Duration
}

func (l *lookout) run(ctx context.Context) error {
	for rung := false; ; {
		if err := l.look(ctx, rung); err != nil {
			return err
		}
		var err error
		if rung, err = l.wait(ctx); err != nil {
			return err
		}
	}
}

// heed has the directory tell what changes from stamp on, if it can.
func (l *lookout) heed(stamp string) {
	if l.bell != nil || !l.root.tells || l.d.cfg.Every > 0 || time.Since(l.heard) < l.d.cfg.Pace.Reread {
		return
	}
	l.bell, l.heard = newBell(), time.Now()
	l.listen(l.bell, stamp)
}

// look asks whether something has changed, and reads what it is. An error means
// that this connection is of no more use.
func (l *lookout) look(ctx context.Context, rung bool) error {
	stamp, err := l.conn.stamp(l.root)
	if err != nil {
		return fmt.Errorf("ask the directory whether it has changed: %w", err)
	}
	l.heed(stamp)
	old := time.Since(l.read)
	due := rung || l.read.IsZero() || old >= l.d.cfg.Pace.Reread
	if stamp != "" {
		due = due || stamp != l.stamp
	} else if l.bell == nil {
		due = due || l.d.cfg.Every > 0 || old >= l.d.cfg.Pace.Blind
	}
	if !due {
		return nil
	}
	began := time.Now()
	list, err := l.d.read(l.conn)
	l.pause = 9 * time.Since(began) // it is not for us to keep it busy
	var bad *refusedError
	switch {
	case errors.As(err, &bad):
		l.read = time.Time{}
		l.sink.Lost("", err)
		return nil
	case err != nil:
		return err
	}
	if err := list.tell(ctx, l.sink, l.d.cfg.Only); err != nil {
		return err
	}
	l.stamp, l.read = stamp, time.Now()
	return nil
}

// wait returns when it is time to look again. rung says that something has
// changed for sure.
func (l *lookout) wait(ctx context.Context) (rung bool, err error) {
	check := time.NewTimer(orElse(l.d.cfg.Every, l.d.cfg.Pace.Check))
	defer check.Stop()
	var changed <-chan struct{}
	var over <-chan struct{}
	if l.bell != nil {
		changed, over = l.bell.rung, l.bell.over
	}
	select {
	case <-ctx.Done():
		return false, ctx.Err()
	case <-check.C:
		return false, nil
	case <-over: // who was to tell does not any more: is it there at all?
		l.bell = nil
		return true, nil
	case <-changed:
	}
	quiet := time.NewTimer(max(l.d.cfg.Pace.Quiet, min(l.pause, l.d.cfg.Pace.Reread)))
	defer quiet.Stop()
	select {
	case <-ctx.Done():
		return false, ctx.Err()
	case <-quiet.C:
		l.bell.hush()
		return true, nil
	}
}

// read reads what there is.
func (d *Directory) read(c *conn) (*list, error) {
	defer c.reading()()
	for range 3 {
		l, err := d.readOnce(c)
		if err != nil {
			return nil, err
		}
		gone := l.gone()
		sure := within(gone, d.gone)
		d.gone = gone
		if sure {
			return l, nil
		}
	}
	return nil, refused("who is in the groups changes faster than it can be read")
}

func (d *Directory) readOnce(c *conn) (*list, error) {
	m := &d.cfg.Mapping
	var groups []*ldap.Entry
	err := c.search(d.cfg.Groups, m.ofGroups(), source.MaxGroups, func(more []*ldap.Entry) error {
		for _, e := range more {
			if err := c.fill(e); err != nil {
				return fmt.Errorf("read the members of %s: %w", short(e.DN), err)
			}
		}
		groups = append(groups, more...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("search groups: %w", err)
	}
	l, err := m.start(groups)
	if err != nil {
		return nil, err
	}
	if err := c.search(d.cfg.People, m.ofPeople(), MaxPeople, l.add); err != nil {
		return nil, fmt.Errorf("search people: %w", err)
	}
	return l, l.finish()
}

// within says whether all of a are in b.
func within(a, b map[string]struct{}) bool {
	for key := range a {
		if _, ok := b[key]; !ok {
			return false
		}
	}
	return true
}

// refusedError is why a list is not taken in, although the directory answers.
type refusedError struct {
	why string
	who error // nil: it is about nobody
}

func (e *refusedError) Error() string { return e.why }
func (e *refusedError) Unwrap() error { return e.who }

func refused(format string, args ...any) error {
	return &refusedError{why: fmt.Sprintf(format, args...)}
}

// namingError is about somebody. What becomes of errors is logged, and logs name
// nobody: only detail tells who that is.
type namingError struct{ what, who string }

func (e *namingError) Error() string { return e.what + " (rollcall doctor says whose)" }

// detail is an error for whoever asked for it.
func detail(err error) string {
	var n *namingError
	if !errors.As(err, &n) {
		return err.Error()
	}
	return strings.Replace(err.Error(), n.Error(), n.what+": "+n.who, 1)
}
