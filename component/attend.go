package component

import (
	"context"
	"sync"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// attendant asks the server what the groups want to know: it sends first
// requests and probes, and says when they have had their time.
type attendant struct {
	s      *Service
	wake   chan struct{}
	all    sync.WaitGroup // goroutines of this connection
	clocks chan struct{}  // for questions about the time

	mu      sync.Mutex
	up      bool
	life    context.Context // of the connection
	waiting map[*roster.Group]struct{}
	queue   []*roster.Group
	first   []*roster.Group // of those, that somebody asks something of
	open    int             // tours, and the loading of groups, that have not ended
	proving map[proof]struct{}
	reading map[proof]*reading
	reads   []proof // of those, whose servers are to be asked
	readers int
	pulls   []proof // whose attributes are to be read
	pullers int
	pulled  map[proof]bool // those in pulls, and being read; true: to be read once more
	idle    chan struct{}  // closed while up with nothing to do

	progress progress

	mustered chan struct{} // closed when the server has told of its users; of this connection
}

func newAttendant(s *Service) *attendant {
	return &attendant{s: s, wake: make(chan struct{}, 1), waiting: map[*roster.Group]struct{}{}, proving: map[proof]struct{}{}, pulled: map[proof]bool{},
		reading: map[proof]*reading{}, clocks: make(chan struct{}, maxClocks), idle: make(chan struct{})}
}

// put queues g once. It never blocks.
func (a *attendant) put(g *roster.Group) {
	a.mu.Lock()
	if _, twice := a.waiting[g]; !twice && a.up {
		a.waiting[g] = struct{}{}
		a.queue = append(a.queue, g)
		a.note()
	}
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// take returns the next group, nil if there is none; begin says that a tour
// begins with it.
func (a *attendant) take(begin bool) *roster.Group {
	a.mu.Lock()
	defer a.mu.Unlock()
	g := a.pop()
	if g == nil {
		return nil
	}
	if delete(a.waiting, g); len(a.waiting) == 0 {
		a.waiting, a.queue = map[*roster.Group]struct{}{}, nil // without the room for as many as there were
	}
	if begin {
		a.open++
	}
	return g
}

// pop returns the next group that waits. mu is held.
func (a *attendant) pop() *roster.Group {
	for _, queue := range []*[]*roster.Group{&a.first, &a.queue} {
		for len(*queue) > 0 {
			g := (*queue)[0]
			*queue = (*queue)[1:]
			if _, waits := a.waiting[g]; waits { // else it was hastened
				return g
			}
		}
	}
	return nil
}

// begin attends to all groups of the store: those in memory first, for what
// is known of them may be old. ctx ends with the connection.
func (a *attendant) begin(ctx context.Context) {
	a.mu.Lock()
	a.up, a.open, a.life = true, 2, ctx // 2: loadAll and muster
	a.mustered = make(chan struct{})
	a.mu.Unlock()
	a.progress.begin()
	for _, g := range a.s.Roster.All() {
		g.Lost()
		a.put(g)
	}
	a.all.Go(func() {
		a.muster(ctx)
		a.ended()
	})
	a.all.Go(func() {
		<-a.mustered // it ends with ctx, at the latest
		a.run(ctx)
	})
	a.all.Go(func() { a.rounds(ctx) })
	if len(a.s.cfg.Peers) > 0 {
		a.all.Go(func() { a.checkPeers(ctx) })
	}
	a.all.Go(func() {
		a.loadAll(ctx)
		a.ended()
	})
	a.all.Go(func() {
		if a.sleep(ctx, a.s.cfg.Patience) {
			for _, g := range a.s.Roster.All() {
				g.Open()
			}
		}
	})
}

// wait returns when nothing of the connection's goroutines is left.
func (a *attendant) wait() {
	a.mu.Lock()
	a.up = false
	a.queue, a.first, a.pulls = nil, nil, nil
	clear(a.pulled)
	clear(a.waiting)
	a.note()
	a.mu.Unlock()
	a.all.Wait()
}

// tour is the groups that were visited since the last fence.
type tour struct {
	groups []*roster.Group
	asked  map[*roster.Group][]string
	reads  sync.WaitGroup // questions about what members keep at their servers
	sent   int
}

// Bounds of a tour: so many groups or stanzas share a fence.
const (
	tourGroups  = 200
	tourStanzas = 500
)

func (r *tour) full() bool { return len(r.groups) >= tourGroups || r.sent >= tourStanzas }

// run visits the groups in the queue.
func (a *attendant) run(ctx context.Context) {
	var told sweepLog
	var r *tour
	for ctx.Err() == nil {
		g := a.take(r == nil || r.full())
		if r != nil && (g == nil || r.full()) {
			a.end(ctx, r)
			r = nil
		}
		if g != nil {
			if r == nil {
				r = &tour{asked: map[*roster.Group][]string{}}
			}
			a.visit(ctx, g, r)
			told.visited(a)
			continue
		}
		told.ended(a)
		select {
		case <-a.wake:
		case <-ctx.Done():
		}
	}
}

// visit sends what g wants, paced.
func (a *attendant) visit(ctx context.Context, g *roster.Group, r *tour) {
	a.announce(ctx, g)
	g.Recall()
	a.s.takings.visit(g, r)
	a.s.wishes.visit(ctx, g)
	a.s.Sources.Adopted(g)
	ask, probe := g.Wants()
	doubtful := g.Doubtful()
	unread, courted := g.Unread(), g.Courted()
	for _, jid := range g.Sought() {
		a.pull(proof{g, jid})
	}
	if len(ask)+len(probe)+len(doubtful)+len(unread)+len(courted) == 0 {
		g.Swept(true)
		return
	}
	r.groups = append(r.groups, g)
	r.sent += len(ask) + len(probe) + len(doubtful) + len(unread) + len(courted)
	title, out := g.Title(), &outlet{a.s}
	ask = a.preapprove(ctx, g, ask)
	a.paced(ctx, ask, func(jids []string) {
		for _, jid := range jids {
			g.Request(jid, func() {
				a.s.Link.Out.Control(func(b []byte) []byte { return out.appendRequest(b, g, title, jid) })
				r.asked[g] = append(r.asked[g], jid)
			})
		}
	})
	a.consult(ctx, g, unread, r)
	a.court(ctx, g, courted)
	a.progress.probes.Add(uint64(len(probe)))
	a.send(ctx, probe, func(b []byte, jid string) []byte {
		return out.appendPresence(b, g.Name(), jid, roster.Probe)
	})
	a.prove(ctx, g, doubtful)
}

// end lets the groups of a tour know, when the server has handled what they sent,
// that it had its time: at once who has all answers, the others a little
// later.
func (a *attendant) end(ctx context.Context, r *tour) {
	a.all.Go(func() {
		defer a.ended()
		if len(r.groups) == 0 {
			return
		}
		if !a.s.Fence(ctx) {
			return
		}
		for _, g := range r.groups {
			if err := g.Asked(ctx, r.asked[g]); err != nil && ctx.Err() == nil {
				a.s.log.Error("requests not stored", "group", g.Name(), "error", err)
			}
		}
		r.reads.Wait()
		var silent []*roster.Group
		for _, g := range r.groups {
			if !g.Swept(true) {
				silent = append(silent, g)
			}
		}
		if len(silent) > 0 && a.sleep(ctx, a.s.cfg.Silence) {
			for _, g := range silent {
				g.Swept(false)
			}
		}
	})
}

// batch is how many stanzas go at once; between batches the rate is kept.
const batch = 50

// paced calls send for the JIDs, a batch at a time.
func (a *attendant) paced(ctx context.Context, jids []string, send func(jids []string)) {
	for len(jids) > 0 {
		n := min(batch, len(jids))
		send(jids[:n])
		jids = jids[n:]
		if !a.sleep(ctx, a.s.pause(n)) {
			return
		}
	}
}

func (a *attendant) send(ctx context.Context, jids []string, stanza func([]byte, string) []byte) {
	a.paced(ctx, jids, func(jids []string) {
		a.s.Link.Out.Control(func(b []byte) []byte {
			for _, jid := range jids {
				b = stanza(b, jid)
			}
			return b
		})
	})
}

// proof is a member of a group whose server is being asked.
type proof struct {
	g   *roster.Group
	jid string
}

// maxProofs leaves room among the pending requests for fences.
const maxProofs = maxPending / 2

// claim says whether p may be asked now: once at a time.
func (a *attendant) claim(p proof) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, twice := a.proving[p]; twice || len(a.proving) >= maxProofs {
		return false
	}
	a.proving[p] = struct{}{}
	return true
}

func (a *attendant) unclaim(p proof) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.proving, p)
}

