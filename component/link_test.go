package component

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestStreamErrorEndsTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		_, h, stop := start(t, s.config())
		for _, c := range []struct{ said, want string }{
			{"<stream:error><conflict" + inStreams + "/></stream:error></stream:stream>", "stream error conflict"},
			{"<stream:error><system-shutdown" + inStreams + "/><text" + inStreams + ">Bye &amp; thanks</text></stream:error>",
				"stream error system-shutdown: Bye & thanks"},
			{"<stream:error/>", "stream error undefined-condition"},
			{"<stream:error><x xmlns='urn:x'><conflict" + inStreams + "/></x><text xmlns='urn:x'>y</text></stream:error>",
				"stream error undefined-condition"},
			{"</stream:stream>", "the server ended the stream"},
			{"<!-- -->", "read stanzas: frame: comment, processing instruction or DTD in stream"},
			{"<message", "read stanzas: unexpected EOF"},
			{"", "the server ended the stream"},
		} {
			p := s.accept(t, "")
			p.ping("1")
			io.WriteString(p.conn, c.said) // the rest may find nobody
			p.conn.Close()
			synctest.Wait()
			if n := len(h.ends); n == 0 || h.ends[n-1] == nil || h.ends[n-1].Error() != c.want {
				t.Errorf("after %q: %v", c.said, h.ends)
			}
		}
		stop()
	})
}

// The reason that the server gave is better than the write that failed.
func TestStreamErrorBesideFailedWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		l := NewLink(newServer().config())
		ended := make(chan error)
		h := &life{link: l}
		go func() { ended <- l.serve(t.Context(), &halfDead{Conn: ours}, h) }()
		synctest.Wait() // the write has failed
		write(t, theirs, "<stream:error><policy-violation"+inStreams+"/></stream:error>")
		var said *StreamError
		if err := <-ended; !errors.As(err, &said) || said.Condition != "policy-violation" {
			t.Errorf("ended with %v", err)
		}
	})
}

// halfDead is a connection whose writes fail, at once.
type halfDead struct{ net.Conn }

func (halfDead) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestReconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		_, h, stop := start(t, s.config())
		attached := 0
		// Attached's context ends with its connection.
		var last context.Context
		h.attached = func(ctx context.Context) {
			attached++
			if last != nil && last.Err() == nil {
				t.Error("the old connection's context lives on")
			}
			last, h.ctx = ctx, ctx
		}
		began := time.Now()
		for i := range 12 {
			p := s.accept(t, "")
			p.ping(fmt.Sprint(i))
			p.conn.Close()
		}
		// 0.5, 1, 2, 4, 8, 16, 30, 30 … seconds, half of each by chance.
		if d := time.Since(began); d < 90*time.Second || d > 185*time.Second {
			t.Errorf("twelve short connections in %v", d)
		}
		p := s.accept(t, "")
		time.Sleep(steady) // of the test's own clock: nobody waits
		p.conn.Close()
		began = time.Now()
		p = s.accept(t, "")
		if d := time.Since(began); d > firstWait {
			t.Errorf("back after %v, though all was well for a minute", d)
		}
		p.ping("last") // the connection before this one has ended altogether
		if !h.ctxEnded {
			t.Error("detached before the context ended")
		}
		if attached != 14 || len(h.ends) != 13 {
			t.Errorf("attached %d times, detached %d", attached, len(h.ends))
		}
		if err := p.leave(stop); err != nil || h.ends[13] != nil || last.Err() == nil {
			t.Errorf("Run = %v, ended with %v", err, h.ends)
		}
		p.conn.Close()
	})
}

func TestShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		l, h, stop := start(t, s.config())
		p := s.accept(t, "")
		p.ping("1")
		h.leaving = func() {
			l.Out.Hold(false)
			l.Out.Ready(&talker{name: "later", left: 1, size: 50})
			synctest.Wait()
			l.Out.Control(func(b []byte) []byte { return append(b, "<presence type='unavailable'/>"...) })
		}
		l.Out.Hold(true) // until we leave
		l.Out.Ready(&talker{name: "late", left: 1, size: 50})
		done := make(chan error)
		go func() { done <- stop() }()
		p.expect("<presence type='unavailable'/>")
		p.expect("")
		if p.end.Error() != "frame: end of stream" {
			t.Errorf("our stream ended with %v", p.end)
		}
		// Until its own end the server is heard, but not answered.
		p.send("<message from='a@example.org' to='groups.example.org'/>" + pingFrom("2"))
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatalf("left before the server did: %v", err)
		default:
		}
		p.send("</stream:stream>")
		if err := <-done; err != nil || len(h.heard) != 3 || len(h.ends) != 1 || h.ends[0] != nil {
			t.Errorf("Run = %v, heard %q, ended with %v", err, h.heard, h.ends)
		}
		p.conn.Close()
	})
}

// A server that does not play along costs the time of grace, no more.
func TestShutdownOfStuckServer(t *testing.T) {
	for what, reads := range map[string]bool{"reads on": true, "stopped reading": false} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer()
			l, _, stop := start(t, s.config())
			conn := <-s.conns
			r := greet(t, conn)
			r.ReadString('/')
			r.ReadString('>')
			write(t, conn, "<handshake/>")
			if reads {
				go io.Copy(io.Discard, conn)
			}
			synctest.Wait()
			l.Out.Control(func(b []byte) []byte { return append(b, "<presence/>"...) })
			began := time.Now()
			if err := stop(); err != nil || time.Since(began) != 5*time.Second {
				t.Errorf("%s: Run = %v after %v", what, err, time.Since(began))
			}
			conn.Close()
		})
	}
}

// Only the server's word counts, and only to us.
func TestForgedMarkerAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		l, _, stop := start(t, s.config())
		p := s.accept(t, "")
		p.ping("0")
		p.mute.Store(true)
		l.Out.Ready(&talker{name: "x", left: 100, size: 1000})
		p.drain()
		unacked := l.Out.Stats().Unacked
		id := p.marks[len(p.marks)-1]
		for i, a := range []string{
			"from='mallory@example.org/r' to='groups.example.org'", "from='example.org' to='team@groups.example.org'",
			"from='example.org/r' to='groups.example.org'", "to='groups.example.org'", "from='example.org'",
		} {
			p.send("<iq type='result' id='" + id + "' " + a + "/>")
			p.ping(fmt.Sprint(i))
			if got := l.Out.Stats().Unacked; got != unacked {
				t.Errorf("took an answer %s: %d unacknowledged, had %d", a, got, unacked)
			}
		}
		p.ack()
		p.ping("last")
		if got := l.Out.Stats().Unacked; got >= unacked {
			t.Errorf("did not take the answer: %d unacknowledged", got)
		}
		p.leave(stop)
	})
}

func TestSelfMarker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		cfg := s.config()
		cfg.ServerHost = ""
		l, h, stop := start(t, cfg)
		p := s.accept(t, "")
		marker := p.next()
		if !strings.HasPrefix(marker, "<iq type='get' from='groups.example.org' to='groups.example.org' id='") {
			t.Fatalf("marker %s", marker)
		}
		time.Sleep(time.Second) // of the test's own clock: nobody waits
		p.send(marker)          // as a server routes it
		p.ping("1")
		if s := l.Out.Stats(); s.RTT != time.Second || len(h.heard) != 1 {
			t.Errorf("%+v, heard %q", s, h.heard)
		}
		p.leave(stop)
	})
}
