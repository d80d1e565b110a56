package component

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-xmpp/rollcall/store"
)

// run gives an attached link to f, with a server that does not answer markers
// unless told to, and ends it.
func run(t *testing.T, cfg func(*Config), f func(t *testing.T, l *Link, p *peer)) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		c := s.config()
		if cfg != nil {
			cfg(&c)
		}
		l, _, stop := start(t, c)
		p := s.accept(t, "")
		p.mute.Store(true)
		synctest.Wait()
		f(t, l, p)
		p.mute.Store(false)
		p.ack()
		if err := p.leave(stop); err != nil {
			t.Errorf("Run = %v", err)
		}
	})
}

func TestControlOvertakesBulk(t *testing.T) {
	run(t, nil, func(t *testing.T, l *Link, p *peer) {
		p.ack()
		l.Out.Ready(&talker{name: "bulk", left: 2000, size: 1000}) // 2 MB
		got := p.drain()
		if n := len(got); n < 120 || n > 132 {
			t.Fatalf("%d stanzas of 1000 bytes went out on a credit of 128 KiB", n)
		}
		p.ping("now") // nothing else comes before the answer
		if s := l.Out.Stats(); s.Waiting != 1 || s.Unacked != len(got)*1000 {
			t.Errorf("while waiting for credit: %+v", s)
		}
		total := len(got)
		for total < 2000 {
			p.ack()
			more := p.drain()
			if len(more) == 0 {
				t.Fatalf("stopped after %d: %+v", total, l.Out.Stats())
			}
			total += len(more)
		}
		if s := l.Out.Stats(); total != 2000 || s.BulkBytes != 2_000_000 || s.Waiting != 0 {
			t.Errorf("%d stanzas, %+v", total, s)
		}
	})
}

// A giant does not keep the others from their turn.
func TestTurnsAreFair(t *testing.T) {
	run(t, func(c *Config) { c.Slice = 8 << 10 }, func(t *testing.T, l *Link, p *peer) {
		p.mute.Store(false)
		p.ack()
		l.Out.Hold(true)
		l.Out.Ready(&talker{name: "giant", left: 5000, size: 500})
		for i := range 3 {
			l.Out.Ready(&talker{name: "small" + strconv.Itoa(i), left: 1, size: 200})
		}
		if got := p.drain(); len(got) > 0 {
			t.Fatalf("held bulk came: %v", got)
		}
		p.ping("held")
		l.Out.Hold(false)
		got := p.drain()
		last := slices.Index(got, "small2")
		if len(got) != 5003 || last < 0 || last > 2*(8<<10)/500 {
			t.Errorf("%d stanzas, the last small one at %d", len(got), last)
		}
	})
}

// An answer that comes while bulk is rendered does not wait for all of it.
func TestControlEndsTheTurns(t *testing.T) {
	run(t, nil, func(t *testing.T, l *Link, p *peer) {
		p.ack()
		l.Out.Hold(true)
		l.Out.Ready(turnFunc(func(b []byte, _ int) ([]byte, bool) {
			l.Out.Control(func(b []byte) []byte { return appendBulk(b, "control", 50) })
			return appendBulk(b, "first", 50), false
		}).bulk())
		l.Out.Ready(&talker{name: "second", left: 1, size: 50})
		l.Out.Hold(false)
		if got := fmt.Sprint(p.drain()); got != "[first control second]" {
			t.Errorf("got %v", got)
		}
	})
}

// Many small ones share a write.
func TestTurnsShareAWrite(t *testing.T) {
	run(t, nil, func(t *testing.T, l *Link, p *peer) {
		p.mute.Store(false)
		p.ack()
		l.Out.Hold(true)
		for i := range 50 {
			l.Out.Ready(&talker{name: strconv.Itoa(i), left: 1, size: 200})
		}
		synctest.Wait()
		before := l.Out.Stats().Writes
		l.Out.Hold(false)
		got := p.drain()
		if n := l.Out.Stats().Writes - before; n != 1 || len(got) != 50 || got[49] != "49" {
			t.Errorf("%d writes for %v", n, got)
		}
	})
}

