package roster_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// TestEverythingAtOnce lets members change, leave and come back, rules and
// subscriptions change and questions be asked, all at the same time, while
// the group has its turns. The last word that everybody heard is what he may
// see when all is done.
func TestEverythingAtOnce(t *testing.T) {
	const members, rounds = 12, 60
	rec := &roster.GroupRecord{Name: "team"}
	for i := range members {
		rec.Members = append(rec.Members, roster.MemberRecord{JID: fmt.Sprintf("m%02d@a.example", i),
			Affiliation: roster.Plain, Ask: roster.Granted, Roles: []string{functions[i%3]}})
	}
	s := play(t, rec)
	s.r.SetLimits(800, 2, 2)
	stories := make([]*story, members)
	var all sync.WaitGroup
	for i := range stories {
		x := &story{stage: s, t: t, jid: rec.Members[i].JID, rand: rand.New(rand.NewPCG(1, uint64(i))), record: rec.Members[i]}
		stories[i] = x
		all.Go(func() {
			for range rounds {
				x.happen()
			}
			x.end()
		})
	}
	done := make(chan struct{})
	go func() {
		all.Wait()
		close(done)
	}()
	clients := serve(t, s, done)
	for _, x := range stories {
		s.w.people[x.jid] = &person{rec: x.record, auth: x.auth}
		for at, p := range x.last {
			s.w.hear(x.jid, at, p)
		}
	}
	s.g.Check(t)
	for _, x := range stories {
		for _, n := range allNodes {
			c := clients[n.String()+" "+x.jid]
			if c == nil {
				t.Fatalf("%s heard nothing of %s", x.jid, n)
			}
			if ids := changes(c.table, s.w.sees(x.jid, n, &policy.Receiving{})); len(ids) > 0 {
				t.Errorf("%s of %s: %q differ\n%q", x.jid, n, ids, c.table)
			}
		}
	}
}

// serve gives turns until nothing more happens and nothing is left to say.
func serve(t *testing.T, s *stage, done <-chan struct{}) map[string]*client {
	t.Helper()
	clients := map[string]*client{}
	budgets := rand.New(rand.NewPCG(2, 2))
	for over := false; ; {
		g := s.out.next()
		switch {
		case g == nil && over:
			return clients
		case g == nil:
			select {
			case <-s.out.wake:
			case <-done:
				over = true
			}
			continue
		}
		b, more := g.Turn(nil, budgets.IntN(3000))
		if more {
			s.out.Ready(g)
		}
		for _, h := range read(t, b) {
			if h.kind != "event" {
				continue
			}
			c := clients[h.node+" "+h.to]
			if c == nil {
				c = newClient()
				clients[h.node+" "+h.to] = c
			}
			if err := c.hear(h); err != nil {
				t.Fatalf("%s of %s: %v", h.to, h.node, err)
			}
		}
	}
}

// story is what one member does, and how it ends.
type story struct {
	*stage
	t      *testing.T
	jid    string
	rand   *rand.Rand
	record roster.MemberRecord
	auth   *policy.Authorization
	last   map[string]roster.Presence // by resource
}

func (x *story) must(err error) {
	if err != nil {
		x.t.Error(err)
	}
}

func (x *story) happen() {
	ctx := context.Background()
	switch x.rand.IntN(12) {
	default:
		x.hear(resources[1+x.rand.IntN(2)])
	case 0:
		x.record.Nick = fmt.Sprint("n", x.rand.IntN(3))
		x.record.Roles = []string{functions[x.rand.IntN(3)]}
		x.must(x.r.UpdateMember(ctx, "team", x.jid, func(m *roster.MemberRecord) error {
			m.Nick, m.Roles = x.record.Nick, append([]string(nil), x.record.Roles...)
			return nil
		}))
	case 1:
		_, err := x.g.Subscribe(ctx, x.jid, x.jid, allNodes[x.rand.IntN(len(allNodes))], nil)
		x.must(err)
	case 2:
		who := []string{"members", "role:lead", "role:ops", "jid:m03@a.example", "domain:a.example"}[x.rand.IntN(5)]
		w, err := policy.ParseWho(who)
		x.must(err)
		x.auth = &policy.Authorization{Share: true, Rules: []policy.Rule{{Who: w, Attributes: policy.All}}}
		x.g.SetAuthorization(x.jid, x.auth)
	case 3:
		n := allNodes[x.rand.IntN(len(allNodes))]
		x.must(x.g.Ask(&roster.Question{Node: n, Watcher: x.jid, To: x.jid + "/q", ID: "q", Max: -1, Index: -1}))
	case 4:
		x.must(x.r.RemoveMember(ctx, "team", x.jid))
		x.must(x.r.AddMembers(ctx, "team", x.record.Clone()))
		x.auth, x.last = nil, nil
	case 5:
		x.g.Bounced(x.jid, resources[1])
		delete(x.last, resources[1])
	case 6:
		x.must(x.g.OnSubscribe(ctx, x.jid))
		x.g.OnProbe(x.jid, x.jid+"/probe")
	}
}

func (x *story) hear(resource string) {
	p := roster.Presence{Show: roster.Show(x.rand.IntN(6)), Status: []byte(fmt.Sprint(x.rand.IntN(5)))}
	x.g.Hear([]byte(x.jid), []byte(resource), &p)
	if x.last == nil {
		x.last = map[string]roster.Presence{}
	}
	x.last[resource] = p
	if p.Show == roster.Offline {
		delete(x.last, resource)
	}
}

// end leaves the member with one device, and subscribed to everything.
func (x *story) end() {
	x.g.Hear([]byte(x.jid), nil, &roster.Presence{})
	x.last = nil
	for len(x.last) == 0 {
		x.hear(resources[1])
	}
	for _, n := range allNodes {
		_, err := x.g.Subscribe(context.Background(), x.jid, x.jid, n, nil)
		x.must(err)
	}
}
