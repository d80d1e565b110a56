package component

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// drain is a server that costs next to nothing: over real TCP it takes what
// comes, answers what has to be answered, and counts what watchers are told.
type drain struct {
	svc     *Service
	conn    net.Conn
	members int
	left    atomic.Int64  // notifications that are still to come
	bulk    atomic.Int64  // bytes of notifications that came
	told    chan struct{} // there are none
	pongs   chan struct{}
	in, out []byte
	jids    []string
	rounds  []int // how often each has changed
}

// newDrain runs a service with a group of so many members, all of whom are there
// and watch, until the test is over.
func newDrain(t testing.TB, members int) *drain {
	t.Helper()
	d := &drain{members: members, told: make(chan struct{}, 1), pongs: make(chan struct{}, 1), rounds: make([]int, members)}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	cfg := newServer().config()
	cfg.Addr, cfg.Dial, cfg.Window = listener.Addr().String(), nil, 0
	d.svc = NewService(ServiceConfig{Link: cfg, Store: store.Memory(), Limits: Limits{ChangeRate: -1}})
	d.watch(t)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	over, read := make(chan error, 1), make(chan struct{})
	go func() { over <- d.svc.Run(ctx) }()
	if d.conn, err = listener.Accept(); err != nil {
		t.Fatal(err)
	}
	r := greet(t, d.conn)
	for range 2 {
		if _, err := r.ReadString('>'); err != nil {
			t.Fatal(err)
		}
	}
	write(t, d.conn, "<handshake/>")
	go func() {
		defer close(read)
		d.read(frame.NewReader(r, 1<<20, 100))
	}()
	t.Cleanup(func() {
		stop()
		<-read
		d.conn.Close()
		if err := <-over; err != nil {
			t.Error(err)
		}
	})
	for m := range members {
		d.say(m)
	}
	if err := d.svc.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	return d
}

// watch makes the group.
func (d *drain) watch(t testing.TB) {
	t.Helper()
	rec := &roster.GroupRecord{Name: "team"}
	for m := range d.members {
		d.jids = append(d.jids, fmt.Sprintf("user%04d@%s", m, testHost))
		rec.Members = append(rec.Members, roster.MemberRecord{JID: d.jids[m], Affiliation: roster.Plain, Ask: roster.Granted})
	}
	if err := d.svc.Roster.CreateGroup(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	wanted := policy.Receiving{Attributes: policy.Availability | policy.Show | policy.Status}
	for _, m := range rec.Members {
		if _, err := d.svc.Roster.Loaded([]byte(rec.Name)).Subscribe(t.Context(), m.JID, m.JID, roster.NodePresence, &wanted); err != nil {
			t.Fatal(err)
		}
	}
}

// read takes what the service sends until its end.
func (d *drain) read(in *frame.Reader) {
	var st frame.Stanza
	for {
		raw, err := in.Next()
		if err != nil {
			fmt.Fprint(d.conn, "</stream:stream>")
			return
		}
		if !frame.Parse(raw, &st) {
			continue
		}
		switch asks := string(st.Type) == "get" || string(st.Type) == "set"; {
		case raw[1] == 'm':
			d.bulk.Add(int64(len(raw)))
			if d.left.Add(-1) == 0 {
				d.told <- struct{}{}
			}
		case string(st.ID) == "ping":
			d.pongs <- struct{}{}
		case raw[1] == 'i' && asks:
			d.answer(&st)
		}
	}
}

// answer says to a ping that it came, and to everything else that there is
// nothing of the kind.
func (d *drain) answer(st *frame.Stanza) {
	typ, end := "result", "'/>"
	if string(st.To) != testHost {
		typ, end = "error", "'><error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
	}
	b := append(append(append(d.out[:0], "<iq type='"...), typ...), "' from='"...)
	b = append(append(append(b, st.To...), "' to='"...), st.From...)
	b = append(append(append(b, "' id='"...), st.ID...), end...)
	d.out = b
	_, _ = d.conn.Write(b) // who is gone reads nothing either
}

// say lets a member change his state.
func (d *drain) say(member int) {
	d.rounds[member]++
	b := append(append(d.in[:0], "<presence from='"...), d.jids[member]...)
	b = append(b, "/desk' to='team@"+testDomain+"'><show>away</show><status>At work for the "...)
	d.in = append(strconv.AppendInt(b, int64(d.rounds[member]), 10), ". time</status></presence>"...)
	_, _ = d.conn.Write(d.in)
}

// change lets a member change his state, and returns when everybody was told.
func (d *drain) change(member int) {
	d.left.Store(int64(d.members))
	d.say(member)
	<-d.told
}

// ping asks the service whether it is there, and returns when it has answered.
func (d *drain) ping() {
	fmt.Fprintf(d.conn, "<iq type='get' id='ping' from='asker@%s/r' to='%s'><ping xmlns='urn:xmpp:ping'/></iq>", testHost, testDomain)
	<-d.pongs
}

// What it takes to tell two hundred watchers of a change, from the bytes of the
// member's presence to those of the last event: less than an allocation for a
// hundred of them.
func TestNotificationAllocations(t *testing.T) {
	const changes = 100
	d := newDrain(t, 200)
	run := func() (allocations uint64) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for i := range changes {
			d.change(i)
		}
		runtime.ReadMemStats(&after)
		return after.Mallocs - before.Mallocs
	}
	run() // every buffer has its size
	if n, most := run(), uint64(changes*d.members/100); n > most {
		t.Errorf("%d allocations for %d notifications, at most %d", n, changes*d.members, most)
	}
}

// A single processor is enough: whoever asks during a fan-out is answered behind
// what the server has taken on by then, not behind all that there is to tell.
func TestAnswersDuringFanOutOnOneProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	d := newDrain(t, 200)
	const most = 512 << 10 // two windows, each overshot by a turn's largest stanza, and room
	before := d.bulk.Load()
	for range 5 {
		for m := range d.members {
			d.say(m)
		}
		asked := d.bulk.Load()
		d.ping()
		if n := d.bulk.Load() - asked; n > most {
			t.Errorf("answered behind %d bytes of events", n)
		}
	}
	if err := d.svc.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := d.bulk.Load() - before; n < 4*most {
		t.Errorf("there were but %d bytes to tell", n)
	}
}

// BenchmarkNotification has one member after the other change, and all be told:
// socket to socket, one change after the other. The figures are of one
// notification; those of time are of both ends.
func BenchmarkNotification(b *testing.B) {
	d := newDrain(b, 200)
	m, before := 0, d.svc.Link.Out.Stats()
	for b.Loop() {
		d.change(m % d.members)
		m++
	}
	after := d.svc.Link.Out.Stats()
	n := float64(m * d.members)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/n, "ns/notification")
	b.ReportMetric(float64(after.Writes-before.Writes)/float64(m), "writes/op")
	b.ReportMetric(float64(after.Markers-before.Markers)/float64(m), "markers/op")
	b.ReportAllocs()
}
