package lab_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// starters are the servers that everything here must work with.
var starters = map[string]func(context.Context, lab.Options) (lab.Server, error){
	"prosody":  lab.StartProsody,
	"ejabberd": lab.StartEjabberd,
	"fake":     lab.StartFake,
}

// onServers runs play on a fresh server of each kind.
func onServers(t *testing.T, play func(t *testing.T, s lab.Server)) {
	t.Helper()
	for name, start := range starters {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			s, err := start(t.Context(), lab.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s started in %v", name, time.Since(begin).Round(time.Millisecond))
			t.Cleanup(func() {
				if err := s.Stop(); err != nil {
					t.Error(err)
				}
			})
			play(t, s)
		})
	}
}

func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

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

func presence(from, typ string) func(lab.Stanza) bool {
	return func(s lab.Stanza) bool { return s.Name == "presence" && s.From == from && s.Type == typ }
}

func TestTwoClients(t *testing.T) {
	onServers(t, func(t *testing.T, s lab.Server) {
		alice := login(t, s, "alice", "phone", lab.ClientOptions{Requests: lab.Approve})
		bob := login(t, s, "bob", "desk", lab.ClientOptions{})
		if alice.JID() != "alice@example.org/phone" {
			t.Errorf("bound %q", alice.JID())
		}
		for _, c := range []*lab.Client{alice, bob} {
			if err := c.Online(deadline(t)); err != nil {
				t.Fatal(err)
			}
		}
		send(t, bob, "<presence to='alice@example.org' type='subscribe'/>")
		await(t, bob, "consent", presence("alice@example.org", "subscribed"))
		await(t, bob, "presence", presence("alice@example.org/phone", ""))
		send(t, alice, "<message to='bob@example.org/desk' type='chat'><body>R&amp;D</body></message>")
		m := await(t, bob, "message", func(s lab.Stanza) bool { return s.Name == "message" && s.Type == "chat" })
		if m.From != alice.JID() || !strings.Contains(m.Raw, "R&amp;D") {
			t.Errorf("message arrived as %s", m.Raw)
		}
		alice.Drop()
		await(t, bob, "end of a dropped stream", presence("alice@example.org/phone", "unavailable"))
		if err := bob.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestFenceComesBehindWhatWasSentBefore(t *testing.T) {
	onServers(t, func(t *testing.T, s lab.Server) {
		alice := login(t, s, "alice", "phone", lab.ClientOptions{})
		send(t, alice, "<presence/>")
		for range 100 {
			send(t, alice, "<message to='alice@example.org/phone' type='chat'><body>note</body></message>")
		}
		if err := alice.Fence(deadline(t)); err != nil {
			t.Fatal(err)
		}
		notes := 0
		for _, s := range alice.Received() {
			if s.Type == "chat" {
				notes++
			}
		}
		if notes != 100 {
			t.Errorf("%d of 100 messages were there behind the fence", notes)
		}
		alice.Drop()
	})
}

func TestUsersSurviveRestartAndKill(t *testing.T) {
	onServers(t, func(t *testing.T, s lab.Server) {
		first := login(t, s, "alice", "phone", lab.ClientOptions{})
		begin := time.Now()
		if err := s.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s restarted in %v", s.Name(), time.Since(begin).Round(time.Millisecond))
		<-first.Done()
		if !errors.Is(first.Err(), lab.ErrClosed) {
			t.Errorf("a restarted server's client ended with %v", first.Err())
		}
		if err := s.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		second, err := lab.Login(deadline(t), s, "alice", "secret", "phone", lab.ClientOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := second.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestWrongPassword(t *testing.T) {
	onServers(t, func(t *testing.T, s lab.Server) {
		if err := s.AddUser(t.Context(), "alice", "old"); err != nil {
			t.Fatal(err)
		}
		if err := s.AddUser(t.Context(), "alice", "new"); err != nil {
			t.Fatal(err)
		}
		if c, err := lab.Login(deadline(t), s, "alice", "old", "", lab.ClientOptions{}); err == nil {
			c.Drop()
			t.Error("the old password was good enough")
		}
		c, err := lab.Login(deadline(t), s, "alice", "new", "", lab.ClientOptions{})
		if err != nil {
			t.Fatal(err)
		}
		c.Drop()
	})
}

func TestStopLeavesNothing(t *testing.T) {
	for name, start := range starters {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir() + "/server"
			s, err := start(t.Context(), lab.Options{Dir: dir, Modules: lab.Minimal})
			if err != nil {
				t.Fatal(err)
			}
			pids := s.PIDs()
			if len(pids) != 1 {
				t.Fatalf("runs as %v", pids)
			}
			if err := syscall.Kill(-pids[0], 0); err != nil {
				t.Errorf("its process group is not there: %v", err)
			}
			if _, err := os.Stat(s.Log()); err != nil {
				t.Error(err)
			}
			if err := s.Stop(); err != nil {
				t.Fatal(err)
			}
			if err := syscall.Kill(-pids[0], 0); !errors.Is(err, syscall.ESRCH) {
				t.Errorf("its process group lives: %v", err)
			}
			if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("its directory is there: %v", err)
			}
		})
	}
}
