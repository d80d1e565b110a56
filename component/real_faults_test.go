package component_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/component"
	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/internal/lab/labtest"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// vanishing is a way to the server whose other end can vanish without a word:
// what is sent is taken and goes nowhere, and nothing comes any more.
type vanishing struct {
	mu    sync.Mutex
	conns []*vanished
}

type vanished struct {
	net.Conn
	gone   chan struct{} // closed when the other end is
	closed chan struct{} // closed when ours is
	once   sync.Once
}

func (v *vanishing) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &vanished{Conn: conn, gone: make(chan struct{}), closed: make(chan struct{})}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.conns = append(v.conns, c)
	return c, nil
}

// vanish lets the other end of the latest connection vanish: it does not know
// of it any more, as after a crash of its machine.
func (v *vanishing) vanish() {
	v.mu.Lock()
	defer v.mu.Unlock()
	c := v.conns[len(v.conns)-1]
	close(c.gone)
	_ = c.Conn.Close()
}

func (c *vanished) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	select {
	case <-c.gone:
		<-c.closed
		return 0, net.ErrClosed
	default:
		return n, err
	}
}

func (c *vanished) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	select {
	case <-c.gone:
		return len(b), nil
	default:
		return n, err
	}
}

func (c *vanished) SetReadDeadline(time.Time) error  { return nil }
func (c *vanished) SetWriteDeadline(time.Time) error { return nil }

func (c *vanished) Close() error {
	c.once.Do(func() { close(c.closed) })
	err := c.Conn.Close()
	select {
	case <-c.gone:
		return nil
	default:
		return err
	}
}

// A server that vanishes without ending the connection is noticed, by a marker
// that nobody answers; then it is as after any other outage.
func TestHalfOpenLink(t *testing.T) {
	house.Each(t, func(t *testing.T, server lab.Server) {
		var way vanishing
		const keepalive, patience = 200 * time.Millisecond, 600 * time.Millisecond
		s := stage(t, server, func(c *component.ServiceConfig) {
			c.Link.Dial, c.Link.Keepalive, c.Link.Patience = way.dial, keepalive, patience
		})
		for _, u := range []string{"alice", "bob", "carol"} {
			s.account(u)
		}
		alice, bob, carol := s.login("alice", "r"), s.login("bob", "r"), s.login("carol", "r")
		team := s.group("team", roster.Settings{}, "alice", "bob", "carol")
		s.settle()
		s.subscribe(bob, team, "presence", bob.Bare())
		s.hears(bob, "alice"+s.suffix)
		began, mark := time.Now(), len(bob.Received())
		way.vanish()
		s.check(alice.Send("<presence><status>meanwhile</status></presence>"))
		s.check(alice.Fence(s.ctx))
		s.check(carol.Close())
		s.hears(bob, "<status>meanwhile</status>")
		t.Logf("%s: told %v after the link was dead; markers every %v, patience %v", server.Name(), time.Since(began).Round(10*time.Millisecond), keepalive, patience)
		s.settle()
		s.check(bob.Fence(s.ctx))
		gone := false
		for _, st := range bob.Received()[mark:] {
			gone = gone || st.Name == "message" && shownOffline(s, "carol").MatchString(st.Raw)
			if st.Name == "message" && (shownOffline(s, "alice").MatchString(st.Raw) || shownOffline(s, "bob").MatchString(st.Raw)) {
				t.Errorf("shown offline: %.500s", st.Raw)
			}
		}
		if !gone {
			t.Error("carol is still there")
		}
		if n := s.Stats().Connections; n != 2 {
			t.Errorf("%d connections", n)
		}
	})
}

// lockedLog is a log to look at while it is written.
type lockedLog struct {
	mu sync.Mutex
	b  bytes.Buffer
	to io.Writer
}

func (l *lockedLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b.Write(b)
	return l.to.Write(b)
}

func (l *lockedLog) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), text)
}

