package component

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
)

const (
	testDomain = "groups.example.org"
	testHost   = "example.org"
	testSecret = "s3cr3t"
)

// server is an XMPP server's component port without the network. What is
// dialled waits in conns until somebody accepts it.
type server struct {
	conns  chan net.Conn
	dialed atomic.Int32
}

func newServer() *server { return &server{conns: make(chan net.Conn)} }

func (s *server) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	s.dialed.Add(1)
	ours, theirs := net.Pipe()
	select {
	case s.conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// config is one for this server.
func (s *server) config() Config {
	return Config{
		Addr: "server.example.org:5347", Domain: testDomain, ServerHost: testHost,
		Secret: func() ([]byte, error) { return []byte(testSecret), nil },
		Dial:   s.dial,
		Window: 128 << 10,
	}
}

// peer is the server's end of one connection.
type peer struct {
	t    testing.TB
	conn net.Conn
	mute atomic.Bool  // markers are kept, not answered
	slow atomic.Int64 // bytes that are read a second; 0 = as they come
	keen atomic.Bool  // questions for members' nodes are the test's to answer; else there is none
	in   chan string  // frames from the component; closed at its end
	end  error        // why, after that

	mu     sync.Mutex // guards writes and what follows
	marks  []string   // kept markers
	before int        // bulk before the last of them
	bulk   int        // bytes of messages received
	acked  int        // of these
	most   int        // that were unacknowledged at any time
	asked  []string   // questions for members' nodes that were answered
}

const header = "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' " +
	"xmlns:stream='http://etherx.jabber.org/streams' from='" + testDomain + "' id='abc'>"

// greet reads the component's header and sends ours.
func greet(t testing.TB, conn net.Conn) *bufio.Reader {
	t.Helper()
	r := bufio.NewReader(conn)
	if head, err := r.ReadString('>'); err != nil || !strings.Contains(head, "to='"+testDomain+"'") {
		t.Fatalf("header %q, %v", head, err)
	}
	write(t, conn, header)
	return r
}

func write(t testing.TB, conn net.Conn, s string) {
	t.Helper()
	if _, err := io.WriteString(conn, s); err != nil {
		t.Errorf("server writes %.60q: %v", s, err)
	}
}

// accept lets the next connection in and sends first in the same packet.
func (s *server) accept(t testing.TB, first string) *peer {
	t.Helper()
	conn := <-s.conns
	r := greet(t, conn)
	got, err := r.ReadString('/')
	rest, err2 := r.ReadString('>')
	want := fmt.Sprintf("<handshake>%x</handshake>", sha1.Sum([]byte("abc"+testSecret)))
	if err != nil || err2 != nil || got+rest != want {
		t.Fatalf("handshake %q, want %q", got+rest, want)
	}
	p := &peer{t: t, conn: conn, in: make(chan string, 1<<14)}
	write(t, conn, "<handshake/>"+first)
	go p.read(&slowly{r, p})
	return p
}

// slowly reads as slowly as its peer is told to.
type slowly struct {
	r io.Reader
	p *peer
}

func (s *slowly) Read(b []byte) (int, error) {
	rate := int(s.p.slow.Load())
	if rate == 0 {
		return s.r.Read(b)
	}
	n, err := s.r.Read(b[:min(len(b), rate)])
	time.Sleep(time.Duration(n) * time.Second / time.Duration(rate)) // of the test's own clock: nobody waits
	return n, err
}

func (p *peer) read(r io.Reader) {
	defer close(p.in)
	f := frame.NewReader(r, 1<<24, 100)
	var s frame.Stanza
	for {
		b, err := f.Next()
		if err != nil {
			p.end = err
			return
		}
		if frame.Parse(b, &s); !p.keen.Load() && bytes.Contains(b, []byte("' max_items='1'")) {
			p.mu.Lock()
			p.asked = append(p.asked, string(b))
			io.WriteString(p.conn, fmt.Sprintf("<iq type='error' from='%s' to='%s' id='%s'><error type='cancel'><item-not-found xmlns='%s'/></error></iq>", s.To, s.From, s.ID, nsStanzas))
			p.mu.Unlock()
			continue
		}
		if string(s.To) != testHost || !bytes.Contains(b, []byte("urn:xmpp:ping")) {
			if string(s.Name) == "message" {
				p.mu.Lock()
				p.bulk += len(b)
				p.most = max(p.most, p.bulk-p.acked)
				p.mu.Unlock()
			}
			p.in <- string(b)
			continue
		}
		p.mu.Lock()
		p.marks, p.before = append(p.marks, string(s.ID)), p.bulk
		p.mu.Unlock()
		if !p.mute.Load() {
			p.ack()
		}
	}
}

// ack answers all markers that wait, every other one by an error.
func (p *peer) ack() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.acked = p.before
	for i, id := range p.marks {
		typ := []string{"result", "error"}[i%2]
		io.WriteString(p.conn, fmt.Sprintf("<iq type='%s' from='%s' to='%s' id='%s'/>", typ, testHost, testDomain, id))
	}
	p.marks = nil
}

