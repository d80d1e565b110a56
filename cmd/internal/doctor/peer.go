package doctor

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/xml"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/rollcall-xmpp/rollcall/component"
	"github.com/rollcall-xmpp/rollcall/internal/frame"
)

// What a peer takes: nothing that is asked for here comes near it.
const (
	maxStanza = 1 << 20
	maxDepth  = 100
	maxLog    = 10000
)

var (
	errEnded   = errors.New("the connection ended")
	errTooMuch = errors.New("too many stanzas")
)

// stanza is one that came: the values of its outer attributes, and itself.
type stanza struct {
	name, from, to, id, typ string
	raw                     []byte
}

// into reads the stanza as XML.
func (s stanza) into(v any) error { return xml.Unmarshal(s.raw, v) }

// peer is our end of a stream, component's or client's. It remembers what
// came, and refuses what it is asked.
type peer struct {
	jid  string
	conn net.Conn

	write sync.Mutex

	mu   sync.Mutex // everything below
	log  []stanza
	news chan struct{} // closed and replaced with each stanza
	err  error         // why the stream ended

	done chan struct{} // closed when the reader has ended
}

func newPeer(conn net.Conn, jid string) *peer {
	p := &peer{jid: jid, conn: conn, news: make(chan struct{}), done: make(chan struct{})}
	go p.read()
	return p
}

func (p *peer) read() {
	defer close(p.done)
	defer p.conn.Close()
	r := frame.NewReader(p.conn, maxStanza, maxDepth)
	for {
		raw, err := r.Next()
		if refused := (*frame.RefusedError)(nil); errors.As(err, &refused) {
			continue
		}
		if err == nil {
			err = p.take(raw)
		}
		if err != nil {
			p.mu.Lock()
			p.err = fmt.Errorf("%w: %w", errEnded, err)
			close(p.news)
			p.mu.Unlock()
			return
		}
	}
}

func (p *peer) take(raw []byte) error {
	var head frame.Stanza
	if !frame.Parse(raw, &head) {
		return nil
	}
	s := stanza{name: string(head.Name), from: plain(head.From), to: plain(head.To), id: plain(head.ID), typ: plain(head.Type),
		raw: append([]byte(nil), raw...)}
	switch {
	case s.name == "stream:error":
		return streamError(head.Inner)
	case s.name == "iq" && (s.typ == "get" || s.typ == "set") && s.from != "":
		p.send("<iq type='error' id=%s from=%s to=%s><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
			attr(s.id), attr(s.to), attr(s.from))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.log) == maxLog {
		return errTooMuch
	}
	p.log = append(p.log, s)
	close(p.news)
	p.news = make(chan struct{})
	return nil
}

// streamError is the condition alone: what follows is for the server's admin.
func streamError(inner []byte) error {
	var scan frame.Scanner
	for scan.Reset(inner); scan.Next(); {
		if scan.Kind == frame.Start && string(scan.Local()) != "text" {
			return &component.StreamError{Condition: string(scan.Local())}
		}
	}
	return &component.StreamError{Condition: "undefined-condition"}
}

// send writes XML. A broken connection is the reader's to report.
func (p *peer) send(format string, args ...any) {
	p.write.Lock()
	defer p.write.Unlock()
	_ = p.conn.SetWriteDeadline(time.Now().Add(patience))
	_, _ = fmt.Fprintf(p.conn, format, args...)
}

// await returns the first stanza, of all that came or will come, that match
// accepts. ErrEnded, or ctx's error.
func (p *peer) await(ctx context.Context, match func(stanza) bool) (stanza, error) {
	for next := 0; ; {
		p.mu.Lock()
		log, news, err := p.log, p.news, p.err
		p.mu.Unlock()
		for ; next < len(log); next++ {
			if match(log[next]) {
				return log[next], nil
			}
		}
		if err != nil {
			return stanza{}, err
		}
		select {
		case <-news:
		case <-ctx.Done():
			return stanza{}, ctx.Err()
		}
	}
}

// within is await with a time of its own.
func (p *peer) within(ctx context.Context, d time.Duration, match func(stanza) bool) (stanza, error) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return p.await(ctx, match)
}

// ask sends an iq get from one of our addresses and returns what answers it: a
// result, or an error with its condition.
func (p *peer) ask(ctx context.Context, from, to, payload string) (stanza, error) {
	return p.request(ctx, "get", from, to, payload)
}

// request is ask for an iq of type typ.
func (p *peer) request(ctx context.Context, typ, from, to, payload string) (stanza, error) {
	id := rand.Text()
	p.send("<iq type='%s' id='%s' from=%s to=%s>%s</iq>", typ, id, attr(from), attr(to), payload)
	s, err := p.within(ctx, patience, func(s stanza) bool {
		return s.name == "iq" && s.id == id && (s.typ == "result" || s.typ == "error")
	})
	if err != nil {
		return s, fmt.Errorf("ask %s: %w", to, err)
	}
	if s.typ == "error" {
		return s, fmt.Errorf("ask %s: it answers %s", to, condition(s))
	}
	return s, nil
}

// set is ask for an iq set whose answer is of no interest.
func (p *peer) set(ctx context.Context, payload string) {
	id := rand.Text()
	p.send("<iq type='set' id='%s'>%s</iq>", id, payload)
	_, _ = p.within(ctx, patience, func(s stanza) bool { return s.name == "iq" && s.id == id })
}

// condition is the defined condition of an error stanza.
func condition(s stanza) string {
	var e struct {
		Error struct {
			Children []struct{ XMLName xml.Name } `xml:",any"`
		} `xml:"error"`
	}
	if s.into(&e) == nil {
		for _, c := range e.Error.Children {
			if c.XMLName.Space == "urn:ietf:params:xml:ns:xmpp-stanzas" && c.XMLName.Local != "text" {
				return c.XMLName.Local
			}
		}
	}
	return "an error"
}

// close ends the stream in good order.
func (p *peer) close() {
	p.send("</stream:stream>")
	_ = p.conn.SetReadDeadline(time.Now().Add(closing))
	<-p.done
}

// cut ends the connection as a dying device would: without a word, TLS's
// included.
func (p *peer) cut() {
	conn := p.conn
	if secured, ok := conn.(*tls.Conn); ok {
		conn = secured.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a reset
	}
	_ = conn.Close()
	<-p.done
}

// over says why the stream ended, nil while it has not.
func (p *peer) over() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

func plain(raw []byte) string { return string(frame.Unescape(nil, raw)) }

func attr(s string) string { return "'" + string(frame.AppendAttr(nil, s)) + "'" }

// bare is an address without its resource.
func bare(jid string) string {
	b, _, _ := strings.Cut(jid, "/")
	return b
}
