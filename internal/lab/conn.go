package lab

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"time"

	"mellium.im/sasl"
	"mellium.im/xmpp"
	"mellium.im/xmpp/component"
	"mellium.im/xmpp/jid"

	"github.com/rollcall-xmpp/rollcall/internal/bind"
)

// loginTime bounds one login; a busy server takes its time over SCRAM.
const loginTime = 30 * time.Second

// conn lends its reading to mellium's negotiation byte by byte (it is an
// io.ByteReader, so mellium does not buffer), so that nothing is lost when the
// stream is taken over behind it.
type conn struct {
	net.Conn
	r *bufio.Reader
}

func newConn(c net.Conn) *conn { return &conn{c, bufio.NewReaderSize(c, 4096)} }

func (c *conn) Read(p []byte) (int, error) { return c.r.Read(p) }
func (c *conn) ReadByte() (byte, error)    { return c.r.ReadByte() }

// dialC2S connects, authenticates and binds the resource (RFC 6120 §5-7), and
// returns the stream behind that and the full JID that the server gave.
func dialC2S(ctx context.Context, addr, host, user, password, resource string) (net.Conn, string, error) {
	ctx, cancel := context.WithTimeout(ctx, loginTime)
	defer cancel()
	origin, err := jid.New(user, host, "")
	if err != nil {
		return nil, "", fmt.Errorf("log in %s: %w", user, err)
	}
	var dialer net.Dialer
	tcp, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, "", fmt.Errorf("log in %s: %w", user, err)
	}
	c := newConn(tcp)
	// mellium does not end a blocked negotiation with its context; a closed
	// connection does.
	unhook := context.AfterFunc(ctx, func() { _ = tcp.Close() })
	full, err := negotiate(c, origin, password, resource)
	if !unhook() && ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = tcp.Close()
		return nil, "", fmt.Errorf("log in %s: %w", user, err)
	}
	return c, full, nil
}

func negotiate(c *conn, origin jid.JID, password, resource string) (full string, err error) {
	features := []xmpp.StreamFeature{
		xmpp.SASL("", password, sasl.ScramSha1, sasl.ScramSha256),
		bind.Resource(resource, &full),
	}
	negotiator := xmpp.NewNegotiator(func(*xmpp.Session, *xmpp.StreamConfig) xmpp.StreamConfig {
		return xmpp.StreamConfig{Features: features}
	})
	// Secure: the loopback interface is, and mellium would not authenticate
	// without.
	_, err = xmpp.NewSession(context.Background(), origin.Domain(), origin, c, xmpp.Secure, negotiator)
	return full, err
}

// dialComponent attaches to the component port (XEP-0114 §3).
func dialComponent(ctx context.Context, s Server, name string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, loginTime)
	defer cancel()
	domain, err := jid.Parse(name)
	if err != nil {
		return nil, fmt.Errorf("attach %s: %w", name, err)
	}
	var dialer net.Dialer
	tcp, err := dialer.DialContext(ctx, "tcp", s.ComponentAddr())
	if err != nil {
		return nil, fmt.Errorf("attach %s: %w", domain, err)
	}
	c := newConn(tcp)
	unhook := context.AfterFunc(ctx, func() { _ = tcp.Close() })
	_, err = component.NewSession(context.Background(), domain, []byte(s.Secret()), c)
	if !unhook() && ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = tcp.Close()
		return nil, fmt.Errorf("attach %s: %w", domain, err)
	}
	return c, nil
}
