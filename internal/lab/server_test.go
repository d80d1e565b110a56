package lab_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/internal/lab/labtest"
)

// TestServerComesBack: users, rosters and addresses survive what a server may
// go through; streams do not.
func TestServerComesBack(t *testing.T) {
	for _, name := range labtest.Names() {
		t.Run(name, func(t *testing.T) {
			s := labtest.Start(t, name, lab.Options{})
			alice := login(t, s, "alice", "phone", lab.ClientOptions{Requests: lab.Approve})
			must(t, alice.Online(deadline(t)))
			comp := attach(t, s, lab.ClientOptions{})
			send(t, comp, "<presence from='team@groups.example.org' to='alice@example.org' type='subscribe'/>")
			await(t, comp, "consent", presence("alice@example.org", "subscribed"))
			for _, back := range []func() error{
				func() error { return s.Restart(t.Context()) },
				func() error { return errors.Join(s.Kill(), s.Start(t.Context())) },
			} {
				must(t, back())
				<-alice.Done()
				if !errors.Is(alice.Err(), lab.ErrClosed) {
					t.Errorf("the client ended with %v", alice.Err())
				}
				var err error
				alice, err = lab.Login(deadline(t), s, "alice", "secret", "phone", lab.ClientOptions{})
				must(t, err)
				t.Cleanup(alice.Drop)
				comp = attach(t, s, lab.ClientOptions{})
				must(t, alice.Online(deadline(t)))
				await(t, comp, "presence without asking again", presence("alice@example.org/phone", ""))
			}
		})
	}
}

func TestWrongPassword(t *testing.T) {
	house.Each(t, func(t *testing.T, s lab.Server) {
		must(t, s.AddUser(t.Context(), "wrong", "old"))
		must(t, s.AddUser(t.Context(), "wrong", "new"))
		if c, err := lab.Login(deadline(t), s, "wrong", "old", "", lab.ClientOptions{}); err == nil {
			c.Drop()
			t.Error("the old password was good enough")
		}
		c, err := lab.Login(deadline(t), s, "wrong", "new", "", lab.ClientOptions{})
		must(t, err)
		must(t, c.Close())
	})
}

func TestStopLeavesNothing(t *testing.T) {
	for _, name := range []string{"prosody", "ejabberd"} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "server")
			s := labtest.Start(t, name, lab.Options{Dir: dir, Modules: lab.Minimal})
			pids := s.PIDs()
			if len(pids) != 1 {
				t.Fatalf("runs as %v", pids)
			}
			if !groupLives(pids[0]) {
				t.Error("its process group is not there")
			}
			if _, err := os.Stat(s.Log()); err != nil {
				t.Error(err)
			}
			must(t, s.Stop())
			if groupLives(pids[0]) {
				t.Error("its process group lives")
			}
			if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("its directory is there: %v", err)
			}
			if s.PIDs() != nil {
				t.Errorf("it says it runs as %v", s.PIDs())
			}
		})
	}
}

func TestAddressesStayTheSame(t *testing.T) {
	for _, name := range []string{"fake", "prosody"} {
		t.Run(name, func(t *testing.T) {
			s := labtest.Start(t, name, lab.Options{Host: "lab.test", ComponentDomain: "teams.lab.test", Secret: "s'\"\\é"})
			c2s, component := s.C2SAddr(), s.ComponentAddr()
			must(t, s.Kill())
			if err := s.Kill(); name != "fake" && err == nil {
				t.Error("what does not run was killed")
			}
			must(t, s.Start(t.Context()))
			if s.C2SAddr() != c2s || s.ComponentAddr() != component {
				t.Errorf("moved from %s and %s to %s and %s", c2s, component, s.C2SAddr(), s.ComponentAddr())
			}
			if comp := attach(t, s, lab.ClientOptions{}); comp.JID() != "teams.lab.test" {
				t.Errorf("attached as %s", comp.JID())
			}
			if alice := login(t, s, "alice", "phone", lab.ClientOptions{}); alice.JID() != "alice@lab.test/phone" {
				t.Errorf("bound %s", alice.JID())
			}
		})
	}
}
