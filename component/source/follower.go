package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// follower follows one group of a peer while all goes well.
type follower struct {
	*tables
	p     *Peer
	name  string // of the group here
	us    string // its address here, in whose name we subscribe
	sink  Sink
	heard func() // to be called when the group is known
	in    inbox
	told  bool // the sink knows what the tables show
}

// run subscribes, and takes in what comes.
func (f *follower) run(ctx context.Context) error {
	f.in.ready, f.in.room = make(chan struct{}, 1), f.room/4
	for _, n := range f.nodes {
		n.Reconnected()
		n.Resync()
	}
	if f.p.cfg.Every == 0 {
		defer f.p.cfg.Link.Listen(f.there, f.in.event)()
		if err := f.sink.Hold(ctx, roster.TieList, f.there, f.name); err != nil {
			return err
		}
		for _, n := range f.nodes {
			payload := "<pubsub xmlns='" + nsPubSub + "'><subscribe node='" + escape(n.name) + "' jid='" + escape(f.us) + "'/></pubsub>"
			if _, err := ask(ctx, f.p.cfg.Link, "set", f.us, f.there, payload); err != nil {
				return fmt.Errorf("subscribe to %s of %s: %w", n.name, f.there, err)
			}
		}
	}
	again := time.NewTimer(f.period())
	defer again.Stop()
	for {
		if err := f.step(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-f.in.ready:
		case <-again.C:
			again.Reset(f.period())
			for _, n := range f.nodes {
				n.Resync()
			}
		}
	}
}

// period is how long until the lists are read again.
func (f *follower) period() time.Duration {
	d := f.p.cfg.Every
	if d == 0 {
		d = f.p.cfg.Pace.Reread
	}
	return jitter(d)
}

// step takes in what has come, asks for what is missing, and tells the sink.
func (f *follower) step(ctx context.Context) error {
	entries, missed := f.in.take()
	for _, e := range entries {
		if err := f.take(e); err != nil {
			return err
		}
	}
	for _, n := range f.nodes {
		if missed {
			n.Resync()
		}
		payload := n.Request()
		if payload == "" {
			continue
		}
		err := f.p.cfg.Link.Request("get", f.us, f.there, payload, func(raw []byte, err error) { f.in.put(entry{n, raw, err}) })
		if err != nil {
			return err
		}
	}
	if f.told || !f.synced() {
		return nil
	}
	if err := f.sink.Group(ctx, f.basic(f.name)); err != nil {
		return err
	}
	f.told = true
	f.heard()
	return nil
}

func (f *follower) take(e entry) error {
	var changed bool
	err := e.err
	switch {
	case err != nil:
	case e.of == nil:
		changed, err = f.event(e.raw, f.p.cfg.Now())
	default:
		changed, err = e.of.answer(e.raw, f.p.cfg.Now())
	}
	if errors.Is(err, ErrTooLarge) {
		f.reset()
	}
	f.told = f.told && !changed
	return err
}

// entry is an event, or an answer: of is the node that asked.
type entry struct {
	of  *node
	raw []byte
	err error
}

// inbox keeps events and answers in their order. What is too much is left out,
// and has to be asked for.
type inbox struct {
	ready chan struct{} // holds a token: something is there

	room int // bytes of events

	mu     sync.Mutex
	all    []entry
	size   int
	missed bool
}

// event takes a message; whether the peer's group is there is not about its list.
func (i *inbox) event(raw []byte) bool {
	is := bytes.HasPrefix(raw, []byte("<message"))
	if is {
		i.put(entry{raw: raw})
	}
	return is
}

func (i *inbox) put(e entry) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if e.of == nil && i.size+len(e.raw) > i.room {
		i.missed = true
	} else {
		i.size += len(e.raw)
		i.all = append(i.all, e)
	}
	wake(i.ready)
}

func (i *inbox) take() (all []entry, missed bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	all, missed = i.all, i.missed
	i.all, i.size, i.missed = nil, 0, false
	return all, missed
}
