package directory

import (
	"errors"
	"net"
	"sync"
	"time"
)

// What may come.
const (
	maxReading  = 64 << 20 // bytes of one reading
	maxElements = 4 << 20  // values and what holds them, of one reading
	maxMessage  = 32 << 20 // bytes of one message: an entry
	maxParts    = 1 << 18  // elements of one message
	maxChat     = 1 << 20  // bytes, and elements, of what is said beside readings
)

// meter is a connection that ends when more comes than may. The library bounds
// neither how large a message is nor how many come, and of an element (BER, X.690
// §8.1) that has two bytes on the wire it makes hundreds.
type meter struct {
	net.Conn
	timeout time.Duration // of a write

	mu       sync.Mutex
	bytes    int // that may still come
	elements int
	why      error // why we ended it

	// Only Read uses these.
	message int  // bytes of this message that are still to come; 0 = the next begins
	parts   int  // elements of it
	skip    int  // bytes of a value that are still to come
	at      spot // in an element's header
	inner   bool // it stands within a message
	nested  bool // it holds others
	length  int
	more    int // bytes of the length that are still to come
}

type spot byte

const (
	atTag spot = iota
	inTag
	atLength
	inLength
)

var (
	errTooMuch = errors.New("the directory sends more than can be taken in")
	errLate    = errors.New("the directory takes too long")
)

// fill says how much may come from now on.
func (m *meter) fill(bytes, elements int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bytes, m.elements = bytes, elements
}

// end ends the connection.
func (m *meter) end(why error) {
	m.mu.Lock()
	m.why = why
	m.mu.Unlock()
	_ = m.Close()
}

// Read implements [net.Conn].
func (m *meter) Read(p []byte) (int, error) {
	n, err := m.Conn.Read(p)
	elements, ok := m.count(p[:n])
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bytes, m.elements = m.bytes-n, m.elements-elements
	switch {
	case m.why != nil:
		return 0, m.why
	case !ok || m.bytes < 0 || m.elements < 0:
		return 0, errTooMuch
	}
	return n, err
}

// Write implements [net.Conn].
func (m *meter) Write(p []byte) (int, error) {
	if err := m.SetWriteDeadline(time.Now().Add(m.timeout)); err != nil {
		return 0, err
	}
	return m.Conn.Write(p)
}

// count counts the elements that begin in p; ok is false if they make no
// message that may come. What an element holds are elements, so nobody has to
// remember where it ends.
func (m *meter) count(p []byte) (elements int, ok bool) {
	for len(p) > 0 {
		if m.skip > 0 {
			n := min(m.skip, len(p))
			m.skip, m.message, p = m.skip-n, m.message-n, p[n:]
			continue
		}
		b := p[0]
		p = p[1:]
		if m.at == atTag {
			m.inner = m.message > 0
		}
		if m.inner {
			m.message--
		}
		whole, ok := m.head(b)
		if whole {
			elements++
			ok = m.begin()
		}
		if !ok || m.inner && m.message == 0 && m.at != atTag {
			return elements, false
		}
	}
	return elements, true
}

// head takes a byte of a header; whole says that it was the last one.
func (m *meter) head(b byte) (whole, ok bool) {
	switch m.at {
	case atTag:
		m.nested = b&0x20 != 0
		if m.at = atLength; b&0x1f == 0x1f {
			m.at = inTag
		}
	case inTag:
		if b&0x80 == 0 {
			m.at = atLength
		}
	case atLength:
		if b < 0x80 {
			m.length, m.at = int(b), atTag
			return true, true
		}
		// LDAP has no lengths that are not told (RFC 4511 §5.1).
		m.length, m.more, m.at = 0, int(b&0x7f), inLength
		return false, m.more >= 1 && m.more <= 4
	case inLength:
		m.length = m.length<<8 | int(b)
		if m.more--; m.more == 0 {
			m.at = atTag
		}
		return m.more == 0, m.length <= maxMessage
	}
	return false, true
}

// begin is called behind the header of an element.
func (m *meter) begin() bool {
	if !m.inner {
		m.message, m.parts = m.length, 1
		return m.nested && m.length <= maxMessage
	}
	if m.parts++; !m.nested {
		m.skip = m.length
	}
	return m.length <= m.message && m.parts <= maxParts
}
