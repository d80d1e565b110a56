package lab_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/internal/lab/labtest"
)

var house labtest.House

func TestMain(m *testing.M) {
	if os.Getenv(ownerVariable) != "" {
		own()
	}
	os.Exit(house.Run(m))
}

func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// login logs in a new user called after the test's role for him; the client is
// dropped when the test ends.
func login(t *testing.T, s lab.Server, user, resource string, opts lab.ClientOptions) *lab.Client {
	t.Helper()
	ctx := deadline(t)
	if err := s.AddUser(ctx, user, "secret"); err != nil {
		t.Fatal(err)
	}
	c, err := lab.Login(ctx, s, user, "secret", resource, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Drop)
	return c
}

func attach(t *testing.T, s lab.Server, opts lab.ClientOptions) *lab.Client {
	t.Helper()
	c, err := lab.Attach(deadline(t), s, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // in good order: the next one attaches to the same server
	return c
}

func send(t *testing.T, c *lab.Client, xml string) {
	t.Helper()
	if err := c.Send(xml); err != nil {
		t.Fatal(err)
	}
}

func await(t *testing.T, c *lab.Client, what string, match func(lab.Stanza) bool) lab.Stanza {
	t.Helper()
	s, err := c.Wait(deadline(t), match)
	if err != nil {
		t.Fatalf("await %s: %v; received: %v", what, err, c.Received())
	}
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func presence(from, typ string) func(lab.Stanza) bool {
	return func(s lab.Stanza) bool { return s.Name == "presence" && s.From == from && s.Type == typ }
}
