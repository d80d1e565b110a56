package main

import (
	"context"
	"math/rand/v2"
	"time"
)

// Of the phases.
const (
	modestRate = 5                // changes a second
	patience   = 20 * time.Second // without any arrival
	burstEach  = 5                // changes of each member
	burstTime  = time.Second      // in which they are made
	freshness  = time.Second      // 95 % of what arrives in saturation is no older
	pingPause  = 5 * time.Millisecond
)

// run is one run of one phase. Updates are pairs of a state and a watcher.
type run struct {
	Offered    int64   `json:"offered"`
	Received   int64   `json:"received"`
	Superseded int64   `json:"superseded"`
	Lost       int64   `json:"lost"`
	Repeated   int64   `json:"repeated"`
	Seconds    float64 `json:"seconds"` // in which changes were made
	Rate       float64 `json:"rate"`    // updates received a second meanwhile
	Current    float64 `json:"current"` // the same, with those that a later one superseded
	Frames     int64   `json:"frames"`
	Bytes      int64   `json:"bytes"`
	Server     float64 `json:"server"`    // CPU seconds
	Component  float64 `json:"component"` // the same
	P50        float64 `json:"p50"`       // ms, age on arrival
	P95        float64 `json:"p95"`
	P99        float64 `json:"p99"`
	InFlight   int     `json:"in_flight,omitempty"`
	Pings      int64   `json:"pings,omitempty"`
	Ping50     float64 `json:"ping50,omitempty"` // ms
	Ping99     float64 `json:"ping99,omitempty"`
	Settled    float64 `json:"settled,omitempty"` // seconds from the last change until all was right
	Peak       int64   `json:"peak,omitempty"`    // most RSS of the component, bytes
	Strain     *strain `json:"strain,omitempty"`  // of an overload
	Allocs     int64   `json:"allocs,omitempty"`  // of the component
}

// measure runs f, which offers changes until it returns, and waits until they
// have arrived.
func (c *cell) measure(f func()) (run, error) {
	server, component := c.serverPIDs(), c.componentPIDs()
	c.board.clear()
	c.harvest()
	before := c.board.total()
	s0, c0 := cpu(server), cpu(component)
	began := c.board.now()
	f()
	ended := c.board.now()
	t := c.harvest()
	seconds := time.Duration(ended - began).Seconds()
	r := run{Seconds: seconds, Rate: float64(t.received) / seconds, Current: float64(t.received+t.superseded) / seconds}
	if !c.board.drain(patience, c.arrived) {
		r.Lost = c.forget()
	} else {
		r.Settled = max(0, time.Duration(c.board.finished.Load()-ended).Seconds())
	}
	r.Server, r.Component = (cpu(server) - s0).Seconds(), (cpu(component) - c0).Seconds()
	t.join(c.harvest())
	r.Offered = (c.board.total() - before) * int64(c.size.Members-1)
	r.Received, r.Superseded, r.Repeated = t.received, t.superseded, t.repeated
	r.Frames, r.Bytes = t.frames, t.bytes
	r.P50, r.P95, r.P99 = ms(t.ages.quantile(0.50)), ms(t.ages.quantile(0.95)), ms(t.ages.quantile(0.99))
	return r, c.check()
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// total is how many states were offered so far.
func (b *board) total() (n int64) {
	for _, seq := range b.next {
		n += int64(seq)
	}
	return n
}

// modest lets five members a second change, at uneven moments.
func (c *cell) modest(ctx context.Context, length time.Duration) (run, error) {
	return c.measure(func() {
		c.atTimes(ctx, int(length.Seconds()*modestRate), time.Second/modestRate, func(i int) int { return rand.IntN(len(c.seats)) })
	})
}

// atTimes makes n changes, one at some moment of each step.
func (c *cell) atTimes(ctx context.Context, n int, step time.Duration, member func(i int) int) {
	began := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for i := range n {
		at := time.Duration(i)*step + rand.N(step)
		if wait := at - time.Since(began); wait > 0 {
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-ctx.Done():
				return
			}
		}
		c.change(member(i))
	}
	if rest := time.Duration(n)*step - time.Since(began); rest > 0 {
		timer.Reset(rest)
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
}

// saturate keeps so many changes in flight.
func (c *cell) saturate(ctx context.Context, inFlight int, length time.Duration) (run, error) {
	r, err := c.measure(func() {
		timer := time.NewTimer(length)
		defer timer.Stop()
		m := rand.IntN(len(c.seats))
		for range inFlight {
			c.change(m)
			m = (m + c.stride()) % len(c.seats)
		}
		for {
			select {
			case <-c.board.free:
				c.change(m)
				m = (m + c.stride()) % len(c.seats)
			case <-timer.C:
				return
			case <-ctx.Done():
				return
			}
		}
	})
	r.InFlight = inFlight
	return r, err
}

// stride goes through the members so that neighbours in time are of different
// groups, and all have their turn.
func (c *cell) stride() int {
	if c.size.Groups > 1 {
		return c.size.Members + 1
	}
	return 1
}

// limit finds how many changes in flight bring most updates that are fresh.
func (c *cell) limit(ctx context.Context, length time.Duration) (best int, err error) {
	var most float64
	for n := 4; n <= 1024; n *= 4 {
		r, err := c.saturate(ctx, n, length)
		if err != nil || ctx.Err() != nil {
			return best, err
		}
		fresh := r.P95 <= ms(freshness)*0.8 && r.Lost == 0 // with some room: a longer run has more bad luck
		if best == 0 || fresh && r.Rate > 1.03*most {
			best, most = n, r.Rate
		}
		if !fresh {
			break
		}
	}
	return best, nil
}

// withPings runs f while a stranger asks the service for pongs.
func (c *cell) withPings(ctx context.Context, f func() (run, error)) (run, error) {
	if c.asker == nil || c.job.server == "fake" { // there nothing but notifications is counted
		return f()
	}
	ctx, stop := context.WithCancel(ctx)
	var took histogram
	var pings int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(pingPause)
		defer tick.Stop()
		for ctx.Err() == nil {
			began := time.Now()
			if _, err := c.asker.query(ctx, c.way.service(), "get", "<ping xmlns='urn:xmpp:ping'/>"); ctx.Err() == nil && err == nil {
				took.add(time.Since(began))
				pings++
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
	}()
	r, err := f()
	stop()
	<-done
	r.Pings, r.Ping50, r.Ping99 = pings, ms(took.quantile(0.5)), ms(took.quantile(0.99))
	return r, err
}

// overload offers so many changes a second, whatever becomes of them.
func (c *cell) overload(ctx context.Context, rate float64, length time.Duration) (run, error) {
	m := 0
	return c.measure(func() {
		c.atTimes(ctx, int(rate*length.Seconds()), time.Duration(float64(time.Second)/rate), func(int) int {
			m = (m + c.stride()) % len(c.seats)
			return m
		})
	})
}

// burst lets every member change five times within a second.
func (c *cell) burst(ctx context.Context) (run, error) {
	n := burstEach * len(c.seats)
	order := rand.Perm(len(c.seats))
	return c.measure(func() {
		c.atTimes(ctx, n, burstTime/time.Duration(n), func(i int) int { return order[i%len(order)] })
	})
}
