package directory

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// conn is a connection on which we have said who we are.
type conn struct {
	*ldap.Conn
	cfg   *Config
	raw   net.Conn
	meter *meter
	stop  func() bool
}

func (c *conn) close() {
	c.stop()
	_ = c.raw.Close() // first: who reads does not wait
	_ = c.Conn.Close()
}

// reading gives what follows the time and the room of one reading, until end is
// called.
func (c *conn) reading() (end func()) {
	c.meter.fill(c.cfg.room, maxElements)
	timer := time.AfterFunc(c.cfg.time, func() { c.meter.end(errLate) })
	return func() {
		timer.Stop()
		c.meter.fill(maxChat, maxChat)
	}
}

// connect connects and binds; the connection ends with ctx.
func (d *Directory) connect(ctx context.Context) (*conn, error) {
	raw, secured, err := d.dial(ctx)
	if err != nil {
		return nil, err
	}
	c := &conn{cfg: &d.cfg, raw: raw, meter: &meter{Conn: secured, timeout: d.cfg.Pace.Timeout}}
	c.meter.fill(maxChat, maxChat)
	c.Conn = ldap.NewConn(c.meter, raw != secured)
	c.SetTimeout(d.cfg.Pace.Timeout)
	c.Start()
	c.stop = context.AfterFunc(ctx, func() { _ = raw.Close() })
	if err := d.bind(c); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (d *Directory) bind(c *conn) error {
	if d.cfg.Bind == "" {
		return nil
	}
	password, err := d.cfg.Password()
	if err != nil {
		return fmt.Errorf("read the password of %s: %w", d.cfg.Bind, err)
	}
	if err := c.Bind(d.cfg.Bind, password); err != nil {
		return fmt.Errorf("bind as %s: %w", d.cfg.Bind, err)
	}
	return nil
}

// dial connects, and secures the connection as it has to be: secured is raw if
// it need not.
func (d *Directory) dial(ctx context.Context) (raw, secured net.Conn, err error) {
	u, err := url.Parse(d.cfg.URL)
	if err != nil {
		return nil, nil, fmt.Errorf("read the directory's url: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, d.cfg.Pace.Timeout)
	defer cancel()
	raw, err = new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), orElsePort(u.Port(), u.Scheme)))
	if err != nil {
		return nil, nil, fmt.Errorf("connect to the directory: %w", err)
	}
	secured, err = d.secure(ctx, raw, u)
	if err != nil {
		_ = raw.Close()
		return nil, nil, err
	}
	return raw, secured, nil
}

func (d *Directory) secure(ctx context.Context, raw net.Conn, u *url.URL) (net.Conn, error) {
	switch {
	case u.Scheme == "ldaps":
	case d.cfg.Security == Off, d.cfg.Security == Auto && loopback(raw):
		return raw, nil
	default:
		stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
		defer stop()
		if err := startTLS(raw); err != nil {
			return nil, err
		}
	}
	cfg := &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}
	var err error
	if cfg.RootCAs, err = Authorities(d.cfg.CAFile); err != nil {
		return nil, err
	}
	over := tls.Client(raw, cfg)
	if err := over.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("secure the connection to the directory: %w", err)
	}
	return over, nil
}

func orElsePort(port, scheme string) string {
	switch {
	case port != "":
		return port
	case scheme == "ldaps":
		return ldap.DefaultLdapsPort
	}
	return ldap.DefaultLdapPort
}

func loopback(c net.Conn) bool {
	a, ok := c.RemoteAddr().(*net.TCPAddr)
	return ok && a.IP.IsLoopback()
}

var errNoTLS = errors.New("the directory does not offer TLS (StartTLS): nothing is sent in the clear, unless tls says so")

// startTLS asks for TLS (RFC 4511 §4.14) before anything else is said. Not by
// the library: what it then reads could not be metered.
func startTLS(raw net.Conn) error {
	const extended = "\x30\x1d\x02\x01\x01\x77\x18\x80\x16" + "1.3.6.1.4.1.1466.20037"
	if _, err := io.WriteString(raw, extended); err != nil {
		return fmt.Errorf("ask for TLS: %w", err)
	}
	answer, err := ber.ReadPacket(io.LimitReader(raw, maxChat))
	if err != nil {
		return fmt.Errorf("ask for TLS: %w", err)
	}
	if err := ldap.GetLDAPError(answer); err != nil {
		return fmt.Errorf("%w: %w", errNoTLS, err)
	}
	return nil
}

// Authorities are those of a PEM file; nil without a file: the system's.
func Authorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the directory's authorities: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("read the directory's authorities: there is no certificate in %s", file)
	}
	return pool, nil
}