func (p *peer) send(s string) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	write(p.t, p.conn, s)
}

// next returns the next frame, "" at the end.
func (p *peer) next() string {
	p.t.Helper()
	select {
	case s := <-p.in:
		return s
	case <-time.After(20 * time.Minute): // synctest's clock, or never
		p.t.Fatal("nothing came")
		return ""
	}
}

func (p *peer) expect(want string) {
	p.t.Helper()
	if got := p.next(); got != want {
		p.t.Fatalf("got  %.200s\nwant %.200s", got, want)
	}
}

// leave ends the link in the orderly way.
func (p *peer) leave(stop func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- stop() }()
	for range p.in { // until its stream ends
	}
	io.WriteString(p.conn, "</stream:stream>")
	err := <-ended
	p.conn.Close()
	return err
}

// ping is the fence: all before it was handled when its answer is here.
func (p *peer) ping(id string) {
	p.t.Helper()
	p.send(pingFrom(id))
	p.expect(pongTo(id))
}

func pingFrom(id string) string {
	return "<iq type='get' from='alice@example.org/r' to='team@" + testDomain + "' id='" + id + "'><ping xmlns='urn:xmpp:ping'/></iq>"
}

func pongTo(id string) string {
	return "<iq type='result' from='team@" + testDomain + "' to='alice@example.org/r' id='" + id + "'/>"
}

// life is a Handler that answers pings, panics when told to, and remembers.
type life struct {
	link     *Link
	over     chan struct{} // closed when Run has returned
	attached func(context.Context)
	leaving  func()
	ctx      context.Context // of the last connection, if attached sets it
	ctxEnded bool            // before Detached

	mu      sync.Mutex
	heard   []string
	refused []string
	ends    []error
}

func (h *life) Attached(ctx context.Context) {
	if h.attached != nil {
		h.attached(ctx)
	}
}

func (h *life) Stanza(s *frame.Stanza) {
	h.mu.Lock()
	h.heard = append(h.heard, string(s.Raw))
	h.mu.Unlock()
	var in frame.Scanner
	for in.Reset(s.Inner); in.Next(); {
		switch {
		case in.Is("urn:xmpp:ping", "ping") && string(s.Type) == "get":
			h.link.Out.Control(func(b []byte) []byte {
				b = frame.AppendRaw(append(b, "<iq type='result' from='"...), s.To)
				b = frame.AppendRaw(append(b, "' to='"...), s.From)
				return append(frame.AppendRaw(append(b, "' id='"...), s.ID), "'/>"...)
			})
		case in.Is("urn:test", "panic"):
			panic("secret words")
		}
	}
}

func (h *life) Refused(head *frame.Stanza, reason error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refused = append(h.refused, fmt.Sprintf("%s %s: %v", head.Name, head.ID, reason))
}

func (h *life) Detaching() {
	if h.leaving != nil {
		h.leaving()
	}
}

func (h *life) Detached(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ends = append(h.ends, err)
	h.ctxEnded = h.ctx != nil && h.ctx.Err() != nil
}

// start runs a link with a life behind it; stop ends it and returns what Run
// returned.
func start(t testing.TB, cfg Config) (l *Link, h *life, stop func() error) {
	ctx, cancel := context.WithCancel(t.Context())
	l = NewLink(cfg)
	h = &life{link: l, over: make(chan struct{})}
	var err error
	go func() {
		defer close(h.over)
		err = l.Run(ctx, h)
	}()
	return l, h, func() error {
		cancel()
		<-h.over
		return err
	}
}

// logTo returns a logger that writes info and above to b.
func logTo(b *bytes.Buffer) *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelInfo}))
}
