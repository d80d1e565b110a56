package component

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
)

// Handler is who lives behind a Link. Stanza and Refused are called by one
// goroutine, one stanza after the other; they must not wait for the network,
// and must copy what they keep.
type Handler interface {
	// Attached: a connection begins; nothing was read or written yet. Control
	// is open, and bulk moves once Attached returns unless it called
	// Outbox.Hold. ctx ends with the connection, or when it is about to.
	Attached(ctx context.Context)
	// Stanza takes an iq get or set, a message or a presence. A panic costs
	// this stanza only; an iq is then answered for the handler.
	Stanza(s *frame.Stanza)
	// Refused tells of a stanza over the limits, of which only the start tag
	// is known. An iq was answered already.
	Refused(head *frame.Stanza, reason error)
	// Detaching: we are about to leave. Bulk has ended, last words go to the
	// control lane. Stanza may be called meanwhile.
	Detaching()
	// Detached: the connection ended, with err nil if that was our wish.
	Detached(err error)
}

// Link keeps a component attached to its server.
type Link struct {
	// Out is the way to the server, connected or not.
	Out *Outbox

	cfg      *Config
	pending  pending
	answered func(*frame.Stanza) bool // takes answers that nobody waits for; nil = nobody does
	twin     bool                     // that there is another was said on this connection; the reading goroutine's
}

// NewLink returns a Link that Run brings to life.
func NewLink(cfg Config) *Link {
	c := cfg.withDefaults()
	return &Link{Out: newOutbox(c), cfg: c, pending: pending{wait: map[string]*request{}}}
}

// Run connects, serves h, and connects again when the connection ends, until
// ctx is done: then it says good-bye and returns nil. An error means that
// trying again is no use, such as ErrSecret.
func (l *Link) Run(ctx context.Context, h Handler) error {
	log := l.cfg.Log.With(slog.String("server", l.cfg.Addr), slog.String("domain", l.cfg.Domain))
	var wait backoff
	for ctx.Err() == nil {
		began := time.Now()
		conn, err := dial(ctx, l.cfg)
		if err == nil {
			log.Info("attached")
			began = time.Now()
			err = l.serve(ctx, conn, h)
		}
		if ctx.Err() != nil {
			break
		}
		if errors.Is(err, ErrSecret) || errors.Is(err, errConfig) {
			return err
		}
		if time.Since(began) >= steady {
			wait.reset()
		}
		pause := wait.next()
		log.Warn("not attached", slog.Any("error", err), slog.Duration("retry", pause))
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
	log.Info("detached")
	return nil
}

// serve runs one connection to its end.
func (l *Link) serve(ctx context.Context, conn net.Conn, h Handler) error {
	up, down := context.WithCancel(ctx)
	defer down()
	l.Out.attach()
	h.Attached(up)

	stop := make(chan struct{})
	readDone, writeDone := make(chan error, 1), make(chan error, 1)
	go func() { writeDone <- l.Out.write(conn, stop) }()
	go func() { readDone <- l.read(conn, h) }()

	var err error
	reading, writing := true, true
	select {
	case err = <-readDone:
		reading = false
	case err = <-writeDone:
		writing = false
		if why := lastWord(conn, err, readDone); why != nil {
			reading, err = false, why
		}
	case <-ctx.Done():
		reading, writing = l.leave(h, readDone, writeDone)
	}
	down()
	close(stop)
	conn.Close()
	if writing {
		<-writeDone
	}
	if reading {
		<-readDone
	}
	l.Out.detach()
	l.pending.fail(ErrDown)
	h.Detached(err)
	return err
}

// lastWord waits a moment for what the server has said before it stopped
// taking our stanzas: that is the better reason. nil: the reader still runs.
func lastWord(conn net.Conn, failure error, readDone <-chan error) error {
	if errors.Is(failure, ErrStuck) || conn.SetReadDeadline(time.Now().Add(time.Second)) != nil {
		return nil
	}
	err := <-readDone
	var said *StreamError
	if errors.As(err, &said) {
		return err
	}
	return failure
}

// leave ends our stream and waits for the server to end its own, at most for
// the time of grace. It returns which of the two goroutines still run.
func (l *Link) leave(h Handler, readDone, writeDone <-chan error) (reading, writing bool) {
	grace := time.NewTimer(l.cfg.Grace)
	defer grace.Stop()
	l.Out.leave()
	late := make(chan struct{})
	defer time.AfterFunc(l.cfg.Grace/2, func() { close(late) }).Stop()
	l.Out.quieten(late)
	h.Detaching()
	l.Out.finish()
	reading, writing = true, true
	for reading {
		select {
		case err := <-writeDone:
			writing = false
			writeDone = nil
			if err != nil {
				return reading, writing
			}
		case <-readDone:
			reading = false
		case <-grace.C:
			return reading, writing
		}
	}
	return reading, writing
}

// read is the single reader of conn. It returns why the stream ended.
func (l *Link) read(conn net.Conn, h Handler) error {
	r := frame.NewReader(conn, l.cfg.MaxStanza, l.cfg.MaxDepth)
	l.twin = false
	var s frame.Stanza
	for {
		b, err := r.Next()
		if err != nil {
			if err = l.failed(h, &s, err); err != nil {
				return err
			}
			continue
		}
		if !frame.Parse(b, &s) {
			continue // not a stanza, so not for us
		}
		if err := l.dispatch(h, &s); err != nil {
			return err
		}
	}
}

// failed takes in that instead of a frame there is err, and returns why the
// stream has ended, if it has.
func (l *Link) failed(h Handler, s *frame.Stanza, err error) error {
	var refused *frame.RefusedError
	switch {
	case errors.As(err, &refused):
		l.refuse(h, s, refused)
		return nil
	case errors.Is(err, frame.ErrStreamEnd), errors.Is(err, io.EOF):
		return errors.New("the server ended the stream")
	}
	return fmt.Errorf("read stanzas: %w", err)
}
