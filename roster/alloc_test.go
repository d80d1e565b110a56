package roster_test

import (
	"testing"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// The budgets of the hot paths, in allocations. They leave a little room for
// the runtime, and none for one allocation per watcher or per member.
func TestAllocations(t *testing.T) {
	const watchers = 500
	c := newCrowd(t, watchers, watchers, roster.NodeGroup)
	jid, resource := []byte(c.jids[0]), []byte("desk")
	p := &roster.Presence{Show: roster.Away}
	i := 0
	hear := func() {
		i++
		p.Status = texts[i&1]
		c.g.Hear(jid, resource, p)
	}
	again := func() { c.g.Hear(jid, resource, p) }
	decide := c.g.Decision(c.subs[3].ID, c.jids[7])
	for _, b := range []struct {
		name string
		most float64
		f    func()
	}{
		{"a stanza that changes nothing", 0, again},
		{"a stanza that changes the state", 2, hear},
		{"a change told to all", 2, func() { hear(); c.turn() }},
		{"a decision", 0, func() { decide() }},
	} {
		if n := testing.AllocsPerRun(50, b.f); n > b.most {
			t.Errorf("%s: %v allocations, at most %v", b.name, n, b.most)
		}
	}
	c.r.SetMulticast(roster.Multicast{Service: "multicast.example.org", Domain: "example.org", Messages: 100})
	c.landed = true
	if n := testing.AllocsPerRun(50, func() { hear(); c.turn() }); n > 30 { // five stanzas
		t.Errorf("a change told to all by multicast: %v allocations", n)
	}
	c.r.SetMulticast(roster.Multicast{})
	c.landed = false
	for i, j := range c.jids {
		c.g.SetAuthorization(j, named(c.jids[watchers-1-i]))
	}
	c.drain()
	if n := testing.AllocsPerRun(50, func() { hear(); c.turn() }); n > 30 {
		t.Errorf("a change told to watchers who are all named by rules: %v allocations", n)
	}
	if n := testing.AllocsPerRun(10, func() {
		c.g.SetPolicy(policy.DefaultGroup())
		c.turn()
	}); n > watchers {
		t.Errorf("a policy that changes nothing: %v allocations", n)
	}
}
