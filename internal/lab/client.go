package lab

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
)

// What a client refuses to read: more than any server lets through.
const (
	maxStanza = 16 << 20
	maxDepth  = 1000
)

// closeTime is how long Close waits for the server's end of the stream.
const closeTime = 5 * time.Second

// ErrClosed is returned for a client whose stream has ended.
var ErrClosed = errors.New("stream has ended")

// Subscriptions says what a client does with requests for its presence.
type Subscriptions int

// What to do with a request.
const (
	Leave   Subscriptions = iota // nothing: the user has not looked yet
	Approve                      // `subscribed`
	Deny                         // `unsubscribed`
)

// ClientOptions say how a client behaves. The zero value is good for tests.
type ClientOptions struct {
	// Requests is the answer to requests for the user's presence.
	Requests Subscriptions
	// Features are told to disco#info queries, beside the client's own.
	Features []string
	// OnStanza, if set, gets every stanza as bytes instead of the log, from
	// the reading goroutine; raw is valid until it returns. Such a client
	// remembers nothing: Received is empty and Wait waits in vain, but
	// Query and Fence work.
	OnStanza func(raw []byte)
	// Now is the clock of Stanza.Time; nil = time.Now.
	Now func() time.Time
	// Component is which one [Attach] attaches as; "" = the server's first.
	Component string
}

// Client is one device of a user, logged in, or a component, attached. Its methods may be called
// concurrently.
type Client struct {
	jid  string
	host string
	opts ClientOptions
	conn net.Conn

	write sync.Mutex // whole stanzas only

	mu      sync.Mutex // everything below; held for a moment
	log     []Stanza
	taken   []bool                 // by Wait, for each of log
	first   int                    // all before are taken
	queries map[string]chan Stanza // by id; each has room for its answer
	nextID  int
	news    chan struct{} // closed and replaced with each stanza
	err     error         // why the stream has ended

	done chan struct{} // closed when the reader has ended
}

// c2sDialer is a server that hands out streams which are logged in already.
type c2sDialer interface {
	DialC2S(ctx context.Context, user, password, resource string) (net.Conn, string, error)
}

// Login logs user in at s under resource ("" = the server chooses). The client
// is connected, but not available: see [Client.Online].
func Login(ctx context.Context, s Server, user, password, resource string, opts ClientOptions) (*Client, error) {
	stream, full, err := Dial(ctx, s, user, password, resource)
	if err != nil {
		return nil, err
	}
	return newClient(stream, full, s.Host(), opts), nil
}

// Dial logs in as [Login] does and leaves reading, answering and closing to the
// caller. It returns the stream and the full JID that the server bound.
func Dial(ctx context.Context, s Server, user, password, resource string) (stream net.Conn, full string, err error) {
	if d, ok := s.(c2sDialer); ok {
		return d.DialC2S(ctx, user, password, resource)
	}
	return dialC2S(ctx, s.C2SAddr(), s.Host(), user, password, resource)
}

// Attach attaches to s as a component of it, with a Client's ways: what arrives is
// logged and nothing but iqs is answered. Stanzas to send need a `from`.
func Attach(ctx context.Context, s Server, opts ClientOptions) (*Client, error) {
	domain := cmp.Or(opts.Component, s.ComponentDomain())
	stream, err := dialComponent(ctx, s, domain)
	if err != nil {
		return nil, err
	}
	return newClient(stream, domain, s.Host(), opts), nil
}

func newClient(stream net.Conn, jid, host string, opts ClientOptions) *Client {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	c := &Client{
		jid: jid, host: host, opts: opts, conn: stream,
		queries: make(map[string]chan Stanza),
		news:    make(chan struct{}), done: make(chan struct{}),
	}
	go c.read()
	return c
}

// JID is the full JID that the server bound, or the component's domain.
func (c *Client) JID() string { return c.jid }

// Bare is the user's bare JID.
func (c *Client) Bare() string {
	bare, _, _ := strings.Cut(c.jid, "/")
	return bare
}

// Done is closed when the stream has ended.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err says why the stream has ended; nil while it has not.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Send writes XML as it is: one stanza, several, or what a test wants to see
// refused.
func (c *Client) Send(xml string) error {
	c.write.Lock()
	defer c.write.Unlock()
	if _, err := c.conn.Write([]byte(xml)); err != nil {
		return fmt.Errorf("send from %s: %w", c.jid, err)
	}
	return nil
}

// Online does what clients do behind their login: it asks for the roster and
// becomes available. Prosody tells answers to subscription requests only to
// who has asked for the roster.
func (c *Client) Online(ctx context.Context) error {
	if _, err := c.Query(ctx, "", "get", "<query xmlns='"+nsRoster+"'/>"); err != nil {
		return fmt.Errorf("go online: %w", err)
	}
	return c.Send("<presence/>")
}

// read is the client's one goroutine.
func (c *Client) read() {
	defer close(c.done)
	defer c.conn.Close()
	r := frame.NewReader(c.conn, maxStanza, maxDepth)
	for {
		raw, err := r.Next()
		if err != nil {
			c.end(err)
			return
		}
		c.take(raw)
	}
}

// take logs a stanza before it acts upon it.
func (c *Client) take(raw []byte) {
	if c.opts.OnStanza != nil {
		c.opts.OnStanza(raw)
		if bytes.HasPrefix(raw, []byte("<message")) {
			return // nobody waits for it, and under load it is nearly all
		}
	}
	s := newStanza(raw, c.opts.Now())
	answer := c.answer(&s)
	c.mu.Lock()
	query := c.queries[s.ID]
	if s.Name != "iq" || s.Type != "result" && s.Type != "error" {
		query = nil
	}
	if query != nil {
		delete(c.queries, s.ID)
		s.Housekeeping = true
	}
	if c.opts.OnStanza == nil {
		c.log = append(c.log, s)
		c.taken = append(c.taken, query != nil)
		close(c.news)
		c.news = make(chan struct{})
	}
	c.mu.Unlock()
	if query != nil {
		query <- s
	}
	if answer != "" {
		_ = c.Send(answer) // a dead stream is the reader's to report
	}
}

// end notes why the stream ended and wakes whoever waits.
func (c *Client) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = fmt.Errorf("%w: %s: %w", ErrClosed, c.jid, err)
	close(c.news)
	for id, query := range c.queries {
		delete(c.queries, id)
		close(query)
	}
}

// Close ends the stream in good order (RFC 6120 §4.4) and waits for the server
// to do the same.
func (c *Client) Close() error {
	_ = c.conn.SetDeadline(time.Now().Add(closeTime))
	err := c.Send("</stream:stream>")
	if err != nil {
		_ = c.conn.Close()
	}
	<-c.done
	if errors.Is(c.Err(), frame.ErrStreamEnd) {
		return nil
	}
	return err
}

// Drop cuts the connection as a dying device would: no closing tag, a TCP
// reset.
func (c *Client) Drop() {
	tcp := c.conn
	if wrapped, ok := tcp.(*conn); ok {
		tcp = wrapped.Conn
	}
	if t, ok := tcp.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	_ = tcp.Close()
	<-c.done
}

// newID is unused in this stream.
func (c *Client) newID() string {
	c.nextID++
	return "lab" + strconv.Itoa(c.nextID)
}
