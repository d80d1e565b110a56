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
	"slices"
	"strings"
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

// root is what a server says about itself (RFC 4512 §5.1).
type root struct {
	tells  bool   // it says what changes, as it changes (RFC 4533)
	suffix string // the entry that says when that was last
	csn    bool   // its contextCSN could be read
}

const (
	attrSuffixes = "namingContexts"
	attrControls = "supportedControl"
	attrUSN      = "highestCommittedUSN"
	attrCSN      = "contextCSN"
)

func (c *conn) root() (r root, err error) {
	e, err := c.entry("", attrSuffixes, attrControls)
	if err != nil || e == nil {
		return r, err
	}
	r.tells = slices.Contains(e.GetEqualFoldAttributeValues(attrControls), ldap.ControlTypeSyncRequest)
	r.suffix = c.cfg.Base
	base, err := ldap.ParseDN(c.cfg.Base)
	if err != nil {
		return r, err
	}
	for _, s := range e.GetEqualFoldAttributeValues(attrSuffixes) {
		if dn, err := ldap.ParseDN(s); err == nil && len(dn.RDNs) > 0 && dn.AncestorOfFold(base) {
			r.suffix = s
		}
	}
	return r, nil
}

// stamp is another one whenever something was written; "" = the server does not
// say. It is also how we see that the server is there.
func (c *conn) stamp(r root) (string, error) {
	e, err := c.entry("", attrUSN)
	if err != nil {
		return "", err
	}
	if e != nil {
		if usn := e.GetEqualFoldAttributeValues(attrUSN); len(usn) > 0 {
			return "usn=" + usn[0], nil
		}
	}
	if e, err = c.entry(r.suffix, attrCSN); err != nil || e == nil {
		return "", err
	}
	csn := slices.Sorted(slices.Values(e.GetEqualFoldAttributeValues(attrCSN)))
	if len(csn) == 0 {
		return "", nil
	}
	return "csn=" + strings.Join(csn, ";"), nil
}

// entry reads one entry; nil if it is not there, or not for us.
func (c *conn) entry(dn string, attributes ...string) (*ldap.Entry, error) {
	c.meter.fill(maxChat, maxChat)
	r, err := c.Search(ldap.NewSearchRequest(dn, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, c.seconds(), false, "(objectClass=*)", attributes, nil))
	switch {
	case ldap.IsErrorAnyOf(err, ldap.LDAPResultNoSuchObject, ldap.LDAPResultInsufficientAccessRights, ldap.LDAPResultUnwillingToPerform, ldap.LDAPResultOperationsError):
		return nil, nil
	case err != nil:
		return nil, err
	case len(r.Entries) == 0:
		return nil, nil
	}
	return r.Entries[0], nil
}

func (c *conn) seconds() int { return int((c.cfg.Pace.Timeout + time.Second - 1) / time.Second) }

// ask is Search whose answer is whole.
func (c *conn) ask(req *ldap.SearchRequest) (*ldap.SearchResult, error) {
	r, err := c.Search(req)
	var said *ldap.Error
	switch {
	case errors.As(err, &said) && said.ResultCode < ldap.ErrorNetwork: // the directory's word, on a connection that is good
		return nil, refused("%v", err)
	case err != nil:
		return nil, err
	case len(r.Referrals) > 0:
		return nil, refused("it refers to another server, %q: choose a base that it has itself", short(r.Referrals[0]))
	}
	return r, nil
}

// page is how many entries are asked for at once (RFC 2696).
const page = 500

// search calls take with all entries that filter fits, page by page. They are
// all only if there is no error.
func (c *conn) search(filter string, attributes []string, most int, take func([]*ldap.Entry) error) error {
	paging := ldap.NewControlPaging(page)
	for n := 0; ; {
		r, err := c.ask(ldap.NewSearchRequest(c.cfg.Base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, c.seconds(), false,
			filter, attributes, []ldap.Control{paging}))
		if err != nil {
			return err
		}
		if n += len(r.Entries); n > most {
			return refused("more than %d entries fit %s", most, filter)
		}
		if err := take(r.Entries); err != nil {
			return err
		}
		next, ok := ldap.FindControl(r.Controls, ldap.ControlTypePaging).(*ldap.ControlPaging)
		if !ok || len(next.Cookie) == 0 {
			return nil
		}
		paging.SetCookie(next.Cookie)
	}
}
