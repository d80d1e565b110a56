package source

import (
	"context"
	"errors"
	"time"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// Source tells what the groups are that somebody else keeps.
type Source interface {
	// Run tells sink what there is, until ctx ends. An error says why the source
	// cannot go on; it is run again after a while.
	Run(ctx context.Context, sink Sink) error
}

// Sink takes what a source tells. Its methods may be called by several
// goroutines.
type Sink interface {
	// Group says what a group is, whole. What is wrong with it is the sink's to
	// tell people; an error means that the same may be taken in later.
	Group(ctx context.Context, b *roster.Basic) error
	// Hold is called before something is asked for that there, a bare JID, goes on
	// telling of a group until it is told that it need not. Who asks for it need
	// not say so: when the group is not wanted any more, it is said for him.
	Hold(ctx context.Context, kind roster.TieKind, there, group string) error
	// Only says which groups there are, or are wanted: others that came from here
	// are no more.
	Only(names []string)
	// Lost says that nothing is known of a group any more, or of any if the name
	// is "", and why.
	Lost(group string, why error)
	// Back says that the source was heard.
	Back()
}

// Link is what a source that speaks XMPP uses. It is the component's.
type Link interface {
	// Domain is our own.
	Domain() string
	// Request sends an iq of type get or set and calls done once, with the whole
	// answer, a result or an error, or with why there is none. done is called in
	// the order of arrival, as those who listen are; it must not wait, and the
	// bytes are its own.
	Request(typ, from, to, payload string, done func(answer []byte, err error)) error
	// Send sends a stanza, if there is a connection.
	Send(stanza string)
	// Listen gives messages and presences from a bare JID to hear, until stop is
	// called. What it says is its own nobody else hears. hear must not wait; the
	// bytes are its own.
	Listen(from string, hear func(stanza []byte) (own bool)) (stop func())
}

// Pace is how often sources that speak XMPP look round. Zero values are good
// ones.
type Pace struct {
	Check  time.Duration // whether somebody is there; 30 s
	Reread time.Duration // all of it, in any case; 10 min
	Pause  time.Duration // after the first failure of a group, then twice as long each time, at most Reread; 2 s
	Quiet  time.Duration // until a room that changes is read; 200 ms
}

func (p *Pace) withDefaults() {
	p.Check, p.Reread = orElse(p.Check, 30*time.Second), orElse(p.Reread, 10*time.Minute)
	p.Pause, p.Quiet = orElse(p.Pause, 2*time.Second), orElse(p.Quiet, 200*time.Millisecond)
}

func orElse(d, other time.Duration) time.Duration {
	if d == 0 {
		return other
	}
	return d
}

// Bounds of what a source may bring.
const (
	MaxGroups = 1000     // of one source
	maxKept   = 32 << 20 // bytes of one list on its way
)

// ErrTooLarge: a list has more than can be taken in.
var ErrTooLarge = errors.New("is too large")

// ask is Link.Request that waits.
func ask(ctx context.Context, l Link, typ, from, to, payload string) ([]byte, error) {
	type answer struct {
		raw []byte
		err error
	}
	got := make(chan answer, 1)
	if err := l.Request(typ, from, to, payload, func(raw []byte, err error) { got <- answer{raw, err} }); err != nil {
		return nil, err
	}
	select {
	case a := <-got:
		if a.err == nil {
			a.err = Refusal(a.raw)
		}
		return a.raw, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
