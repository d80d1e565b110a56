package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/rollcall-xmpp/rollcall/component"
)

// reach connects, and that is all.
func (e *exam) reach(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", e.Link.Addr)
	if err != nil {
		e.tell(Finding{Check: "reach", Level: Bad, Says: fmt.Sprintf("nothing listens at %s: %v", e.Link.Addr, err),
			Means: "Either the server does not run, or its component port is another, or it has none yet. " +
				"(Prosody opens it with its first Component, at the next restart.)",
			Remedy: e.portLines()})
		return false
	}
	_ = conn.Close()
	e.tell(Finding{Check: "reach", Level: Good, Says: "the component port at " + e.Link.Addr + " can be reached"})
	return true
}

// tls finds out whether the port speaks TLS. Whether it does so rightly shows
// when we attach.
func (e *exam) tls(ctx context.Context) {
	offered := speaksTLS(ctx, e.Link.Addr)
	leaves := LeavesMachine(ctx, e.Link.Addr)
	switch {
	case offered && e.Link.TLS != nil:
		e.tell(Finding{Check: "tls", Level: Good, Says: "the port speaks TLS, and so do we"})
	case offered:
		e.tell(Finding{Check: "tls", Level: Bad, Says: "the port speaks TLS, and the configuration does not",
			Means: "The service cannot attach.", Remedy: []Lines{rollcallLines("[server]\ntls = true")}})
	case e.Link.TLS != nil:
		e.tell(Finding{Check: "tls", Level: Bad, Says: "the configuration wants TLS, and the port does not speak it",
			Means: "The service cannot attach.", Remedy: append([]Lines{rollcallLines("[server]\ntls = false")}, ejabberdTLS())})
	case leaves:
		e.tell(Finding{Check: "tls", Level: Bad, Says: "the link is not encrypted and leaves this machine",
			Means:  "All presence can be read and changed on the way. For Prosody, whose component port has no TLS, use a tunnel that ends on 127.0.0.1.",
			Remedy: []Lines{ejabberdTLS(), rollcallLines("[server]\ntls = true")}})
	default:
		e.tell(Finding{Check: "tls", Level: Good, Says: "the link is not encrypted, and does not leave this machine"})
	}
}

// speaksTLS tries a handshake; whose certificate it is does not matter here.
func speaksTLS(ctx context.Context, addr string) bool {
	ctx, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		var alert tls.AlertError // it did not like us, in TLS
		return errors.As(err, &alert)
	}
	_ = conn.Close()
	return true
}

// attach becomes the component.
func (e *exam) attach(ctx context.Context) bool {
	conn, err := component.Dial(ctx, e.Link)
	if err != nil {
		e.tell(e.notAttached(err))
		return false
	}
	e.peer = newPeer(conn, e.Link.Domain)
	e.tell(Finding{Check: "attach", Level: Good, Says: "attached as " + e.Link.Domain})
	return true
}

func (e *exam) notAttached(err error) Finding {
	f := Finding{Check: "attach", Level: Bad, Says: "not attached as " + e.Link.Domain + ": " + err.Error(), Remedy: e.componentLines()}
	var said *component.StreamError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &certificate):
		f.Means = "The certificate of the port is not one that we may trust."
		f.Remedy = []Lines{rollcallLines("[server]\nca_file = \"FILE\"    # PEM, the authority that signed the port's certificate"), ejabberdTLS()}
	case errors.Is(err, component.ErrWantsTLS), errors.Is(err, component.ErrNoTLS):
		f.Means, f.Remedy = "See the finding tls.", nil
	case errors.As(err, &said) && said.Condition == "conflict":
		f.Means = "Somebody else is attached with this domain: another Rollcall, on another machine or with another configuration. Stop it, or give a second domain."
		f.Remedy = nil
	case errors.As(err, &said) && said.Condition == "host-unknown":
		f.Means = "The server does not know this domain."
	case errors.Is(err, component.ErrSecret):
		f.Means = "The secret of the server's configuration is another, or (ejabberd says the same for both) the domain is not there."
	default:
		f.Means = "The port answers, but not as a component port would. Is it the right one?"
	}
	return f
}

// conflict attaches once more. Which connection remains is up to the server.
func (e *exam) conflict(ctx context.Context) {
	conn, err := component.Dial(ctx, e.Link)
	var said *component.StreamError
	if errors.As(err, &said) && said.Condition == "conflict" {
		e.tell(Finding{Check: "conflict", Level: Good, Says: "a second connection is refused (conflict)",
			Means: "Two Rollcalls cannot disturb each other: the second waits for its turn. " +
				"To let the newer one win, for a switch-over without a gap, Prosody has component_conflict_resolve = \"kick_old\"."})
		return
	}
	if err != nil {
		e.tell(Finding{Check: "conflict", Level: Unknown, Says: "a second connection was not possible: " + err.Error()})
		return
	}
	second := newPeer(conn, e.Link.Domain)
	if e.ousted(ctx, second) {
		e.peer = second
		e.tell(Finding{Check: "conflict", Level: Note, Says: "a second connection throws the first one out",
			Means: "The newer Rollcall wins. See to it that never two of the same domain keep running: each would throw the other out, for ever."})
		return
	}
	second.close()
	e.settle(ctx)
	e.tell(Finding{Check: "conflict", Level: Note, Says: "a second connection is accepted beside the first",
		Means: "The server deals stanzas out between both at random, and neither hears everything. Start one Rollcall per domain."})
}

// ousted says whether the second connection ended the first: either that ends,
// or the server answers what was asked on both.
func (e *exam) ousted(ctx context.Context, second *peer) bool {
	const id = "both"
	for _, p := range []*peer{e.peer, second} {
		p.send("<iq type='get' id='%s' from=%s to=%s><ping xmlns='urn:xmpp:ping'/></iq>", id, attr(e.group), attr(e.Link.ServerHost))
	}
	answer := func(s stanza) bool { return s.name == "iq" && s.id == id }
	either, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	go func() {
		defer cancel()
		_, _ = second.await(either, answer)
	}()
	_, err := e.peer.await(either, answer)
	if err != nil && e.peer.over() == nil {
		// The answer came to the second. An end of the first is under way, or
		// is not to come.
		_, _ = e.peer.within(ctx, time.Second, func(stanza) bool { return false })
	}
	return e.peer.over() != nil
}

// settle waits until the server sends everything to the first connection
// again: ejabberd loses a stanza to one that just ended.
func (e *exam) settle(ctx context.Context) {
	for range 10 {
		id := "settle" + e.group
		e.peer.send("<iq type='get' id=%s from=%s to=%s><ping xmlns='urn:xmpp:ping'/></iq>", attr(id), attr(e.group), attr(e.Link.ServerHost))
		if _, err := e.peer.within(ctx, time.Second, func(s stanza) bool { return s.id == id }); err == nil || ctx.Err() != nil {
			return
		}
	}
}
