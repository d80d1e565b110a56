package play_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// echo is a service small enough to be seen through: it approves every
// subscription, says every chat message back, and counts.
type echo struct {
	server lab.Server

	mu     sync.Mutex
	client *lab.Client
	starts int
	words  []string // what the command line was last
}

func newEcho(t *testing.T, server lab.Server) *echo {
	t.Helper()
	e := &echo{server: server}
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Stop(context.Background()) })
	return e
}

func (e *echo) Start(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	c, err := lab.Attach(ctx, e.server, lab.ClientOptions{OnStanza: e.hear, Requests: lab.Approve})
	e.client = c
	e.starts++
	return err
}

// hear answers from the reading goroutine: in order, as a service does.
func (e *echo) hear(raw []byte) {
	var head frame.Stanza
	if !frame.Parse(raw, &head) || string(head.Type) != "chat" {
		return
	}
	from, to := lab.Attr(string(head.To)), lab.Attr(string(head.From))
	e.mu.Lock()
	c := e.client
	e.mu.Unlock()
	_ = c.Send(fmt.Sprintf("<message type='chat' id='e1' from=%s to=%s>%s</message>", from, to, head.Inner))
}

// Settle attaches again after the server was away.
func (e *echo) Settle(ctx context.Context) error {
	e.mu.Lock()
	c := e.client
	e.mu.Unlock()
	err := c.Fence(ctx)
	if errors.Is(err, lab.ErrClosed) {
		return e.Start(ctx)
	}
	return err
}

func (e *echo) Stop(context.Context) error { return e.client.Close() }

func (e *echo) Kill(context.Context) error {
	e.client.Drop()
	return nil
}

func (e *echo) Restart(ctx context.Context) error {
	if err := e.Stop(ctx); err != nil {
		return err
	}
	return e.Start(ctx)
}

func (e *echo) Rollcall(_ context.Context, words ...string) (string, int, error) {
	e.words = words
	switch words[0] {
	case "refuse":
		return "no\n", 1, nil
	case "misunderstand":
		return "what?\n", 2, nil
	}
	return "the   words:\n  " + strings.Join(words, "  ") + "\n", 0, nil
}
