package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
)

// Bounds of what a client reads.
const (
	maxFrame  = 4 << 20
	maxDepth  = 100
	writeTime = 20 * time.Second
)

// errLost: a client's stream ended under the measurement.
var errLost = errors.New("a client's stream ended")

// seat is one client: a member, who speaks, and a watcher, who counts what he
// is told. Member -1 is a client that is neither.
type seat struct {
	member int
	first  int // of his group
	jid    string
	board  *board
	conn   net.Conn
	done   chan struct{} // closed when the reader has ended

	write sync.Mutex
	buf   []byte

	mu      sync.Mutex // everything below
	last    []uint32   // of each member of the group, the state held
	tally   tally
	answers map[string]chan []byte // who waits for the answer to an iq
	expect  func(raw []byte) bool  // what is waited for among the rest
	met     chan struct{}
	id      int
	err     error
}

func newSeat(b *board, member int, jid string, conn net.Conn) *seat {
	s := &seat{member: member, jid: jid, board: b, conn: conn, done: make(chan struct{}), answers: map[string]chan []byte{}}
	if member >= 0 {
		s.first = member / b.per * b.per
		s.last = make([]uint32, b.per)
	}
	go s.read()
	return s
}

func (s *seat) read() {
	defer close(s.done)
	r := frame.NewReader(s.conn, maxFrame, maxDepth)
	for {
		raw, err := r.Next()
		if err != nil {
			s.mu.Lock()
			s.err = fmt.Errorf("%w: %s: %w", errLost, s.jid, err)
			for id, c := range s.answers {
				delete(s.answers, id)
				close(c)
			}
			s.mu.Unlock()
			return
		}
		s.take(raw)
	}
}

// take counts the markers of a stanza; one without may want an answer.
func (s *seat) take(raw []byte) {
	s.mu.Lock()
	s.tally.frames++
	s.tally.bytes += int64(len(raw))
	member, seq, rest, ok := nextMarker(raw)
	marked := ok
	for now := s.board.now(); ok; member, seq, rest, ok = nextMarker(rest) {
		s.hold(member, seq, now)
	}
	if s.expect != nil && s.expect(raw) {
		s.expect = nil
		close(s.met)
	}
	s.mu.Unlock()
	if raw[1] == 'i' || !marked && raw[1] != 'm' { // all items are an answer with markers
		s.answer(raw)
	}
}

// hold takes in that a member is now in state seq. mu is held.
func (s *seat) hold(member int, seq uint32, now int64) {
	i := member - s.first
	if s.last == nil || member == s.member || i < 0 || i >= len(s.last) {
		return
	}
	held := s.last[i]
	if seq <= held {
		s.tally.repeated++
		return
	}
	s.last[i] = seq
	s.tally.received++
	s.tally.superseded += int64(seq - held - 1)
	s.tally.ages.add(s.board.age(member, seq, now))
	for n := held + 1; n <= seq; n++ {
		s.board.reach(member, n, now)
	}
}

// answer does what a client must: it grants requests for its presence and
// answers iqs.
func (s *seat) answer(raw []byte) {
	var st frame.Stanza
	if !frame.Parse(raw, &st) {
		return
	}
	typ := string(st.Type)
	switch {
	case raw[1] == 'p' && typ == "subscribe":
		s.send(func(b []byte) []byte {
			return append(frame.AppendRaw(append(b, "<presence type='subscribed' to='"...), st.From), "'/>"...)
		})
	case raw[1] == 'i' && (typ == "get" || typ == "set"):
		s.send(func(b []byte) []byte { return reply(b, &st) })
	case raw[1] == 'i':
		s.mu.Lock()
		c := s.answers[string(st.ID)]
		delete(s.answers, string(st.ID))
		s.mu.Unlock()
		if c != nil {
			c <- bytes.Clone(raw)
		}
	}
}

// reply takes roster pushes and knows nothing else.
func reply(b []byte, st *frame.Stanza) []byte {
	b = frame.AppendRaw(append(b, "<iq id='"...), st.ID)
	if st.From != nil {
		b = frame.AppendRaw(append(b, "' to='"...), st.From)
	}
	if string(st.Type) == "set" && bytes.Contains(st.Inner, []byte("jabber:iq:roster")) {
		return append(b, "' type='result'/>"...)
	}
	return append(b, "' type='error'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"...)
}

// send writes what f appends. A dead stream is the reader's to report.
func (s *seat) send(f func(b []byte) []byte) {
	s.write.Lock()
	defer s.write.Unlock()
	s.buf = f(s.buf[:0])
	_ = s.conn.SetWriteDeadline(time.Now().Add(writeTime)) // a server may stop reading
	_, _ = s.conn.Write(s.buf)
}

func (s *seat) say(xml string) { s.send(func(b []byte) []byte { return append(b, xml...) }) }

// ask sends an iq and waits for its answer, which has to be a result.
func (s *seat) ask(ctx context.Context, to, typ, payload string) ([]byte, error) {
	raw, err := s.query(ctx, to, typ, payload)
	var st frame.Stanza
	if err == nil && (!frame.Parse(raw, &st) || string(st.Type) != "result") {
		err = fmt.Errorf("ask %s: %s", to, raw)
	}
	return raw, err
}

// query sends an iq and waits for its answer, whatever it is.
func (s *seat) query(ctx context.Context, to, typ, payload string) ([]byte, error) {
	answer := make(chan []byte, 1)
	s.mu.Lock()
	s.id++
	id := "b" + strconv.Itoa(s.id)
	s.answers[id] = answer
	err := s.err
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	head := "<iq id='" + id + "' type='" + typ + "'"
	if to != "" {
		head += " to='" + to + "'"
	}
	s.say(head + ">" + payload + "</iq>")
	select {
	case raw, ok := <-answer:
		if !ok {
			return nil, s.lost()
		}
		return raw, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("ask %s: %w", to, ctx.Err())
	}
}

// await says what to wait for among all that comes from now on.
func (s *seat) await(match func(raw []byte) bool) (met <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expect, s.met = match, make(chan struct{})
	return s.met
}

func (s *seat) lost() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// harvest adds what came to t and begins anew.
func (s *seat) harvest(t *tally) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t.join(&s.tally)
	s.tally = tally{}
}

// owed is how many states of others the watcher does not hold, and lets him
// hold them.
func (s *seat) owed() (n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.last {
		if m := s.first + i; m != s.member {
			n += int64(s.board.next[m] - s.last[i])
			s.last[i] = s.board.next[m]
		}
	}
	return n
}

// close cuts the stream.
func (s *seat) close() {
	_ = s.conn.SetDeadline(time.Now())
	_ = s.conn.Close()
	<-s.done
}
