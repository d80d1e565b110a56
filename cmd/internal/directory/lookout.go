package directory

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rollcall-xmpp/rollcall/component/source"
)

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
