package login

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"mellium.im/sasl"
	"mellium.im/xmpp"
	"mellium.im/xmpp/dial"
	"mellium.im/xmpp/jid"

	"github.com/rollcall-xmpp/rollcall/internal/bind"
)

// patience bounds one login.
const patience = 30 * time.Second

// Config says where to log in, and as whom.
type Config struct {
	Account  jid.JID // full: its resource is the one that is bound
	Password string
	Server   string      // host:port; "" = what the domain's SRV records say (RFC 6120 §3.2)
	TLS      *tls.Config // nil = what the domain's name asks for
	Insecure bool        // without TLS, to Server on the loopback interface
}

// Errors of Dial.
var (
	ErrPassword    = errors.New("the server accepts neither account nor password")
	ErrNoTLS       = errors.New("the server offers no TLS")
	ErrNotLoopback = errors.New("only a server on the loopback interface may be talked to without TLS")
)

// Dial connects, encrypts, authenticates and binds the resource (RFC 6120
// §5-7). It sends no presence: the account does not look available by it.
func Dial(ctx context.Context, cfg Config) (*xmpp.Session, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tcp, err := connect(ctx, &cfg)
	if err != nil {
		return nil, fmt.Errorf("connect to the server of %s: %w", cfg.Account.Bare(), err)
	}
	// mellium does not end a blocked negotiation with its context; a closed
	// connection does.
	unhook := context.AfterFunc(ctx, func() { _ = tcp.Close() })
	s, err := negotiate(tcp, &cfg)
	if !unhook() && ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = tcp.Close()
		return nil, fmt.Errorf("log in as %s: %w", cfg.Account.Bare(), err)
	}
	return s, nil
}

func connect(ctx context.Context, cfg *Config) (net.Conn, error) {
	if cfg.Server == "" {
		if cfg.Insecure {
			return nil, ErrNotLoopback
		}
		return (&dial.Dialer{TLSConfig: cfg.TLS}).Dial(ctx, "tcp", cfg.Account)
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", cfg.Server)
	if err != nil {
		return nil, err
	}
	if a, ok := c.RemoteAddr().(*net.TCPAddr); cfg.Insecure && (!ok || !a.IP.IsLoopback()) {
		return nil, errors.Join(ErrNotLoopback, c.Close())
	}
	return c, nil
}

func negotiate(tcp net.Conn, cfg *Config) (*xmpp.Session, error) {
	state, mechanisms := xmpp.SessionState(0), []sasl.Mechanism{sasl.ScramSha256, sasl.ScramSha1}
	tlsConfig := cfg.TLS
	if tlsConfig == nil {
		tlsConfig = &tls.Config{ServerName: cfg.Account.Domainpart(), MinVersion: tls.VersionTLS12}
	}
	features := []xmpp.StreamFeature{bind.Resource(cfg.Account.Resourcepart(), nil)}
	if cfg.Insecure {
		state = xmpp.Secure // mellium would not authenticate without
	} else {
		mechanisms = append(mechanisms, sasl.Plain) // some servers have no other
		features = append(features, xmpp.StartTLS(tlsConfig))
	}
	features = append(features, xmpp.SASL("", cfg.Password, mechanisms...))
	n := xmpp.NewNegotiator(func(*xmpp.Session, *xmpp.StreamConfig) xmpp.StreamConfig {
		return xmpp.StreamConfig{Features: features}
	})
	s, err := xmpp.NewSession(context.Background(), cfg.Account.Domain(), cfg.Account, tcp, state, n)
	switch {
	case err != nil && s != nil && s.State()&(xmpp.Secure|xmpp.Authn) == xmpp.Secure:
		return nil, fmt.Errorf("%w: %w", ErrPassword, err)
	case err != nil && !cfg.Insecure && s != nil && s.State()&xmpp.Secure == 0:
		return nil, fmt.Errorf("%w, or refuses it: %w", ErrNoTLS, err)
	case err != nil:
		return nil, err
	}
	return s, nil
}