func TestReadyIsOncePerTurn(t *testing.T) {
	run(t, nil, func(t *testing.T, l *Link, p *peer) {
		var turns atomic.Int32
		var self Bulk
		self = turnFunc(func(b []byte, _ int) ([]byte, bool) {
			if turns.Add(1) == 1 {
				l.Out.Ready(self) // during its turn: one more
				l.Out.Ready(self)
			}
			return b, false
		}).bulk()
		l.Out.Hold(true)
		for range 10 {
			l.Out.Ready(self)
		}
		if s := l.Out.Stats(); s.Waiting != 1 {
			t.Errorf("%d wait", s.Waiting)
		}
		l.Out.Hold(false)
		synctest.Wait()
		if n := turns.Load(); n != 2 {
			t.Errorf("%d turns", n)
		}
	})
}

// What waits for credit is rendered when there is credit, from what is so then.
func TestLateRendering(t *testing.T) {
	run(t, nil, func(t *testing.T, l *Link, p *peer) {
		p.ack()
		l.Out.Ready(&talker{name: "bulk", left: 1000, size: 1000})
		p.drain()
		var state atomic.Int32
		b := turnFunc(func(b []byte, _ int) ([]byte, bool) {
			return appendBulk(b, "state"+strconv.Itoa(int(state.Load())), 100), false
		}).bulk()
		for range 100 {
			state.Add(1)
			l.Out.Ready(b)
		}
		p.mute.Store(false)
		p.ack()
		got := slices.DeleteFunc(p.drain(), func(s string) bool { return s == "bulk" })
		if fmt.Sprint(got) != "[state100]" {
			t.Errorf("got %v", got)
		}
	})
}

// Never more than the window is on its way, whatever turns and answers do.
func TestWindowIsNeverExceeded(t *testing.T) {
	for seed := range uint64(30) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		window := 1 << (10 + rnd.IntN(9))
		cfg := func(c *Config) { c.Window, c.Slice = window, window>>rnd.IntN(4) }
		run(t, cfg, func(t *testing.T, l *Link, p *peer) {
			left := 200 // the writer's, but when all is quiet
			size, sizes := 1+window/20, rand.New(rand.NewPCG(seed, 2))
			for range 5 {
				l.Out.Ready(turnFunc(func(b []byte, budget int) ([]byte, bool) {
					for from := len(b); left > 0; left-- {
						n := max(30, sizes.IntN(size))
						if len(b)-from+n > budget {
							break
						}
						b = appendBulk(b, "x", n)
					}
					return b, left > 0
				}).bulk())
			}
			for p.drain(); left > 0; {
				before := left
				for rnd.IntN(3) > 0 {
					p.drain()
				}
				p.ack()
				if p.drain(); left == before { // stuck
					break
				}
			}
			if s := l.Out.Stats(); left > 0 || p.most > window || p.most < window/2 || s.Unacked > window {
				t.Errorf("seed %d: %d left, at most %d of %d unacknowledged: %+v", seed, left, p.most, window, s)
			}
		})
	}
}

func TestControlBound(t *testing.T) {
	o := newOutbox(NewLink(Config{Domain: "d"}).cfg)
	add := func(b []byte) []byte { return append(b, make([]byte, 1<<20)...) }
	if o.Control(add) {
		t.Error("took control without a connection")
	}
	o.attach()
	n := 0
	for ; n < 100 && o.Control(add); n++ {
	}
	if n != 8 {
		t.Errorf("took %d MiB", n)
	}
	k := &talker{name: "x", left: 1, size: 50}
	o.Ready(k)
	o.detach()
	if s := o.Stats(); s.Control != 0 || s.Waiting != 1 || s.Refused != 2 {
		t.Errorf("after the end: %+v", s)
	}
	o.attach()
	o.finish()
	if o.Control(add) {
		t.Error("took control behind the end of the stream")
	}
}

