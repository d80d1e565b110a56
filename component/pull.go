package component

import (
	"context"
	"errors"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// What members publish beside their presence (roster.Published) reaches us as
// events, as their policies do: of exactly those nodes of each that he lets
// somebody see. What was published before we asked for the events, and while
// we were away, is read once, behind everything else and slowly: a group does
// not wait for it.

// maxPulls bounds the questions about that under way at once; all together
// keep the rate of probes.
const maxPulls = 32

// published takes in what a stanza of p's server, an event or an answer, says
// of his attributes.
func (s *Service) published(p proof, raw []byte, space string, kinds policy.Mask, asked bool) {
	for r := kinds & p.g.Interest(p.jid) & roster.Published; r != 0; r &= r - 1 {
		kind := r & -r
		payload, about := item(raw, space, pubsub.PublishedNode(kind))
		if about || asked {
			s.attribute(p, kind, payload, asked)
		}
	}
}

// attribute takes in one of them. What cannot be passed on is as if there were
// none: what it took the place of is so no more.
func (s *Service) attribute(p proof, kind policy.Mask, payload []byte, asked bool) {
	if payload != nil {
		empty, err := pubsub.CheckPublished(kind, payload)
		switch {
		case errors.Is(err, pubsub.ErrTooLarge):
			s.counts.dropped[tooLarge].Add(1)
		case err != nil:
			s.counts.dropped[malformed].Add(1)
		}
		if kind == policy.Willingness && err == nil {
			if payload, err = pubsub.ParseWilling(payload); err != nil {
				s.counts.dropped[malformed].Add(1)
			}
			empty = false
		}
		if empty || err != nil {
			payload = nil
		}
	}
	s.pace.published(p.g, p.jid, kind, payload, asked)
}

// nodes says which attributes an event may be about.
func nodes(raw []byte) (kinds policy.Mask) {
	var in frame.Scanner
	for in.Reset(raw); in.Next(); {
		if in.Kind == frame.Start && in.Depth == 3 {
			kinds |= pubsub.Published(plain(in.Attr("node")))
			in.Skip()
		}
	}
	return kinds
}

// pull has p's attributes read, those that the group wants read. It never
// blocks.
func (a *attendant) pull(p proof) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.up {
		return
	}
	if _, known := a.pulled[p]; known { // he takes one place, however often he changes his mind
		a.pulled[p] = true
		return
	}
	a.pulled[p] = false
	a.pulls = append(a.pulls, p)
	if a.pullers < maxPulls {
		a.pullers++
		ctx := a.life
		a.all.Go(func() { a.puller(ctx) })
	}
}

// puller reads until there is nothing to read.
func (a *attendant) puller(ctx context.Context) {
	for {
		a.mu.Lock()
		if len(a.pulls) == 0 || ctx.Err() != nil {
			a.pullers--
			a.mu.Unlock()
			return
		}
		p := a.pulls[0]
		a.pulls = a.pulls[1:]
		a.mu.Unlock()
		for r := p.g.Pull(p.jid); r != 0; r &= r - 1 {
			if !a.pullOne(ctx, p, r&-r) {
				break // a server that does not answer is not asked on
			}
		}
		a.mu.Lock()
		again := a.pulled[p]
		if delete(a.pulled, p); again && a.up {
			a.pulled[p] = false
			a.pulls = append(a.pulls, p)
		}
		a.mu.Unlock()
	}
}

// pullOne reads one node. False: nobody answered.
func (a *attendant) pullOne(ctx context.Context, p proof, kind policy.Mask) bool {
	if p.g.Interest(p.jid)&kind == 0 {
		return true // by now
	}
	over := make(chan bool, 1)
	err := a.s.Link.Request("get", p.g.Name()+"@"+a.s.cfg.Link.Domain, p.jid,
		[]byte("<pubsub xmlns='"+pubsub.NSPubSub+"'><items node='"+pubsub.PublishedNode(kind)+"' max_items='1'/></pubsub>"),
		readTime, func(st *frame.Stanza, err error) {
			known := a.s.pulled(p, kind, st, err)
			over <- known
		})
	if err != nil {
		return false
	}
	select {
	case known := <-over:
		return a.sleep(ctx, maxPulls*time.Second/time.Duration(a.s.cfg.ProbeRate)) && known
	case <-ctx.Done():
		return false
	}
}

// pulled takes in an answer; false if it is none.
func (s *Service) pulled(p proof, kind policy.Mask, st *frame.Stanza, err error) bool {
	var refused *frame.RefusedError
	switch {
	case errors.As(err, &refused):
		s.counts.dropped[tooLarge].Add(1)
		s.pace.published(p.g, p.jid, kind, nil, true)
	case err != nil:
		return false
	case string(st.Type) == "result":
		s.published(p, st.Raw, pubsub.NSPubSub, kind, true)
	case nothingThere(st):
		s.pace.published(p.g, p.jid, kind, nil, true)
	}
	return true
}

// pulling says whether something is being read, or is to be.
func (a *attendant) pulling() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.pulls) > 0 || a.pullers > 0
}
