package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// cell is one way on one server of its own, with its clients.
type cell struct {
	job
	way     way
	program string     // rollcall's
	server  lab.Server // nil: the way has none
	addr    string     // instead
	board   *board
	seats   []*seat
	asker   *seat // a client that is no member
}

// Bounds of preparations. A busy machine takes its time over five hundred
// logins and the presence of each to all.
const (
	openTime  = 3 * time.Minute
	firstTime = 500 * time.Millisecond
	quietTime = 250 * time.Millisecond
	logins    = 4 // at once
)

// newCell starts the server, logs the clients in and opens the way; everybody
// hears of everybody when it returns.
func newCell(ctx context.Context, j job, program string) (c *cell, err error) {
	ctx, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	c = &cell{job: j, way: wayOf(j.way, j.size), program: program, board: newBoard(j.size)}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.close())
			c = nil
		}
	}()
	if err = c.start(ctx); err != nil {
		return c, err
	}
	if p, ok := c.way.(preparer); ok {
		if err = p.prepare(ctx, c); err != nil {
			return c, err
		}
	}
	if err = c.login(ctx); err != nil {
		return c, err
	}
	if err = c.way.open(ctx, c); err != nil {
		return c, err
	}
	if err = c.rehearse(ctx); err != nil {
		return c, err
	}
	if v, ok := c.way.(verifier); ok {
		return c, v.verify(ctx, c)
	}
	return c, nil
}

func (c *cell) start(ctx context.Context) (err error) {
	switch c.job.server {
	case "prosody":
		c.server, err = lab.StartProsody(ctx, c.way.options(c.job.server))
	case "ejabberd":
		c.server, err = lab.StartEjabberd(ctx, c.way.options(c.job.server))
	case "fake":
		c.server, err = lab.StartFake(ctx, c.way.options(c.job.server))
	default:
		if f, ok := c.way.(*fanOut); ok {
			c.addr, err = f.start(ctx)
		}
	}
	return err
}

func (c *cell) login(ctx context.Context) error {
	c.seats = make([]*seat, c.size.clients())
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(logins)
	for i := range c.seats {
		all.Go(func() (err error) {
			c.seats[i], err = c.connect(ctx, i, userName(i), "r")
			return err
		})
	}
	if c.server != nil {
		all.Go(func() (err error) {
			c.asker, err = c.connect(ctx, -1, "asker", "r")
			return err
		})
	}
	return all.Wait()
}

func (c *cell) connect(ctx context.Context, member int, user, resource string) (*seat, error) {
	if c.server == nil {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.addr)
		if err != nil {
			return nil, err
		}
		return newSeat(c.board, member, user, conn), nil
	}
	if err := c.server.AddUser(ctx, user, password); err != nil {
		return nil, err
	}
	conn, full, err := lab.Dial(ctx, c.server, user, password, resource)
	if err != nil {
		return nil, err
	}
	return newSeat(c.board, member, full, conn), nil
}

// rehearse lets one member of each group change until the others hear of it:
// then the groups are ready. What comes of it counts for nothing.
func (c *cell) rehearse(ctx context.Context) error {
	for wait := firstTime; ; wait *= 2 {
		for m := 0; m < len(c.seats); m += c.size.Members {
			c.change(m)
		}
		if c.board.drain(wait, c.arrived) {
			break
		}
		if err := c.check(); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return fmt.Errorf("open %s: not everybody hears of everybody after %v", c.job.way, openTime)
		}
		c.forget()
	}
	c.harvest()
	return c.quiet(ctx)
}

// quiet waits until the processes have done what they do behind their start.
func (c *cell) quiet(ctx context.Context) error {
	pids := append(c.serverPIDs(), c.componentPIDs()...)
	tick := time.NewTicker(quietTime)
	defer tick.Stop()
	for last := cpu(pids); ; {
		select {
		case <-ctx.Done():
			return fmt.Errorf("await quiet: %w", ctx.Err())
		case <-tick.C:
		}
		now := cpu(pids)
		if now-last < quietTime/50 {
			return nil
		}
		last = now
	}
}

// change lets a member change his state.
func (c *cell) change(member int) {
	seq := c.board.offer(member)
	c.seats[member].send(func(b []byte) []byte { return c.way.change(b, member, seq) })
}

// arrived is how much did since the last harvest.
func (c *cell) arrived() (n int64) {
	for _, s := range c.seats {
		s.mu.Lock()
		n += s.tally.frames
		s.mu.Unlock()
	}
	return n
}

// harvest is what arrived since the last one.
func (c *cell) harvest() *tally {
	var t tally
	for _, s := range c.seats {
		s.harvest(&t)
	}
	return &t
}

// forget gives up what has not arrived, and returns how much that is.
func (c *cell) forget() (lost int64) {
	for _, s := range c.seats {
		lost += s.owed()
	}
	c.board.forget()
	return lost
}

// check returns why a client's stream has ended, if one has.
func (c *cell) check() error {
	for _, s := range c.seats {
		if err := s.lost(); err != nil {
			return err
		}
	}
	return nil
}

// wait waits for something a seat was told to expect.
func (c *cell) wait(ctx context.Context, met <-chan struct{}, what string) error {
	select {
	case <-met:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", what, ctx.Err())
	}
}

// persist tries again until there is no error, or no time.
func (c *cell) persist(ctx context.Context, f func() error) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

func (c *cell) serverPIDs() []int {
	if c.server == nil {
		return c.way.pids()
	}
	return c.server.PIDs()
}

// componentPIDs are the processes beside the server.
func (c *cell) componentPIDs() []int {
	if c.server == nil {
		return nil
	}
	return c.way.pids()
}

func (c *cell) close() error {
	errs := []error{c.way.close()}
	if c.server != nil {
		errs = append(errs, c.server.Stop())
	}
	for _, s := range append(c.seats, c.asker) {
		if s != nil {
			s.close()
		}
	}
	return errors.Join(errs...)
}
