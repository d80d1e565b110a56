package component

import (
	"context"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// reading is a member whose server is being asked what he keeps there.
type reading struct {
	again bool     // somebody wanted it asked behind the question: it may have changed
	done  []func() // who waits
}

// read has p's server asked what he keeps there, and calls done, if it is not
// nil, when that is in force, or nobody has answered in time. A member is asked
// one question at a time, however much he does. It never blocks; without a
// connection nothing is asked, and all are when there is one.
func (a *attendant) read(p proof, done func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	x := a.reading[p]
	switch {
	case !a.up:
		if done != nil {
			done()
		}
		return
	case x != nil:
		x.again = true
	default:
		x = &reading{}
		a.reading[p] = x
		a.open++
		a.note()
		a.reads = append(a.reads, p)
		if a.readers < maxReads {
			a.readers++
			ctx := a.life
			a.all.Go(func() { a.reader(ctx) })
		}
	}
	if done != nil {
		x.done = append(x.done, done)
	}
}

// consult asks the servers of g's members what they keep there, paced, and lets
// them know what is wanted of them.
func (a *attendant) consult(ctx context.Context, g *roster.Group, jids []string, r *tour) {
	a.interest(ctx, g, jids, func(jid string) {
		r.reads.Add(1)
		a.read(proof{g, jid}, r.reads.Done)
	})
}

// court lets the servers of g's members know that something else is wanted of
// them than before, and reads what is to be read.
func (a *attendant) court(ctx context.Context, g *roster.Group, jids []string) {
	a.interest(ctx, g, jids, func(jid string) { a.pull(proof{g, jid}) })
}

// interest tells members' servers which events of theirs are wanted, paced, and
// calls then for each. Who has the group as a contact sees it in its presence;
// another would take it for one.
func (a *attendant) interest(ctx context.Context, g *roster.Group, jids []string, then func(jid string)) {
	if len(jids) == 0 {
		return
	}
	out := &outlet{a.s}
	a.paced(ctx, jids, func(jids []string) {
		var all []byte // not under the outbox's lock: the group's comes before it
		for _, jid := range jids {
			if interest, ok := g.Calls(jid); ok {
				all = out.appendInterest(all, g.Name(), jid, interest)
			}
		}
		if len(all) > 0 {
			a.s.Link.Out.Control(func(b []byte) []byte { return append(b, all...) })
		}
		for _, jid := range jids {
			then(jid)
		}
	})
}

// reader asks until there is nobody to ask. There is one for each question
// under way, not for each member: the runtime never gives back what it needs to
// know of a goroutine.
func (a *attendant) reader(ctx context.Context) {
	for {
		a.mu.Lock()
		if len(a.reads) == 0 {
			a.reads = nil // and the room it had
			a.readers--
			a.mu.Unlock()
			return
		}
		p := a.reads[0]
		a.reads = a.reads[1:]
		a.mu.Unlock()
		failed := ctx.Err() == nil && !a.question(ctx, p) && a.sleep(ctx, readPause)
		a.readOver(ctx, p, failed)
	}
}

// question puts the question, and returns when the answer is in force. False:
// something of ours failed.
func (a *attendant) question(ctx context.Context, p proof) bool {
	over := make(chan bool, 1)
	group := p.g.Name()
	err := a.s.Link.Request("get", group+"@"+a.s.cfg.Link.Domain, p.jid,
		[]byte("<pubsub xmlns='"+pubsub.NSPubSub+"'><items node='"+pubsub.NSAuthorization+"' max_items='1'/></pubsub>"),
		readTime, func(st *frame.Stanza, err error) {
			f := found(st, err)
			if !a.s.workers.put(group, func(ctx context.Context) { over <- a.s.heed(ctx, p, f) }) {
				over <- false
			}
		})
	if err != nil {
		return false
	}
	select {
	case ok := <-over:
		if ok {
			p.g.Read(p.jid)
		}
		return ok
	case <-ctx.Done():
		return false
	}
}

// readOver tells who waits, unless p has to be asked again.
func (a *attendant) readOver(ctx context.Context, p proof, again bool) {
	a.mu.Lock()
	x := a.reading[p]
	if (again || x.again) && ctx.Err() == nil {
		x.again = false
		a.reads = append(a.reads, p)
		a.mu.Unlock()
		return
	}
	if delete(a.reading, p); len(a.reading) == 0 {
		a.reading = map[proof]*reading{} // without the room for as many as there were
	}
	a.mu.Unlock()
	for _, done := range x.done {
		done()
	}
	a.pull(p) // only now it is known what he lets others see
	a.ended()
}
