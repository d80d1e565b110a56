package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// tooMuch is how many times more is offered than was brought in saturation.
const tooMuch = 5

// strain is what a run of the overload has beside other runs.
type strain struct {
	Memory  []point  `json:"memory"`  // RSS of the component, bytes, by seconds from the start
	Server  []point  `json:"server"`  // the same of the server
	Replies []served `json:"replies"` // to what people asked meanwhile
}

// point is one of a line.
type point struct{ X, Y float64 }

// served is how soon a kind of request was answered.
type served struct {
	What string  `json:"what"`
	N    int64   `json:"n"`
	P50  float64 `json:"p50"` // ms
	P99  float64 `json:"p99"`
	Most float64 `json:"most"`

	Failed int64 `json:"failed,omitempty"` // answers that were errors
}

// overload is the phase of that name: five times what the cell has brought in
// saturation.
func (p *plan) overload(ctx context.Context, c *cell, x *result) error {
	rate := tooMuch * median(x.Saturated, func(u run) float64 { return u.Rate }) / float64(c.size.Members-1)
	guest, err := c.connect(ctx, -1, userName(0), "q") // a member's second client, that is told nothing
	if err != nil {
		return err
	}
	defer guest.close()
	r, err := c.strained(ctx, guest, func() (run, error) { return c.overload(ctx, rate, p.Overload) })
	x.Overload = append(x.Overload, r)
	return err
}

// inquiry is something that is asked again and again under load.
type inquiry struct {
	what    string
	who     *seat
	to      string
	payload string
	pause   time.Duration
}

func (c *cell) inquiries(guest *seat) []inquiry {
	group := groupName(0) + "@" + ours
	return []inquiry{
		{"ping, by a stranger", c.asker, c.way.service(), "<ping xmlns='urn:xmpp:ping'/>", 2 * pingPause},
		{"disco#info of the service, by a stranger", c.asker, c.way.service(), "<query xmlns='http://jabber.org/protocol/disco#info'/>", 10 * pingPause},
		{"disco#info of the group, by a member", guest, group, "<query xmlns='http://jabber.org/protocol/disco#info'/>", 10 * pingPause},
		{"all items, by a member", guest, group, "<pubsub xmlns='" + nsPubSub + "'><items node='" + nodePresence + "'/></pubsub>", 100 * pingPause},
	}
}

// strained is f with the memory of the processes meanwhile, and with people who
// ask something.
func (c *cell) strained(ctx context.Context, guest *seat, f func() (run, error)) (run, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	s := &strain{}
	all := sync.WaitGroup{}
	all.Go(func() { s.look(ctx, c) })
	asked := c.inquiries(guest)
	s.Replies = make([]served, len(asked))
	for i, q := range asked {
		all.Go(func() { s.Replies[i] = q.keepAsking(ctx) })
	}
	r, err := f()
	stop()
	all.Wait()
	for _, p := range s.Memory {
		r.Peak = max(r.Peak, int64(p.Y))
	}
	r.Strain = s
	return r, err
}

// look notes the memory every second.
func (s *strain) look(ctx context.Context, c *cell) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for began := time.Now(); ; {
		at := time.Since(began).Seconds()
		s.Memory = append(s.Memory, point{at, float64(rss(c.componentPIDs()))})
		s.Server = append(s.Server, point{at, float64(rss(c.serverPIDs()))})
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// keepAsking counts the answers until ctx ends. An answer that says that there
// is no room is none.
func (q inquiry) keepAsking(ctx context.Context) served {
	a := served{What: q.what}
	var took histogram
	tick := time.NewTicker(q.pause)
	defer tick.Stop()
	for ctx.Err() == nil {
		began := time.Now()
		if _, err := q.who.ask(ctx, q.to, "get", q.payload); ctx.Err() == nil && err != nil {
			a.Failed++
		} else if err == nil {
			a.N++
			d := time.Since(began)
			took.add(d)
			a.Most = max(a.Most, ms(d))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	a.P50, a.P99 = ms(took.quantile(0.5)), ms(took.quantile(0.99))
	return a
}

// flat is by how much the memory grew from the first third of the time to the
// last, as a factor: of the most there was in either.
func flat(line []point) float64 {
	third := len(line) / 3
	if third == 0 {
		return 1
	}
	most := func(part []point) float64 {
		return slices.MaxFunc(part, func(a, b point) int { return int(a.Y - b.Y) }).Y
	}
	return most(line[len(line)-third:]) / max(1, most(line[:third]))
}

// slowest is the served whose 99th percentile is the longest.
func (s *strain) slowest() served {
	return slices.MaxFunc(s.Replies, func(a, b served) int { return int(1000 * (a.P99 - b.P99)) })
}

// strain says in short what came of it.
func (r run) strain() string {
	if r.Strain == nil {
		return ""
	}
	slow := r.Strain.slowest()
	return fmt.Sprintf("%.0f MB at most (×%.2f), %s p99 %.0f ms, right after %.2f s", float64(r.Peak)/1e6, flat(r.Strain.Memory), slow.What, slow.P99, r.Settled)
}
