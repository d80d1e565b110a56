package doctor

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"net"

	"mellium.im/xmpp"
	"mellium.im/xmpp/jid"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/login"
)

// login logs the test account in; without one there is nothing to tell.
func (e *exam) login(ctx context.Context) bool {
	if e.Account == nil {
		return false
	}
	client, err := dialAccount(ctx, e.Account)
	if err != nil {
		e.tell(Finding{Check: "account", Level: Bad, Says: "the account cannot log in: " + err.Error(),
			Means: "Without it the findings about presence cannot be made. Look at its password, and at --server."})
		return false
	}
	e.client = client
	if _, err := client.ask(ctx, client.jid, bare(client.jid), "<query xmlns='"+nsRoster+"'/>"); err != nil {
		e.tell(Finding{Check: "account", Level: Bad, Says: "the account " + e.Account.JID + " has no roster: " + err.Error(),
			Means: "Without one there are no subscriptions. It has to be an ordinary account."})
		return false
	}
	e.tell(Finding{Check: "account", Level: Good, Says: "the account " + e.Account.JID + " is logged in"})
	return true
}

// dialAccount logs in. On loopback any certificate will do, and a server
// without TLS as well: nobody can be in between.
func dialAccount(ctx context.Context, a *Account) (*peer, error) {
	account, err := jid.Parse(a.JID)
	if err != nil {
		return nil, err
	}
	if account, err = account.WithResource("doctor-" + rand.Text()[:6]); err != nil {
		return nil, err
	}
	cfg := login.Config{Account: account, Password: a.Password, Server: a.Address}
	near := a.Address != "" && onLoopback(a.Address)
	if near {
		cfg.TLS = &tls.Config{ServerName: account.Domainpart(), MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}
	}
	var session *xmpp.Session
	if session, err = login.Dial(ctx, cfg); near && errors.Is(err, login.ErrNoTLS) {
		cfg.Insecure = true
		session, err = login.Dial(ctx, cfg)
	}
	if err != nil {
		return nil, err
	}
	return newPeer(session.Conn(), session.LocalAddr().String()), nil
}

func onLoopback(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
