package roster_test

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// crowd is a group of many, in the words of package pubsub.
type crowd struct {
	r    *roster.Roster
	g    *roster.Group
	out  *outbox
	jids []string
	subs []roster.SubscriptionRecord
	buf  []byte

	landed bool // what left for the multicast service has been copied after each turn
}

// newCrowd makes a group of n members, all there, of whom the first watchers
// subscribe to node.
func newCrowd(tb testing.TB, n, watchers int, node roster.Node) *crowd {
	tb.Helper()
	c := &crowd{out: &outbox{wake: make(chan struct{}, 1)}}
	rec := &roster.GroupRecord{Name: "team"}
	for i := range n {
		c.jids = append(c.jids, fmt.Sprintf("user%05d@example.org", i))
		rec.Members = append(rec.Members, roster.MemberRecord{JID: c.jids[i], Nick: fmt.Sprint("User ", i), Affiliation: roster.Plain,
			Ask: roster.Granted, Roles: []string{"staff"}, Attributes: []roster.Attribute{{Name: "title", Value: "Clerk"}}})
	}
	r := roster.New(roster.Options{Store: store.Memory(), Outbox: c.out, Renderer: &pubsub.Renderer{Domain: "groups.example.org"},
		Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler)})
	if err := r.CreateGroup(context.Background(), rec); err != nil {
		tb.Fatal(err)
	}
	c.r, c.g = r, r.Loaded([]byte("team"))
	for _, j := range c.jids {
		c.hear(j, "there")
	}
	for _, j := range c.jids[:watchers] {
		rec, err := c.g.Subscribe(context.Background(), j, j, node, nil)
		if err != nil {
			tb.Fatal(err)
		}
		c.subs = append(c.subs, rec)
	}
	c.drain()
	return c
}

func (c *crowd) hear(jid, status string) {
	c.g.Hear([]byte(jid), []byte("desk"), &roster.Presence{Show: roster.Away, Status: []byte(status)})
}

// turn is one turn of the group, however much it has to say.
func (c *crowd) turn() int {
	c.out.ready = c.out.ready[:0]
	c.buf, _ = c.g.Turn(c.buf[:0], 1<<30)
	if c.landed {
		_, stanzas, _ := c.g.Copied()
		c.g.Landed(stanzas)
	}
	return len(c.buf)
}

// drain gives turns as the wire does, and counts the bytes.
func (c *crowd) drain() (n int) {
	c.out.ready = c.out.ready[:0]
	for more := true; more; n += len(c.buf) {
		c.buf, more = c.g.Turn(c.buf[:0], 64<<10)
	}
	return n
}

// texts are two statuses by turns.
var texts = [2][]byte{[]byte("in a meeting until three"), []byte("at my desk, do call me!!")}

// oneChange is a change of one member, told to all.
func (c *crowd) oneChange(b *testing.B) {
	jid, resource, p := []byte(c.jids[0]), []byte("desk"), &roster.Presence{Show: roster.Away}
	n := 0
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		p.Status = texts[i&1]
		c.g.Hear(jid, resource, p)
		n = c.turn()
	}
	if n == 0 {
		b.Fatal("nothing was said")
	}
	b.ReportMetric(float64(n)/float64(len(c.subs)), "B/watcher")
}

// One change to 1,000 subscribers of NS#group: Hear and Turn.
func BenchmarkOneChange1000(b *testing.B) { newCrowd(b, 1000, 1000, roster.NodeGroup).oneChange(b) }

// 1,000 changed members for 1,000 subscribers: the walk, the payload and the
// first watcher's copy of it.
func BenchmarkBurst1000x1000(b *testing.B) {
	c := newCrowd(b, 1000, 1000, roster.NodeGroup)
	n := 0
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		for _, j := range c.jids {
			c.hear(j, string(texts[i&1]))
		}
		b.StartTimer()
		c.out.ready = c.out.ready[:0]
		for more, first := true, ""; more; n += len(c.buf) {
			c.buf, more = c.g.Turn(c.buf[:0], 1)
			to := address(c.buf)
			if first == "" {
				first = to
			}
			if to != first {
				break
			}
		}
		b.StopTimer()
		n = c.drain() // the rest of them
		b.StartTimer()
	}
	b.ReportMetric(float64(n)/999, "B/watcher")
}

// address is that of the first stanza.
func address(b []byte) string {
	for i := range b {
		if string(b[i:min(i+4, len(b))]) == "to='" {
			for j := i + 4; j < len(b); j++ {
				if b[j] == '\'' {
					return string(b[i+4 : j])
				}
			}
		}
	}
	return ""
}

// Presence of 10,000 members in turn; every second stanza changes something.
func BenchmarkHear(b *testing.B) {
	c := newCrowd(b, 10_000, 1, roster.NodeGroup)
	jids := make([][]byte, len(c.jids))
	for i, j := range c.jids {
		jids[i] = []byte(j)
	}
	resource, p := []byte("desk"), &roster.Presence{Show: roster.Away}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		p.Status = texts[i/len(jids)/2&1]
		c.g.Hear(jids[i%len(jids)], resource, p)
	}
}

// What one watcher may see of one member, asked again.
func BenchmarkDecisionCached(b *testing.B) {
	c := newCrowd(b, 100, 100, roster.NodeGroup)
	c.g.SetAuthorization(c.jids[1], named(c.jids[0]))
	decide := c.g.Decision(c.subs[0].ID, c.jids[7])
	b.ReportAllocs()
	for b.Loop() {
		decide()
	}
}

