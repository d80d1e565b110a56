package play

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// Stage is the tested service, as far as a play can touch it.
type Stage interface {
	// Rollcall runs the command line `rollcall words…` against the service
	// and returns what it printed (stdout and stderr) and its exit status. The
	// error is for a command that could not be run at all.
	Rollcall(ctx context.Context, words ...string) (output string, status int, err error)
	// Settle returns when the service is attached and has said everything that
	// follows from what it has received: nothing is queued, no sweep is under
	// way. Delays that were asked for (digests) need not have passed.
	Settle(ctx context.Context) error
	// Restart ends the service in good order and starts it again on its data.
	Restart(ctx context.Context) error
	// Stop ends it in good order; Start follows.
	Stop(ctx context.Context) error
	// Kill ends it as kill -9 does; Start follows.
	Kill(ctx context.Context) error
	// Start starts it on its data.
	Start(ctx context.Context) error
}

// stepTime bounds every step; only a failing play comes near it.
const stepTime = 20 * time.Second

// performance is one run of a play.
type performance struct {
	disguise
	server  lab.Server
	stage   Stage
	down    bool // the service is
	bound   bindings
	devices []*device // in the order of their logins
}

// Run performs the play on a server to which the service is attached. The
// error begins with `name:line: the step`, and tells what was expected and what
// came. Its clients are gone when it returns.
func (s *Script) Run(ctx context.Context, server lab.Server, stage Stage) error {
	p := &performance{
		disguise: newDisguise(server.Host(), server.ComponentDomain()),
		server:   server, stage: stage, bound: make(bindings),
	}
	defer p.end()
	for _, user := range s.users {
		if err := server.AddUser(ctx, user+p.suffix, password); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	for _, st := range s.steps {
		if err := p.step(ctx, st); err != nil {
			return fmt.Errorf("%s:%d: %s\n(on %s, accounts end in %q): %w", s.Name, st.line, st.text, server.Name(), p.suffix, err)
		}
	}
	return nil
}

func (p *performance) step(ctx context.Context, st step) error {
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	return st.do(ctx, p)
}

// end logs everybody out.
func (p *performance) end() {
	var leaving sync.WaitGroup
	for _, d := range p.devices {
		leaving.Go(func() { _ = d.client.Close() }) // of a stream that ended: nothing
	}
	leaving.Wait()
}

// rollcall runs the command line and compares.
func (p *performance) rollcall(ctx context.Context, words []string, status int, block string) error {
	words = slices.Clone(words)
	for i, word := range words {
		expanded, err := p.bound.expand(word, func(s string) string { return s })
		if err != nil {
			return err
		}
		words[i] = expanded
	}
	output, got, err := p.stage.Rollcall(ctx, p.toWords(words)...)
	if err != nil {
		return err
	}
	output = p.fromWire(output)
	if got != status {
		return fmt.Errorf("exit status %d, not %d; it printed:\n%s", got, status, output)
	}
	return p.prints(output, block)
}

// prints reports the first line of block that output does not have behind the
// one before. Runs of space count as one: tables are padded.
func (p *performance) prints(output, block string) error {
	lines := strings.Split(output, "\n")
	for want := range strings.Lines(block) {
		want = squeeze(want)
		for {
			if len(lines) == 0 {
				return fmt.Errorf("it did not print (in this order)\n    %s\nbut\n%s", want, indent(output))
			}
			line := squeeze(lines[0])
			lines = lines[1:]
			if p.bound.try(func(trial bindings) bool { return trial.match(want, line) }) {
				break
			}
		}
	}
	return nil
}

func squeeze(line string) string { return strings.Join(strings.Fields(line), " ") }

func (p *performance) serverLife(ctx context.Context, what string) error {
	switch what {
	case "restarts":
		if err := p.server.Restart(ctx); err != nil {
			return err
		}
	case "starts":
		if err := p.server.Start(ctx); err != nil {
			return err
		}
	default:
		if err := p.server.Kill(); err != nil {
			return err
		}
	}
	for _, d := range p.devices { // all of them have lost their streams
		select {
		case <-d.client.Done():
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if what == "is killed" || p.down {
		return nil
	}
	return p.stage.Settle(ctx)
}

func (p *performance) serviceLife(ctx context.Context, what string) error {
	var err error
	switch what {
	case "restarts":
		err = p.stage.Restart(ctx)
	case "stops":
		err = p.stage.Stop(ctx)
	case "is killed":
		err = p.stage.Kill(ctx)
	case "starts":
		err = p.stage.Start(ctx)
	}
	p.down = what == "stops" || what == "is killed"
	switch {
	case err != nil:
		return err
	case p.down:
		return p.awaitBounce(ctx)
	}
	return p.stage.Settle(ctx)
}

// askTime is how long one ping to a service that ended may stay unanswered: the
// server may have passed it to a connection that was dead already.
const askTime = 200 * time.Millisecond

// awaitBounce returns when the server knows that the service is gone.
func (p *performance) awaitBounce(ctx context.Context) error {
	for _, d := range p.devices {
		for d.online() {
			ask, cancel := context.WithTimeout(ctx, askTime)
			answer, err := d.client.Query(ask, p.server.ComponentDomain(), "get", "<ping xmlns='urn:xmpp:ping'/>")
			cancel()
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case err == nil && answer.Type == "error":
				return nil
			}
		}
	}
	return nil
}

var errRestless = errors.New("it does not become quiet")

// quiet waits until everything that follows from what was sent has arrived: a
// round of questions and answers passes through server and service, and nobody
// hears anything, twice in a row (the service may have asked the server
// something of its own in the first).
func (p *performance) quiet(ctx context.Context) error {
	heard := p.heard()
	for range 50 {
		calm := 0
		for calm < 2 {
			if err := p.round(ctx); err != nil {
				return err
			}
			now := p.heard()
			if now != heard {
				heard = now
				break
			}
			calm++
		}
		if calm == 2 {
			return nil
		}
	}
	return errRestless
}

func (p *performance) round(ctx context.Context) error {
	var there []*device
	for _, d := range p.devices {
		if d.online() {
			there = append(there, d)
		}
	}
	for _, d := range there { // the server has passed on what they sent
		if err := d.client.Fence(ctx); err != nil {
			return err
		}
	}
	if p.down || len(there) == 0 {
		return nil
	}
	// The service has received it, has done what follows, and they have that.
	if err := there[0].client.FenceVia(ctx, p.server.ComponentDomain()); err != nil {
		return err
	}
	if err := p.stage.Settle(ctx); err != nil {
		return err
	}
	for _, d := range there {
		if err := d.client.FenceVia(ctx, p.server.ComponentDomain()); err != nil {
			return err
		}
	}
	return nil
}

// heard counts what all clients were sent, beside answers to the fences.
func (p *performance) heard() int {
	n := 0
	for _, d := range p.devices {
		for _, s := range d.client.Received() {
			if !s.Housekeeping || s.Type == "get" || s.Type == "set" {
				n++
			}
		}
	}
	return n
}
