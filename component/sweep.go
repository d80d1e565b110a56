package component

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// progress is how far the service is behind an attachment: first all groups
// answer, then, as fast as the server may be asked, it is known who is there.
type progress struct {
	began  atomic.Pointer[time.Time]
	loaded atomic.Int64 // groups
	ready  atomic.Int64 // nanoseconds from the attachment on until all were; 0 = they are not
	probes atomic.Uint64
}

// begin takes in that the service has attached.
func (p *progress) begin() {
	now := time.Now()
	p.began.Store(&now)
	p.loaded.Store(0)
	p.ready.Store(0)
}

// tellEvery lies between two lines of the log about one thing that takes long.
const tellEvery = 3 * time.Second

// loadAll brings every group into memory, so that the presence of all members
// is known before anybody asks.
func (a *attendant) loadAll(ctx context.Context) {
	p, last := &a.progress, time.Now()
	err := a.s.Roster.Load(ctx, func(done int) {
		p.loaded.Store(int64(done))
		if now := time.Now(); now.Sub(last) >= tellEvery {
			last = now
			a.s.log.Info("loading groups", "done", done)
		}
	})
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		a.s.log.Error("groups not loaded", "error", err)
		return
	}
	took := max(1, time.Since(*p.began.Load()))
	p.ready.Store(int64(took))
	a.s.log.Info("ready", "groups", a.s.Roster.Len(), "after", took.Round(time.Millisecond))
	if a.s.cfg.PubSub != "" {
		a.all.Go(func() { a.s.clearLeft(ctx) })
	}
	a.reconcile(ctx)
	a.s.Sources.Complete()
}

// hasten has a group visited next, if it waits for that: somebody asks
// something of it.
func (a *attendant) hasten(g *roster.Group) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, waits := a.waiting[g]; waits && len(a.first) < maxFirst {
		a.first = append(a.first, g)
	}
}

// maxFirst bounds how many may be ahead of the others: who asks everything of
// everybody hastens nothing.
const maxFirst = 100

// visits is how many groups wait to be visited.
func (a *attendant) visits() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.waiting)
}

// sweepLog tells, of visits that take long, how far they are.
type sweepLog struct {
	groups      int // visited since there was last nothing to do
	probes      uint64
	began, last time.Time
	told        bool
}

func (l *sweepLog) visited(a *attendant) {
	now := time.Now()
	if l.groups == 0 {
		*l = sweepLog{probes: a.progress.probes.Load(), began: now, last: now}
	}
	l.groups++
	if now.Sub(l.last) >= tellEvery {
		l.last, l.told = now, true
		a.s.log.Info("asking who is there", "groups", l.groups, "waiting", a.visits(), "members", a.progress.probes.Load()-l.probes)
	}
}

func (l *sweepLog) ended(a *attendant) {
	if l.told {
		a.s.log.Info("all were asked who is there", "groups", l.groups, "members", a.progress.probes.Load()-l.probes, "took", time.Since(l.began).Round(time.Millisecond))
	}
	*l = sweepLog{}
}

// Ready says whether the service is attached and every group of its store
// answers, and how long that took.
func (s *Service) Ready() (took time.Duration, ok bool) {
	took = time.Duration(s.attend.progress.ready.Load())
	return took, took > 0 && s.counts.since.Load() != nil
}
