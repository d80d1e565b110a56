package component

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	jcp "mellium.im/xmpp/component"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stream"
)

// ErrSecret: the server does not let us in. The secret is wrong or, on
// ejabberd, the domain is not configured there: it says the same for both.
var ErrSecret = errors.New("component: the server refused the secret")

// These two say that server and configuration disagree about TLS. Both may be
// over when we try again, so neither ends a Link.
var (
	ErrNoTLS    = errors.New("component: TLS is configured, but the server's port speaks none")
	ErrWantsTLS = errors.New("component: the server's port seems to speak TLS, but none is configured")
)

// errConfig: no attempt can succeed with this configuration.
var errConfig = errors.New("component: bad configuration")

// StreamError is a stream error sent by the server (RFC 6120 §4.9).
type StreamError struct {
	Condition string // "conflict", "host-unknown", "system-shutdown"…
	Text      string // for people; may be empty
}

func (e *StreamError) Error() string {
	if e.Text == "" {
		return "stream error " + e.Condition
	}
	return "stream error " + e.Condition + ": " + e.Text
}

// byteConn keeps encoding/xml from reading ahead: a Decoder takes single bytes
// from an io.ByteReader, so what follows the handshake is left for us.
type byteConn struct {
	net.Conn
	one   [1]byte
	first byte // of all that was read
	read  bool
}

func (b *byteConn) ReadByte() (byte, error) {
	n, err := io.ReadFull(b.Conn, b.one[:])
	if n > 0 && !b.read {
		b.first, b.read = b.one[0], true
	}
	return b.one[0], err
}

// tlsAlert begins what a server with TLS says to a client without (RFC 8446
// §5.1): no stream does.
const tlsAlert = 0x15

// offended says whether err came from a server that got a stream's start for
// a TLS handshake: it sends an alert or, as ejabberd does, ends without a word.
func (b *byteConn) offended(err error) bool {
	if b.read {
		return b.first == tlsAlert
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
}

// Dial attaches once, for whoever wants to look at the server rather than to
// serve: it connects and authenticates as [Link] does, and returns the
// connection with nothing read behind the handshake. ErrSecret, ErrNoTLS,
// ErrWantsTLS, *StreamError.
func Dial(ctx context.Context, cfg Config) (net.Conn, error) { return dial(ctx, cfg.withDefaults()) }

// dial connects and authenticates (XEP-0114 §3), both within cfg.DialTimeout.
// It returns the connection with nothing read behind the handshake.
func dial(ctx context.Context, cfg *Config) (net.Conn, error) {
	domain, err := jid.Parse(cfg.Domain)
	if err != nil {
		return nil, fmt.Errorf("%w: parse domain %q: %w", errConfig, cfg.Domain, err)
	}
	secret, err := cfg.Secret()
	if err != nil {
		return nil, fmt.Errorf("%w: read secret: %w", errConfig, err)
	}
	ctx, cancel := context.WithTimeout(ctx, cfg.DialTimeout)
	defer cancel()
	conn, err := cfg.Dial(ctx, "tcp", cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("connect to server: %w", err)
	}
	conn = promptly(conn)
	// mellium's own context handling cannot interrupt a mute server.
	interrupt := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	secured, err := negotiate(ctx, cfg, conn, domain, secret)
	if !interrupt() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		conn.Close()
		if cause := context.Cause(ctx); cause != nil {
			err = fmt.Errorf("%w (%w)", cause, err)
		}
		return nil, err
	}
	return secured, nil
}

func negotiate(ctx context.Context, cfg *Config, conn net.Conn, domain jid.JID, secret []byte) (net.Conn, error) {
	if cfg.TLS != nil {
		c := tls.Client(conn, tlsFor(cfg))
		if err := c.HandshakeContext(ctx); err != nil {
			if no := (tls.RecordHeaderError{}); errors.As(err, &no) {
				err = fmt.Errorf("%w: %w", ErrNoTLS, err)
			}
			return nil, fmt.Errorf("secure the connection: %w", err)
		}
		conn = c
	}
	bytewise := &byteConn{Conn: conn}
	_, err := jcp.NewSession(context.Background(), domain, secret, bytewise)
	var refused stream.Error
	switch {
	case err != nil && cfg.TLS == nil && bytewise.offended(err):
		return nil, fmt.Errorf("%w: authenticate %s: %w", ErrWantsTLS, domain, err)
	case errors.As(err, &refused):
		e := &StreamError{Condition: refused.Err}
		if len(refused.Text) > 0 {
			e.Text = refused.Text[0].Value
		}
		if refused.Err == stream.NotAuthorized.Err {
			return nil, fmt.Errorf("%w for %s: %w", ErrSecret, domain, e)
		}
		return nil, fmt.Errorf("authenticate %s: %w", domain, e)
	case err != nil:
		return nil, fmt.Errorf("authenticate %s: %w", domain, err)
	}
	return conn, nil
}

// tlsFor verifies the name dialled unless the configuration names another.
func tlsFor(cfg *Config) *tls.Config {
	if cfg.TLS.ServerName != "" || cfg.TLS.InsecureSkipVerify {
		return cfg.TLS
	}
	c := cfg.TLS.Clone()
	c.ServerName = cfg.Addr
	if host, _, err := net.SplitHostPort(cfg.Addr); err == nil {
		c.ServerName = host
	}
	return c
}
