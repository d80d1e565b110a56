package doctor

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
)

// login logs the test account in; without one there is nothing to tell.
func (e *exam) login(ctx context.Context) bool {
	if e.Account == nil {
		return false
	}
	client, err := dialAccount(ctx, e.Account)
	if err != nil {
		e.tell(Finding{Check: "account", Level: Bad, Says: "the account " + e.Account.JID + " cannot log in: " + err.Error(),
			Means: "Without it the findings about presence cannot be made. Look at the password, and at --account-address."})
		return false
	}
	e.client = client
	if _, err := client.ask(ctx, client.jid, bare(client.jid), "<query xmlns='jabber:iq:roster'/>"); err != nil {
		e.tell(Finding{Check: "account", Level: Bad, Says: "the account " + e.Account.JID + " has no roster: " + err.Error()})
		return false
	}
	e.tell(Finding{Check: "account", Level: Good, Says: "the account " + e.Account.JID + " is logged in"})
	return true
}

// dialAccount connects, secures, authenticates and binds (RFC 6120 §5-7). On
// loopback a server without TLS will do, and so will any certificate.
func dialAccount(ctx context.Context, a *Account) (*peer, error) {
	origin, err := jid.Parse(a.JID)
	if err != nil {
		return nil, err
	}
	session, conn, err := negotiate(ctx, a, origin, false)
	if errors.Is(err, errPlain) && loopback(conn) {
		_ = conn.Close()
		session, conn, err = negotiate(ctx, a, origin, true)
	}
	if err != nil {
		if conn != nil {
			_ = conn.Close()
		}
		return nil, err
	}
	return newPeer(clientConn{session.Conn(), conn}, session.LocalAddr().String()), nil
}

var errPlain = errors.New("the server offers no TLS for clients")

// negotiate connects once. plain: the way is taken to be secure as it is.
func negotiate(ctx context.Context, a *Account, origin jid.JID, plain bool) (*xmpp.Session, net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := connect(ctx, a, origin)
	if err != nil {
		return nil, nil, err
	}
	// mellium's own context handling cannot interrupt a mute server.
	interrupt := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	mechanisms := []sasl.Mechanism{sasl.ScramSha256, sasl.ScramSha1}
	state := xmpp.Secure
	var features []xmpp.StreamFeature
	if !plain {
		state = 0
		mechanisms = append(mechanisms, sasl.Plain)
		features = append(features, xmpp.StartTLS(&tls.Config{ServerName: origin.Domainpart(), MinVersion: tls.VersionTLS12, InsecureSkipVerify: loopback(conn)}))
	}
	features = append(features, xmpp.SASL("", a.Password, mechanisms...), xmpp.BindResource())
	session, err := xmpp.NewSession(context.WithoutCancel(ctx), origin.Domain(), origin, conn, state, xmpp.NewNegotiator(
		func(*xmpp.Session, *xmpp.StreamConfig) xmpp.StreamConfig {
			return xmpp.StreamConfig{Features: features}
		}))
	if !interrupt() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil && !plain && session != nil && session.State()&xmpp.Secure == 0 {
		err = fmt.Errorf("%w (%w)", errPlain, err)
	}
	return session, conn, err
}

func connect(ctx context.Context, a *Account, origin jid.JID) (net.Conn, error) {
	if a.Address != "" {
		return new(net.Dialer).DialContext(ctx, "tcp", a.Address)
	}
	return (&dial.Dialer{NoTLS: true}).Dial(ctx, "tcp", origin)
}

func loopback(conn net.Conn) bool {
	if conn == nil {
		return false
	}
	addr, ok := conn.RemoteAddr().(*net.TCPAddr)
	return ok && addr.IP.IsLoopback()
}

// clientConn is the secured connection that can still be cut: a reset is the
// bare connection's.
type clientConn struct {
	net.Conn
	tcp net.Conn
}

func (c clientConn) SetLinger(sec int) error {
	if t, ok := c.tcp.(*net.TCPConn); ok {
		return t.SetLinger(sec)
	}
	return nil
}

// Close does without TLS's good-bye, which a dying device would not say.
func (c clientConn) Close() error { return c.tcp.Close() }