// prove finds out whether members grant the group their presence: their
// server describes their accounts to subscribers only (XEP-0030 §8).
func (a *attendant) prove(ctx context.Context, g *roster.Group, jids []string) {
	group := g.Name()
	a.paced(ctx, jids, func(jids []string) {
		for _, jid := range jids {
			if !a.claim(proof{g, jid}) {
				continue // the next connection is another chance
			}
			err := a.s.Link.Request("get", group+"@"+a.s.cfg.Link.Domain, jid, []byte("<query xmlns='"+pubsub.NSInfo+"'/>"),
				a.s.Link.cfg.Patience, func(st *frame.Stanza, err error) {
					a.unclaim(proof{g, jid})
					if err == nil && string(st.Type) == "result" {
						g.Approves(jid, true)
						a.s.subscription(group, jid, proved)
					}
				})
			if err != nil {
				a.unclaim(proof{g, jid})
				a.s.log.Debug("grant not proved", "group", group, "error", err)
			}
		}
	})
}

// sleep waits; false when the connection ended first.
func (a *attendant) sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Fence returns when the server has handled everything we sent before, as far
// as it handles our stanzas in order. False: the connection ended first.
func (s *Service) Fence(ctx context.Context) bool {
	answered := make(chan bool, 1)
	cfg := s.Link.cfg
	err := s.Link.Request("get", cfg.Domain, cfg.ServerHost, []byte("<ping xmlns='"+pubsub.NSPing+"'/>"), cfg.Patience,
		func(_ *frame.Stanza, err error) { answered <- err == nil })
	if err != nil {
		return false
	}
	select {
	case ok := <-answered:
		return ok
	case <-ctx.Done():
		return false
	}
}
