package component_test

import (
	"bytes"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// crowd is a group of many members, some of whom are real clients that
// subscribe to its presence. The others only speak, through the service
// itself, for the server's part of the way in is not what is measured.
type crowd struct {
	*scene
	group *roster.Group
	jids  [][]byte
	// Of all clients together: events and bytes received, and when the last
	// one came.
	events, bytes, last atomic.Int64
}

func newCrowd(b *testing.B, members, watchers int) *crowd {
	c := &crowd{scene: stage(b, house.Server(b, "prosody"))}
	rec := &roster.GroupRecord{Name: "crowd" + c.suffix}
	for i := range members {
		jid := fmt.Sprintf("user%04d%s@%s", i, c.suffix, c.server.Host())
		rec.Members = append(rec.Members, roster.MemberRecord{JID: jid, Affiliation: roster.Plain, Ask: roster.Granted})
		c.jids = append(c.jids, []byte(jid))
	}
	c.check(c.Roster.CreateGroup(c.ctx, rec))
	c.group = c.Roster.Loaded([]byte(rec.Name))
	for i := range watchers {
		user := fmt.Sprintf("user%04d", i)
		c.account(user)
		client := c.connect(user, "w", lab.ClientOptions{OnStanza: c.receive})
		c.check(client.Send("<presence/>"))
		jid := client.JID()
		if _, err := c.group.Subscribe(c.ctx, string(c.jids[i]), jid, roster.NodePresence, nil); err != nil {
			b.Fatal(err)
		}
	}
	c.settle()
	return c
}

func (c *crowd) receive(raw []byte) {
	if bytes.HasPrefix(raw, []byte("<message")) {
		c.events.Add(1)
		c.bytes.Add(int64(len(raw)))
		c.last.Store(time.Now().UnixNano())
	}
}

// say lets one member change his state.
func (c *crowd) say(member, round int) {
	p := roster.Presence{Show: roster.Show(1 + round%5), Status: fmt.Appendf(nil, "Round %d of the day", round)}
	c.group.Hear(c.jids[member], []byte("r"), &p)
}

// BenchmarkPingDuringFanout asks the service for a pong while a group of 200,
// in which somebody changes every millisecond, fans out to 200 subscribers as
// fast as Prosody takes it: 200,000 notifications a second are due.
func BenchmarkPingDuringFanout(b *testing.B) {
	c := newCrowd(b, 200, 200)
	c.account("asker")
	asker := c.connect("asker", "r", lab.ClientOptions{})
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for round := 0; ; round++ {
			select {
			case <-stop:
				return
			case <-tick.C:
				c.say(round%len(c.jids), round)
			}
		}
	}()
	var took []time.Duration
	before, began := c.events.Load(), time.Now()
	for b.Loop() {
		t := time.Now()
		c.check(asker.FenceVia(c.ctx, c.server.ComponentDomain()))
		took = append(took, time.Since(t))
	}
	rate := float64(c.events.Load()-before) / time.Since(began).Seconds()
	close(stop)
	<-stopped
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(rate, "events/s")
	c.settle()
}

// BenchmarkBurstThroughProsody lets 1,000 members change at once and measures
// until 100 subscribers have the last byte of it.
func BenchmarkBurstThroughProsody(b *testing.B) {
	const watchers = 100
	c := newCrowd(b, 1000, watchers)
	before := c.bytes.Load()
	round := 0
	var wall time.Duration
	for b.Loop() {
		began := time.Now()
		for m := range c.jids {
			c.say(m, round)
		}
		round++
		c.settle()
		wall += time.Unix(0, c.last.Load()).Sub(began)
	}
	b.ReportMetric(float64(c.bytes.Load()-before)/float64(round)/watchers, "B/watcher")
	b.ReportMetric(float64(wall.Milliseconds())/float64(round), "ms-to-last-byte")
}