// named are the default rules, and one that names a watcher.
func named(jids ...string) *policy.Authorization {
	a := policy.Default()
	for _, j := range jids {
		a.Rules = append(a.Rules, policy.Rule{Who: policy.Who{Class: policy.JID, Name: j}, Attributes: policy.All})
	}
	return &a
}

// 1,000 watchers, each named by a jid: rule, one change: to be compared with
// BenchmarkOneChange1000. In "each" every member names another watcher, in
// "all" the one who changes names them all.
func BenchmarkRules1000(b *testing.B) {
	b.Run("each", func(b *testing.B) {
		c := newCrowd(b, 1000, 1000, roster.NodeGroup)
		for i, j := range c.jids {
			c.g.SetAuthorization(j, named(c.jids[len(c.jids)-1-i]))
		}
		c.drain()
		c.oneChange(b)
	})
	b.Run("10000", func(b *testing.B) { // ten rules of each, about people who do not watch
		c := newCrowd(b, 1000, 1000, roster.NodeGroup)
		for i, j := range c.jids {
			var others []string
			for k := range 10 {
				others = append(others, fmt.Sprintf("u%d@elsewhere.example", 10*i+k))
			}
			c.g.SetAuthorization(j, named(others...))
		}
		c.drain()
		c.oneChange(b)
	})
	b.Run("all", func(b *testing.B) {
		c := newCrowd(b, 1000, 1000, roster.NodeGroup)
		c.g.SetAuthorization(c.jids[0], named(c.jids...))
		c.drain()
		c.oneChange(b)
	})
}

// A policy that concerns 1,000 members and 1,000 watchers changes: deciding,
// and the walk that finds what looks different now.
func BenchmarkPolicyChange1000(b *testing.B) {
	c := newCrowd(b, 1000, 1000, roster.NodeGroup)
	change := func(b *testing.B, set func(i int)) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			set(i)
			c.out.ready = c.out.ready[:0]
			c.buf, _ = c.g.Turn(c.buf[:0], 1)
			b.StopTimer()
			c.drain()
			b.StartTimer()
		}
	}
	b.Run("group", func(b *testing.B) {
		change(b, func(i int) {
			p := policy.DefaultGroup()
			if i&1 == 0 {
				p.Collect &^= policy.Status
			}
			c.g.SetPolicy(p)
		})
	})
	b.Run("member", func(b *testing.B) {
		a := [2]policy.Authorization{policy.Default(), {Share: true, Rules: []policy.Rule{{Who: policy.Who{Class: policy.Members}, Attributes: policy.Availability}}}}
		change(b, func(i int) { c.g.SetAuthorization(c.jids[5], &a[i&1]) })
	})
	b.Run("role", func(b *testing.B) { // somebody speaks of a role that all have
		a := policy.Default()
		a.Rules = append(a.Rules, policy.Rule{Who: policy.Who{Class: policy.Role, Name: "staff"}, Attributes: policy.All})
		rules := [2]*policy.Authorization{&a, nil}
		change(b, func(i int) { c.g.SetAuthorization(c.jids[5], rules[i&1]) })
	})
}

// The memory of a member who is there, and of one nobody ever heard of, in a
// group with one subscriber.
func BenchmarkMemory(b *testing.B) {
	const n = 10_000
	for _, there := range []bool{false, true} {
		b.Run("there="+strconv.FormatBool(there), func(b *testing.B) {
			var per float64
			for b.Loop() {
				rec := &roster.GroupRecord{Name: "team"}
				for i := range n {
					rec.Members = append(rec.Members, roster.MemberRecord{JID: fmt.Sprintf("user%05d@example.org", i), Affiliation: roster.Plain, Ask: roster.Granted})
				}
				out := &outbox{wake: make(chan struct{}, 1)}
				disk := store.Memory()
				before := inUse()
				r := roster.New(roster.Options{Store: nothing{disk}, Outbox: out, Renderer: dialect{}})
				if err := r.CreateGroup(context.Background(), rec); err != nil {
					b.Fatal(err)
				}
				g := r.Loaded([]byte("team"))
				if _, err := g.Subscribe(context.Background(), rec.Members[0].JID, rec.Members[0].JID, roster.NodeGroup, nil); err != nil {
					b.Fatal(err)
				}
				for i := range rec.Members {
					if there {
						g.Hear([]byte(rec.Members[i].JID), []byte("desk"), &roster.Presence{Show: roster.Away, Status: texts[0]})
					}
				}
				per = float64(inUse()-before) / n
				runtime.KeepAlive(r)
				runtime.KeepAlive(rec)
			}
			b.ReportMetric(per, "B/member")
		})
	}
}

// nothing is a store that writes nothing.
type nothing struct{ roster.Store }

func (nothing) CreateGroup(context.Context, *roster.GroupRecord) error { return nil }
func (nothing) StoreSubscription(context.Context, string, roster.SubscriptionRecord) error {
	return nil
}

func inUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// One change to 1,000 subscribers of NS#group whose server copies, so many
// addresses a stanza: to be compared with BenchmarkOneChange1000.
func BenchmarkCopies1000(b *testing.B) {
	for _, most := range []int{20, 100, 1000} {
		b.Run(strconv.Itoa(most), func(b *testing.B) {
			c := newCrowd(b, 1000, 1000, roster.NodeGroup)
			c.r.SetMulticast(roster.Multicast{Service: "multicast.example.org", Domain: "example.org", Messages: most})
			c.landed = true
			c.oneChange(b)
		})
	}
}
