package component

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// id returns the id of a marker stanza.
func markerID(b []byte) string {
	_, rest, _ := strings.Cut(string(b), "id='")
	id, _, _ := strings.Cut(rest, "'")
	return id
}

// The account agrees with one kept by hand, whatever is answered when.
func TestCredit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := credit{window: 1000, least: 1000, most: 1000, keepalive: time.Minute, patience: time.Minute}
		c.address("a", "b")
		c.reset()
		type sent struct {
			id  string
			off int64
			at  time.Time
		}
		now := time.Unix(1000, 0)
		var open []sent
		var old []string
		var total, acked int64
		if !c.due(now) {
			t.Fatal("no marker at the beginning")
		}
		t.Repeat(map[string]func(*rapid.T){
			"bulk": func(t *rapid.T) {
				n := rapid.IntRange(0, 200).Draw(t, "n")
				c.sent += int64(n)
				total += int64(n)
				if c.due(now) {
					id := markerID(c.appendMark(nil, now))
					open = append(open, sent{id, total, now})
				}
			},
			"answer": func(t *rapid.T) {
				if len(open) == 0 {
					return
				}
				i := rapid.IntRange(0, len(open)-1).Draw(t, "i")
				now = now.Add(time.Millisecond)
				if !c.ack([]byte("b"), []byte(open[i].id), now) || c.rtt != now.Sub(open[i].at) {
					t.Fatalf("answer to %v not taken, rtt %v", open[i], c.rtt)
				}
				acked = open[i].off
				for _, s := range open[:i+1] {
					old = append(old, s.id)
				}
				open = open[i+1:]
			},
			"stale answer": func(t *rapid.T) {
				for _, id := range append(old, "", "1", c.prefix, c.prefix+"0", c.prefix+strings.Repeat("1", 30)) {
					if c.ack([]byte("b"), []byte(id), now) {
						t.Fatalf("took the answer %q", id)
					}
				}
			},
			"new connection": func(*rapid.T) {
				c.reset()
				for _, s := range open {
					old = append(old, s.id)
				}
				open, acked = nil, total
			},
			"": func(t *rapid.T) {
				if c.free() != 1000-int(total-acked) {
					t.Fatalf("free %d, want %d", c.free(), 1000-int(total-acked))
				}
				if len(open) > 0 && !c.wake().Equal(open[0].at.Add(time.Minute)) {
					t.Fatalf("wake at %v", c.wake())
				}
				if c.stuck(now) {
					t.Fatal("stuck")
				}
			},
		})
	})
}

func TestCreditIDsAreNew(t *testing.T) {
	c := credit{}
	c.reset()
	first := c.prefix
	if c.reset(); c.prefix == first || len(first) < 20 {
		t.Errorf("ids begin with %q, then %q", first, c.prefix)
	}
}

func TestMarkerStanza(t *testing.T) {
	o := newOutbox(NewLink(Config{Domain: "groups.example.org", ServerHost: "it's"}).cfg)
	o.attach()
	b := string(o.credit.appendMark(nil, time.Now()))
	if !strings.HasPrefix(b, "<iq type='get' from='groups.example.org' to='it&apos;s' id='") ||
		!strings.HasSuffix(b, "-1'><ping xmlns='urn:xmpp:ping'/></iq>") {
		t.Errorf("marker %s", b)
	}
}

// The window holds what the server deals with in the time of backlog, within
// its bounds.
func TestWindowFollowsTheServer(t *testing.T) {
	c := credit{least: 64 << 10, most: 256 << 10}
	c.address("a", "b")
	c.reset()
	now := time.Unix(1000, 0)
	// full has the server deal with a whole window, or a part of one, at that rate.
	full := func(bytesPerSecond, part int) {
		n := c.free() / part
		c.sent += int64(n)
		id := markerID(c.appendMark(nil, now))
		now = now.Add(time.Duration(n) * time.Second / time.Duration(bytesPerSecond))
		if !c.ack([]byte("b"), []byte(id), now) {
			t.Fatal("an answer was not taken")
		}
	}
	for _, x := range []struct{ rate, from, to int }{
		{1 << 30, 250 << 10, 256 << 10}, {16 << 20, 125 << 10, 135 << 10}, {1 << 20, 64 << 10, 66 << 10}, {1 << 10, 64 << 10, 66 << 10},
		{20 << 20, 155 << 10, 165 << 10},
	} {
		for range 20 {
			full(x.rate, 1)
		}
		if c.window < x.from || c.window > x.to {
			t.Errorf("the window is %d bytes for a server that does %d a second", c.window, x.rate)
		}
		window := c.window
		full(1<<30, 4)
		full(1<<10, 4)
		if c.window != window {
			t.Errorf("a small load made a window of %d bytes one of %d", window, c.window)
		}
	}
	if c.reset(); c.window != c.least {
		t.Errorf("a new connection begins with %d bytes", c.window)
	}
}
