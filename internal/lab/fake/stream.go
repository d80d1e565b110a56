package fake

import (
	"bufio"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
)

const (
	maxStanza     = 512 << 10 // Prosody's component_stanza_size_limit
	maxDepth      = 1000
	handshakeTime = 10 * time.Second
	finishTime    = 5 * time.Second // for what is queued when a stream is closed
)

// stream is one connection, of the component or of a client. Its fields other
// than the queue are guarded by the server's mutex.
type stream struct {
	conn net.Conn

	// A client's. nil user = a component.
	user       *user
	full       string          // a component's domain
	interested bool            // has asked for the roster (RFC 6121 §2.2)
	presence   *stanza         // its last available presence, nil = unavailable
	directed   map[string]bool // who got presence beside the subscribers
	gone       bool            // it left; what comes from it is ignored

	mu     sync.Mutex // the queue
	queue  []string
	ended  bool
	signal chan struct{} // has room for one
}

func (s *Server) open(conn net.Conn) *stream {
	st := &stream{conn: conn, signal: make(chan struct{}, 1), directed: make(map[string]bool)}
	s.streams[st] = true
	s.running.Go(st.write)
	return st
}

// put queues bytes; it never blocks.
func (st *stream) put(xml string) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if !st.ended {
		st.queue = append(st.queue, xml)
		st.wake()
	}
}

func (st *stream) wake() {
	select {
	case st.signal <- struct{}{}:
	default:
	}
}

// finish closes the stream behind what is queued, with a stream error
// (RFC 6120 §4.9) unless condition is "".
func (st *stream) finish(condition string) {
	if condition != "" {
		st.put("<stream:error xmlns:stream='http://etherx.jabber.org/streams'><" + condition +
			" xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>")
	}
	st.put("</stream:stream>")
	st.mu.Lock()
	defer st.mu.Unlock()
	st.ended = true
	_ = st.conn.SetWriteDeadline(time.Now().Add(finishTime))
	st.wake()
}

// abort resets the connection, whatever is queued.
func (st *stream) abort() {
	if tcp, ok := st.conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = st.conn.Close()
	st.mu.Lock()
	defer st.mu.Unlock()
	st.ended, st.queue = true, nil
	st.wake()
}

func (st *stream) write() {
	defer st.conn.Close()
	for range st.signal {
		st.mu.Lock()
		queue, ended := st.queue, st.ended
		st.queue = nil
		st.mu.Unlock()
		if _, err := st.conn.Write([]byte(strings.Join(queue, ""))); err != nil || ended {
			return
		}
	}
}

// serveClient reads one client until its stream ends.
func (s *Server) serveClient(st *stream) {
	r := frame.NewReader(st.conn, maxStanza, maxDepth)
	var err error
	for err == nil {
		var raw []byte
		if raw, err = r.Next(); err == nil {
			s.mu.Lock()
			if in, ok := parse(raw); ok && !st.gone {
				s.fromClient(st, in)
			}
			s.mu.Unlock()
		}
	}
	s.close(st, err)
}

// close ends a stream whose reader has ended with err.
func (s *Server) close(st *stream, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leave(st)
	if errors.Is(err, frame.ErrStreamEnd) {
		st.finish("")
	} else {
		st.finish("policy-violation")
	}
	delete(s.streams, st)
}

func (s *Server) acceptComponents(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.forComp != l { // ended meanwhile
			_ = conn.Close()
		} else {
			st := s.open(conn)
			s.running.Go(func() { s.close(st, s.serveComponent(st)) })
		}
		s.mu.Unlock()
	}
}

// serveComponent is XEP-0114 §3 from the server's side.
func (s *Server) serveComponent(st *stream) error {
	_ = st.conn.SetReadDeadline(time.Now().Add(handshakeTime))
	in := bufio.NewReader(st.conn)
	domain, err := readHeader(in)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.lastID++
	id := fmt.Sprintf("fake%d", s.lastID)
	s.mu.Unlock()
	st.put("<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' " +
		"xmlns:stream='http://etherx.jabber.org/streams' id='" + id + "' from='" + domain + "'>")
	if !s.serves(domain) {
		st.finish("host-unknown")
		return frame.ErrStreamEnd
	}
	r := frame.NewReader(in, maxStanza, maxDepth)
	hello, err := r.Next()
	if err != nil {
		return err
	}
	if !s.attach(st, domain, hello, id) {
		return frame.ErrStreamEnd
	}
	_ = st.conn.SetReadDeadline(time.Time{})
	for {
		raw, err := r.Next()
		if err != nil {
			return err
		}
		// As a real server's parser does: one namespace, whatever it is called.
		text := strings.NewReplacer(`"jabber:component:accept"`, `"jabber:client"`,
			`'jabber:component:accept'`, `'jabber:client'`).Replace(string(raw))
		s.mu.Lock()
		if out, ok := parse([]byte(text)); ok && !st.gone {
			s.fromComponent(st, out)
		}
		s.mu.Unlock()
	}
}

// serves says whether domain is a component's.
func (s *Server) serves(domain string) bool {
	return domain == s.cfg.ComponentDomain || slices.Contains(s.cfg.Components, domain)
}

// attach checks the handshake and makes st the stream of domain's component.
func (s *Server) attach(st *stream, domain string, hello []byte, id string) bool {
	sum := sha1.Sum([]byte(id + s.cfg.Secret))
	token, _, _ := strings.Cut(string(hello[strings.IndexByte(string(hello), '>')+1:]), "<")
	s.mu.Lock()
	defer s.mu.Unlock()
	if subtle.ConstantTimeCompare([]byte(strings.TrimSpace(token)), []byte(hex.EncodeToString(sum[:]))) != 1 {
		st.finish("not-authorized")
		return false
	}
	if s.components[domain] != nil {
		st.finish("conflict")
		return false
	}
	s.components[domain], st.full = st, domain
	st.put("<handshake/>")
	return true
}

// readHeader reads up to the end of <stream:stream …> and returns its `to`.
func readHeader(in *bufio.Reader) (string, error) {
	for range 4 {
		tag, err := in.ReadBytes('>')
		if err != nil {
			return "", err
		}
		var head frame.Stanza
		start := strings.TrimSpace(string(tag))
		if strings.HasPrefix(start, "<stream:stream") && frame.Parse([]byte(start), &head) {
			return string(head.To), nil
		}
	}
	return "", errNoHeader
}

var errNoHeader = errors.New("no stream header")
