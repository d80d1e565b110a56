package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
)

// wire is the server's end of a component's stream and nothing behind it: it
// takes notifications and counts them, and tells of members as many as one
// likes. Nobody else costs anything then.
type wire struct {
	listen net.Listener
	there  atomic.Bool  // what probes of members are answered with
	told   atomic.Int64 // states in what the component has sent
	fences atomic.Int64 // that were answered
	moved  chan struct{}

	mu   sync.Mutex // of writing
	conn net.Conn
	buf  []byte

	up   chan struct{} // closed when the component has attached
	done chan struct{}
	err  error // why the stream has ended, when done is closed
}

func newWire() (*wire, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &wire{listen: l, moved: make(chan struct{}, 1), up: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(w.done)
		w.err = w.serve()
	}()
	return w, nil
}

func (w *wire) addr() string { return w.listen.Addr().String() }

// serve takes one component, whatever its secret, until its stream ends.
func (w *wire) serve() error {
	conn, err := w.listen.Accept()
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.conn = conn
	w.mu.Unlock()
	r := bufio.NewReaderSize(conn, 1<<16)
	w.say("<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:component:accept' from='" + ours + "' id='1'>")
	for head := ""; !strings.HasSuffix(head, "</handshake>"); {
		part, err := r.ReadString('>')
		if err != nil {
			return fmt.Errorf("attach: %w", err)
		}
		head += part
	}
	w.say("<handshake/>")
	close(w.up)
	frames := frame.NewReader(r, maxFrame, maxDepth)
	for {
		raw, err := frames.Next()
		if err != nil {
			return fmt.Errorf("%w: %w", errLost, err)
		}
		w.take(raw)
	}
}

// take counts what is told, and answers what is asked.
func (w *wire) take(raw []byte) {
	if raw[1] == 'm' {
		n := int64(0)
		for _, _, rest, ok := nextMarker(raw); ok; _, _, rest, ok = nextMarker(rest) {
			n++
		}
		if n > 0 {
			w.told.Add(n)
			w.move()
		}
		return
	}
	var st frame.Stanza
	if !frame.Parse(raw, &st) {
		return
	}
	switch typ := string(st.Type); {
	case raw[1] == 'p' && typ == "probe":
		w.send(func(b []byte) []byte { return w.appendPresence(b, &st) })
	case raw[1] == 'i' && isFence(st.ID):
		w.fences.Add(1)
		w.move()
	case raw[1] == 'i' && (typ == "get" || typ == "set"):
		w.send(func(b []byte) []byte { return appendReply(b, &st) })
	}
}

// appendPresence answers a probe.
func (w *wire) appendPresence(b []byte, st *frame.Stanza) []byte {
	b = append(append(b, "<presence from='"...), st.To...)
	if !w.there.Load() {
		return append(append(append(b, "' type='unavailable' to='"...), st.From...), "'/>"...)
	}
	return append(append(append(b, "/r' to='"...), st.From...), "'><show>away</show><status>In a meeting, back at three</status></presence>"...)
}

// appendReply answers pings; nobody has anything else.
func appendReply(b []byte, st *frame.Stanza) []byte {
	b = append(append(b, "<iq id='"...), st.ID...)
	b = append(append(b, "' from='"...), st.To...)
	b = append(append(b, "' to='"...), st.From...)
	if bytes.Contains(st.Inner, []byte("urn:xmpp:ping")) {
		return append(b, "' type='result'/>"...)
	}
	return append(b, "' type='error'><error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"...)
}

// move lets who waits look again.
func (w *wire) move() {
	select {
	case w.moved <- struct{}{}:
	default:
	}
}

// until waits for something that follows from what the component sends.
func (w *wire) until(ctx context.Context, what string, so func() bool) error {
	for !so() {
		select {
		case <-w.moved:
		case <-w.done:
			return fmt.Errorf("await %s: %w", what, w.err)
		case <-ctx.Done():
			return fmt.Errorf("await %s: %w", what, ctx.Err())
		}
	}
	return nil
}

// send writes what f appends. A dead stream is the reader's to report.
func (w *wire) send(f func(b []byte) []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.buf = f(w.buf[:0])
	_, _ = w.conn.Write(w.buf)
}

func (w *wire) say(xml string) { w.send(func(b []byte) []byte { return append(b, xml...) }) }

func (w *wire) close() error {
	err := w.listen.Close()
	w.mu.Lock()
	if w.conn != nil {
		err = errors.Join(err, w.conn.Close())
	}
	w.mu.Unlock()
	<-w.done
	return err
}
