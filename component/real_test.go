package component_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"log/slog"

	"github.com/rollcall-xmpp/rollcall/component"
	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

const (
	ns       = "urn:xmpp:tmp:group-presence:0"
	nsPubSub = "http://jabber.org/protocol/pubsub"
	password = "secret"
)

// scene is a service attached to a server, one group, and its users. Accounts
// have names of their own, so that tests may share a server.
type scene struct {
	*component.Service
	t      testing.TB
	ctx    context.Context
	server lab.Server
	wire   *wire
	suffix string
	stop   context.CancelFunc // of the service
	ended  chan struct{}      // closed when it has
}

// stage attaches a service with a store in memory. Everything ends with the
// test.
func stage(t testing.TB, server lab.Server, change ...func(*component.ServiceConfig)) *scene {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	s := &scene{t: t, ctx: ctx, server: server, wire: &wire{}, suffix: "." + strings.ToLower(rand.Text()[:6])}
	cfg := component.ServiceConfig{
		Store: store.Memory(),
		Link: component.Config{
			Addr: server.ComponentAddr(), Domain: server.ComponentDomain(), ServerHost: server.Host(),
			Secret: func() ([]byte, error) { return []byte(server.Secret()), nil },
			Dial:   s.wire.dial,
			Log:    slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelInfo})),
		},
	}
	for _, f := range change {
		f(&cfg)
	}
	s.Service = component.NewService(cfg)
	life, stop := context.WithCancel(ctx)
	s.stop = stop
	ended := make(chan error, 1)
	s.ended = make(chan struct{})
	go func() {
		ended <- s.Run(life)
		close(s.ended)
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	s.settle()
	return s
}

func (s *scene) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) settle() {
	s.t.Helper()
	s.check(s.Settle(s.ctx))
}

// account makes one and returns its bare JID.
func (s *scene) account(user string) string {
	s.t.Helper()
	s.check(s.server.AddUser(s.ctx, user+s.suffix, password))
	return user + s.suffix + "@" + s.server.Host()
}

// login logs a user in who approves of everything.
func (s *scene) login(user, resource string) *lab.Client {
	s.t.Helper()
	c := s.connect(user, resource, lab.ClientOptions{Requests: lab.Approve})
	s.check(c.Online(s.ctx))
	s.check(c.Fence(s.ctx))
	return c
}

func (s *scene) connect(user, resource string, opts lab.ClientOptions) *lab.Client {
	s.t.Helper()
	c, err := lab.Login(s.ctx, s.server, user+s.suffix, password, resource, opts)
	s.check(err)
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

// group creates one with these users as members and returns its bare JID.
func (s *scene) group(name string, settings roster.Settings, users ...string) string {
	s.t.Helper()
	rec := &roster.GroupRecord{Name: name + s.suffix, Settings: settings}
	for _, u := range users {
		rec.Members = append(rec.Members, roster.MemberRecord{
			JID: u + s.suffix + "@" + s.server.Host(), Nick: strings.ToUpper(u[:1]) + u[1:], Affiliation: roster.Plain,
		})
	}
	s.check(s.Roster.CreateGroup(s.ctx, rec))
	return s.address(name)
}

func (s *scene) address(group string) string {
	return group + s.suffix + "@" + s.server.ComponentDomain()
}

// subscribe makes c, at the address jid, a subscriber.
func (s *scene) subscribe(c *lab.Client, group, node, jid string) {
	s.t.Helper()
	got, err := c.Query(s.ctx, group, "set", fmt.Sprintf("<pubsub xmlns='%s'><subscribe node='%s#%s' jid=%s/></pubsub>",
		nsPubSub, ns, node, lab.Attr(jid)))
	s.check(err)
	if got.Type != "result" {
		s.t.Fatalf("%s is refused: %s", jid, got.Raw)
	}
}

// hears waits until c has received a message with all of these in it.
func (s *scene) hears(c *lab.Client, words ...string) lab.Stanza {
	s.t.Helper()
	got, err := c.Wait(s.ctx, func(st lab.Stanza) bool {
		for _, w := range words {
			if st.Name != "message" || !strings.Contains(st.Raw, w) {
				return false
			}
		}
		return true
	})
	s.check(err)
	return got
}

// wire is what a service dials with. It counts the connections and keeps what
// they brought.
type wire struct {
	mu    sync.Mutex
	dials int
	in    []byte
	keep  bool
	conns []net.Conn
	gate  chan struct{} // nil = open
}

func (w *wire) dial(ctx context.Context, network, address string) (net.Conn, error) {
	w.mu.Lock()
	gate := w.gate
	w.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dials++
	w.conns = append(w.conns, conn)
	return &tapped{conn.(*net.TCPConn), w}, nil
}

// hold lets no dialling through until release is called.
func (w *wire) hold() (release func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	gate := make(chan struct{})
	w.gate = gate
	return func() { close(gate) }
}

// cut breaks all connections.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		_ = c.Close()
	}
}

func (w *wire) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dials
}

// record begins to keep what comes in; what was kept is forgotten.
func (w *wire) record() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.in, w.keep = w.in[:0], true
}

// recorded is what came in since.
func (w *wire) recorded() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return string(w.in)
}

// tapped is a connection whose bytes in are recorded.
type tapped struct {
	*net.TCPConn
	wire *wire
}

func (c *tapped) Read(b []byte) (int, error) {
	n, err := c.TCPConn.Read(b)
	c.wire.mu.Lock()
	defer c.wire.mu.Unlock()
	if c.wire.keep {
		c.wire.in = append(c.wire.in, b[:n]...)
	}
	return n, err
}
