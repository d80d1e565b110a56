package component

import (
	"bytes"
	"crypto/rand"
	"strconv"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
)

// credit counts bulk that the server has not yet dealt with. A server handles
// one component's stream in order, so its answer to a ping, a marker, says that
// all before it was routed. Without this, seconds of bulk wait in the server
// behind a socket that took it all: what was true when it was rendered is not
// when it arrives, and a reply waits as long. Guarded by Outbox.mu.
//
// How much may wait there is a matter of time: what the server deals with in
// [backlog], as the last markers tell. A fast one is then asked less often, and
// written to in larger pieces; from a slow one an answer is not far away.
//
// A multicast service is somebody beside the server's router: of what went
// there only its own answer says that it was dealt with. It gets our stanzas by
// way of the router, so that its answer speaks for all before it; but the
// server's says nothing of it. So, as long as some of the bulk is there, all
// markers go there.
type credit struct {
	window      int // bytes
	least, most int // that it may be
	keepalive   time.Duration
	patience    time.Duration // for the answer to a marker

	sent, acked, marked int64 // bytes of bulk since the beginning
	marks               []mark
	last                time.Time // when the last marker left; zero: none yet
	head, tail          string    // of a marker stanza, around its id
	own                 string    // of the ids of this process
	prefix              string    // the same, with what is new for every connection
	seq                 uint64
	rtt                 time.Duration

	domain, server string // we, and who answers markers
	service        string // and who does so of what went there
	copied         int64  // bulk up to the last that went to the service
	hurry          bool   // somebody waits for that
}

// mark is a marker that was not yet answered.
type mark struct {
	seq  uint64
	off  int64 // bulk before it
	load int64 // how much of that was not yet dealt with
	at   time.Time
	to   string
}

// backlog is how long a server may work on what it holds of ours.
const backlog = 8 * time.Millisecond

// reset begins a new connection: what the old one left unanswered is lost.
func (c *credit) reset() {
	c.acked, c.marked, c.copied, c.hurry = c.sent, c.sent, c.sent, false
	c.marks, c.last, c.window = c.marks[:0], time.Time{}, c.least
	if c.own == "" {
		c.own = rand.Text() + "."
	}
	c.prefix = c.own + rand.Text() + "-"
}

// strange says whether id is that of a marker that another process has sent:
// somebody else is attached with our domain, and the server deals out between
// us what is for both.
func (c *credit) strange(id []byte) bool {
	head, digits, ok := bytes.Cut(id, []byte("-"))
	return ok && len(head) == len(c.prefix)-1 && len(digits) > 0 && len(bytes.Trim(digits, "0123456789")) == 0 &&
		head[len(c.own)-1] == '.' && !bytes.HasPrefix(head, []byte(c.own))
}

// free returns how many bytes of bulk may still be sent.
func (c *credit) free() int { return c.window - int(c.sent-c.acked) }

// due reports whether a marker should go out.
func (c *credit) due(now time.Time) bool {
	if c.sent-c.marked >= int64(c.window/2) || c.hurry && c.copied > c.marked {
		return true
	}
	return len(c.marks) == 0 && now.Sub(c.last) >= c.keepalive
}

// appendMark appends a marker stanza that stands behind all bulk added so far.
func (c *credit) appendMark(b []byte, now time.Time) []byte {
	c.seq++
	c.marked, c.last, c.hurry = c.sent, now, false
	head, to := c.head, c.server
	if c.copied > c.acked && c.service != "" {
		head, to = c.headTo(c.service), c.service
	}
	c.marks = append(c.marks, mark{c.seq, c.sent, c.sent - c.acked, now, to})
	b = append(b, head...)
	b = append(b, c.prefix...)
	b = strconv.AppendUint(b, c.seq, 10)
	return append(b, c.tail...)
}

// ack takes the answer from somebody to the marker with this id, and so to all
// before it. False: there is no such marker.
func (c *credit) ack(from, id []byte, now time.Time) bool {
	digits, ok := bytes.CutPrefix(id, []byte(c.prefix))
	if !ok || len(digits) > 20 {
		return false
	}
	var own [20]byte
	for i, m := range c.marks {
		if !bytes.Equal(strconv.AppendUint(own[:0], m.seq, 10), digits) || string(from) != m.to {
			continue
		}
		c.acked, c.rtt = m.off, now.Sub(m.at)
		c.fit(m.load)
		c.marks = append(c.marks[:0], c.marks[i+1:]...)
		return true
	}
	return false
}

// fit brings the window nearer to what the server does in the time of backlog;
// it has done load in the last rtt. A small load says nothing of it.
func (c *credit) fit(load int64) {
	if load < int64(c.window/2) {
		return
	}
	fits := c.most
	if c.rtt > 0 {
		fits = int(max(float64(c.least), min(float64(c.most), float64(load)*float64(backlog)/float64(c.rtt))))
	}
	c.window += (fits - c.window) / 4
}

// wake returns when due or stuck may change without anybody's doing.
func (c *credit) wake() time.Time {
	if len(c.marks) > 0 {
		return c.marks[0].at.Add(c.patience)
	}
	return c.last.Add(c.keepalive)
}

// stuck reports whether a marker went unanswered for too long.
func (c *credit) stuck(now time.Time) bool {
	return len(c.marks) > 0 && now.Sub(c.marks[0].at) >= c.patience
}

// address makes the marker stanza: a ping from the component's domain to host
// (XEP-0199 §4.2). A service that does not know it answers as well.
func (c *credit) address(domain, host string) {
	c.domain, c.server = domain, host
	c.head = c.headTo(host)
	c.tail = "'><ping xmlns='urn:xmpp:ping'/></iq>"
}

func (c *credit) headTo(host string) string {
	b := frame.AppendAttr([]byte("<iq type='get' from='"), c.domain)
	b = frame.AppendAttr(append(b, "' to='"...), host)
	return string(append(b, "' id='"...))
}
