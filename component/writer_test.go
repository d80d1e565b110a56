package component

import (
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// A server that does not even read is noticed by the write that does not end.
func TestBlockedWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLink(Config{Domain: "d", WriteTimeout: 3 * time.Second})
		ours, theirs := net.Pipe()
		defer theirs.Close()
		l.Out.attach()
		began := time.Now()
		err := l.Out.write(ours, nil)
		if d := time.Since(began); err == nil || d != 3*time.Second {
			t.Errorf("write ended after %v: %v", d, err)
		}
		ours.Close()
	})
}

// sink is a connection that swallows and whose server is always ready.
type sink struct {
	net.Conn
	o      *Outbox
	writes int
	until  func() bool
	stop   chan struct{}
}

func (k *sink) SetWriteDeadline(time.Time) error { return nil }

func (k *sink) Write(b []byte) (int, error) {
	k.writes++
	k.o.mu.Lock()
	if n := len(k.o.credit.marks); n > 0 {
		c := &k.o.credit
		c.acked, c.marks = c.marks[n-1].off, c.marks[:0]
	}
	k.o.mu.Unlock()
	if k.until() {
		close(k.stop)
		k.until = func() bool { return false }
	}
	return len(b), nil
}

// endless says one pre-rendered stanza until n were said.
type endless struct {
	stanza []byte
	n      int
}

func (e *endless) Doubt(int) {}

func (e *endless) Turn(b []byte, budget int) ([]byte, bool) {
	for from := len(b); e.n > 0 && len(b)-from < budget; e.n-- {
		b = append(b, e.stanza...)
	}
	return b, e.n > 0
}

func pump(n int) (writes int) {
	o := newOutbox(NewLink(Config{Domain: "groups.example.org", ServerHost: "example.org"}).cfg)
	e := &endless{stanza: appendBulk(nil, "x", 900), n: n}
	stop := make(chan struct{})
	k := &sink{o: o, stop: stop, until: func() bool { return e.n == 0 }}
	o.attach()
	o.Ready(e)
	o.write(k, stop)
	return k.writes
}

func BenchmarkOutbox(b *testing.B) {
	b.SetBytes(900)
	b.ReportAllocs()
	b.ResetTimer()
	pump(b.N)
}

func TestOutboxAllocations(t *testing.T) {
	pump(1)
	const n = 100_000
	if got := testing.AllocsPerRun(3, func() { pump(n) }); got > n/1000 {
		t.Errorf("%v allocations for %d stanzas", got, n)
	}
	if w := pump(n); w < n*900/(70<<10) || w > n*900/(30<<10) {
		t.Errorf("%d writes for %d bytes", w, n*900)
	}
}