// Who must not be shown any more is taken back although the control lane is full,
// before anybody is shown again; and before the stream ends.
func TestOwed(t *testing.T) {
	s := NewService(ServiceConfig{Store: store.Memory(), Link: Config{Domain: "groups.example.org"}})
	o := s.Link.Out
	gone := func(who string) { (&outlet{s}).Gone("team", who+"@example.org", []string{"bob@example.org"}) }
	next := func() string {
		t.Helper()
		r, err := o.round()
		if err != nil {
			t.Fatal(err)
		}
		defer o.recycle(r.b)
		return string(r.b)
	}
	gone("unconnected")
	o.attach()
	for range 2 {
		for o.Control(func(b []byte) []byte { return append(b, make([]byte, 1<<20)...) }) {
		}
		k := &talker{name: "x", left: 1, size: 50}
		o.Ready(k)
		gone("ann")
		gone("cid")
		if first := next(); strings.Contains(first, "unavailable") || strings.Contains(first, "unconnected") || len(first) < controlBound || k.left != 1 {
			t.Fatalf("first %d bytes, %d of bulk left", len(first), k.left)
		}
		second := next()
		ann, cid, end := strings.Index(second, "to='ann@example.org'"), strings.Index(second, "to='cid@example.org'"), strings.LastIndex(second, "unavailable")
		if ann < 0 || cid < ann || end < cid || k.left != 0 || len(second)-end < 50 {
			t.Fatalf("then %s", second)
		}
	}
	for o.Control(func(b []byte) []byte { return append(b, make([]byte, 1<<20)...) }) {
	}
	gone("ann")
	o.finish()
	next()
	if last := next(); !strings.Contains(last, "to='ann@example.org'") || !strings.HasSuffix(last, streamEnd) {
		t.Errorf("last %s", last)
	}
	o.detach()
	if o.owed != nil {
		t.Error("something is owed without a connection")
	}
}

// The room of a great burst of control is given back.
func TestControlBufferShrinks(t *testing.T) {
	o := newOutbox(NewLink(Config{Domain: "d"}).cfg)
	o.attach()
	for range 6 {
		o.Control(func(b []byte) []byte { return append(b, make([]byte, 1<<20)...) })
	}
	for range 2 { // both buffers
		r, err := o.round()
		if err != nil {
			t.Fatal(err)
		}
		o.recycle(r.b)
	}
	if cap(o.control) > keepBuffer || cap(o.spare) > keepBuffer {
		t.Errorf("keeps %d and %d bytes", cap(o.control), cap(o.spare))
	}
}

func TestKeepaliveAndStuckServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		cfg := s.config()
		l, h, stop := start(t, cfg)
		p := s.accept(t, "")
		time.Sleep(10*time.Minute + time.Second) // of the test's own clock: nobody waits
		synctest.Wait()
		if n := l.Out.Stats().Markers; n != 11 {
			t.Errorf("%d markers in ten idle minutes", n)
		}
		p.mute.Store(true)
		time.Sleep(2 * time.Minute) // of the test's own clock: nobody waits
		p.conn.Close()
		p = s.accept(t, "")
		if len(h.ends) != 1 || h.ends[0] != ErrStuck {
			t.Errorf("ended with %v", h.ends)
		}
		p.ping("again")
		p.leave(stop)
	})
}

// Between connections control is lost, bulk is not.
func TestOutboxOutlivesConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		l, _, stop := start(t, s.config())
		p := s.accept(t, "")
		p.ping("1")
		p.conn.Close()
		synctest.Wait()
		l.Out.Ready(&talker{name: "kept", left: 1, size: 50})
		if l.Out.Control(func(b []byte) []byte { return append(b, "<lost/>"...) }) {
			t.Error("took control without a connection")
		}
		p = s.accept(t, "")
		if got := bulkName(p.next()); got != "kept" {
			t.Errorf("got %s", got)
		}
		p.leave(stop)
	})
}

// Everybody at once, for the race detector.
func TestOutboxRace(t *testing.T) {
	s := newServer()
	l, _, stop := start(t, s.config())
	p := s.accept(t, "")
	p.ping("1")
	var wg sync.WaitGroup
	var said, answered atomic.Int64
	for g := range 8 {
		wg.Go(func() {
			b := turnFunc(func(b []byte, _ int) ([]byte, bool) {
				said.Add(1)
				return appendBulk(b, "bulk", 300), false
			}).bulk()
			for i := range 500 {
				l.Out.Ready(b)
				if l.Out.Control(func(b []byte) []byte { return appendBulk(b, "control", 100) }) {
					answered.Add(1)
				}
				l.Out.Hold(i%50 == 0 && g == 0)
				l.Out.Stats()
			}
			l.Out.Hold(false)
		})
	}
	bulk, control := int64(0), int64(0)
	for control < 8*500 || bulk < said.Load() || l.Out.Stats().Waiting > 0 {
		switch bulkName(p.next()) {
		case "bulk":
			bulk++
		case "control":
			control++
		}
	}
	wg.Wait()
	if answered.Load() != control {
		t.Errorf("%d control stanzas accepted, %d came", answered.Load(), control)
	}
	p.leave(stop)
}