func (l *lockedLog) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// second is another service with the domain of s, until stop is called.
func (s *scene) second() (log *lockedLog, svc *component.Service, stop func()) {
	log = &lockedLog{to: s.t.Output()}
	svc = component.NewService(component.ServiceConfig{Store: store.Memory(), Link: component.Config{
		Addr: s.server.ComponentAddr(), Domain: s.server.ComponentDomain(), ServerHost: s.server.Host(),
		Secret:    func() ([]byte, error) { return []byte(s.server.Secret()), nil },
		Log:       slog.New(slog.NewTextHandler(log, nil)),
		Keepalive: 50 * time.Millisecond,
	}})
	ctx, cancel := context.WithCancel(s.ctx)
	ended := make(chan error, 1)
	go func() { ended <- svc.Run(ctx) }()
	return log, svc, func() {
		cancel()
		if err := <-ended; err != nil {
			s.t.Error(err)
		}
	}
}

// until asks the server, so that something happens meanwhile, until done.
func (s *scene) until(c *lab.Client, done func() bool) {
	s.t.Helper()
	for !done() {
		s.check(c.Fence(s.ctx))
	}
}

// Another component with the same name. Where the server has one place, the
// first keeps it and goes on, the second asks more and more seldom and has it
// when the first is gone. Where it has many, both say loudly what is wrong.
func TestConflict(t *testing.T) {
	house.Each(t, func(t *testing.T, server lab.Server) {
		log := &lockedLog{to: t.Output()}
		s := stage(t, server, func(c *component.ServiceConfig) {
			c.Link.Log, c.Link.Keepalive = slog.New(slog.NewTextHandler(log, nil)), 50*time.Millisecond
		})
		s.account("alice")
		alice := s.login("alice", "r")
		team := s.group("team", roster.Settings{}, "alice")
		s.settle()
		s.subscribe(alice, team, "presence", alice.Bare())

		said, second, stop := s.second()
		if server.Name() == "ejabberd" {
			const loud = "ANOTHER COMPONENT IS ATTACHED WITH OUR DOMAIN"
			s.until(alice, func() bool { return log.count(loud) > 0 && said.count(loud) > 0 })
			stop()
			return
		}
		began := time.Now()
		s.until(alice, func() bool { return said.count("conflict") >= 3 })
		if took := time.Since(began); took < 700*time.Millisecond { // the pauses before the second and the third
			t.Errorf("three attempts within %v", took)
		}
		s.check(alice.Send("<presence><status>undisturbed</status></presence>"))
		s.hears(alice, "undisturbed")
		if n := s.Stats().Connections; n != 1 {
			t.Errorf("the first has attached %d times", n)
		}
		s.stop()
		began = time.Now()
		s.check(second.Settle(s.ctx))
		t.Logf("%s: refused %d times, attached %v after the first was gone", server.Name(), said.count("conflict"), time.Since(began).Round(10*time.Millisecond))
		stop()
	})
}

// Prosody may be told to let the newer one win. Two that throw each other out
// do so more and more seldom, and not as fast as they can.
func TestConflictWhereTheNewerWins(t *testing.T) {
	server := labtest.Start(t, "prosody", lab.Options{Modules: lab.Minimal, Extra: lab.Extra{Component: `component_conflict_resolve = "kick_old"`}})
	log := &lockedLog{to: t.Output()}
	s := stage(t, server, func(c *component.ServiceConfig) { c.Link.Log = slog.New(slog.NewTextHandler(log, nil)) })
	s.account("alice")
	alice := s.login("alice", "r")
	said, second, stop := s.second()
	defer stop()
	began := time.Now()
	s.until(alice, func() bool { return log.count("msg=attached")+said.count("msg=attached") >= 6 })
	took := time.Since(began)
	if took < time.Second { // two waits of a quarter of a second at least, then of half and of one
		t.Errorf("six connections within %v", took)
	}
	if !regexp.MustCompile(`conflict|ended the stream`).MatchString(log.text() + said.text()) {
		t.Error("nobody says why")
	}
	t.Logf("six connections in %v; %d and %d", took.Round(10*time.Millisecond), s.Stats().Connections, second.Stats().Connections)
}
