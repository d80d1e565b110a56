package component

import (
	"context"
	"errors"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// What members publish beside their presence (roster.Published) reaches us as
// events, as their policies do: of exactly those nodes of each that he lets
// somebody see. What was published before we asked for the events, and while
// we were away, is read once, behind everything else and slowly: a group does
// not wait for it. So is what is in no node, his time zone: see zone.go.

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
	var allowed roster.Precision
	if kind == policy.Location {
		var err error
		if allowed, err = p.g.Precision(p.jid); err != nil {
			return // a member no more
		}
	}
	if payload != nil {
		var err error
		payload, err = pubsub.ReadPublished(kind, payload, allowed)
		switch {
		case errors.Is(err, pubsub.ErrTooLarge):
			s.counts.dropped[tooLarge].Add(1)
		case err != nil:
			s.counts.dropped[malformed].Add(1)
		}
	}
	s.pace.published(p.g, p.jid, kind, payload, allowed, asked)
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
		for r := p.g.Pull(p.jid); r != 0; {
			kinds := r & together(r&-r)
			if r &^= kinds; !a.pullOne(ctx, p, kinds) {
				break // a server that does not answer is not asked on
			}
		}
		a.mu.Lock()
		again := a.pulled[p]
		switch delete(a.pulled, p); {
		case again && a.up:
			a.pulled[p] = false
			a.pulls = append(a.pulls, p)
		case len(a.pulled) == 0: // without the room for as many as there were
			a.pulled, a.pulls = map[proof]bool{}, nil
		}
		a.mu.Unlock()
	}
}

// together are the attributes that are read with that one.
func together(kind policy.Mask) policy.Mask {
	return pubsub.Published(pubsub.PublishedNode(kind)) | kind
}

// pullOne reads what kinds stand in, one node or none. False: nobody answered.
func (a *attendant) pullOne(ctx context.Context, p proof, kinds policy.Mask) bool {
	node := pubsub.PublishedNode(kinds & -kinds)
	switch {
	case p.g.Interest(p.jid)&kinds == 0:
		return true // by now
	case node == "":
		a.askClock(ctx, p)
		return true
	}
	card := false
	known := a.pose(ctx, p, p.jid, "<pubsub xmlns='"+pubsub.NSPubSub+"'><items node='"+node+"' max_items='1'/></pubsub>", func(st *frame.Stanza, err error) bool {
		card = err == nil && kinds&(policy.Interests|policy.Language) != 0 && noNodes(st)
		return a.s.pulled(p, kinds, st, err)
	})
	if known && card {
		return a.pose(ctx, p, p.jid, pubsub.AskCard, func(st *frame.Stanza, err error) bool { return a.s.answered(p, kinds, st, err) })
	}
	return known
}

// pose puts a question in the name of p's group, and returns when the answer
// was taken in and the next may be put. False: there was none, or take says so.
func (a *attendant) pose(ctx context.Context, p proof, to, question string, take func(*frame.Stanza, error) bool) bool {
	over := make(chan bool, 1)
	err := a.s.Link.Request("get", p.g.Name()+"@"+a.s.cfg.Link.Domain, to, []byte(question), readTime,
		func(st *frame.Stanza, err error) { over <- take(st, err) })
	if err != nil {
		return false
	}
	select {
	case known := <-over:
		return a.sleep(ctx, a.s.pause(maxPulls)) && known
	case <-ctx.Done():
		return false
	}
}

// pulled takes in what a node has; false if that was not said.
func (s *Service) pulled(p proof, kinds policy.Mask, st *frame.Stanza, err error) bool {
	var refused *frame.RefusedError
	switch {
	case errors.As(err, &refused):
		s.counts.dropped[tooLarge].Add(1)
		s.none(p, kinds)
	case err != nil:
		return false
	case string(st.Type) == "result":
		s.published(p, st.Raw, pubsub.NSPubSub, kinds, true)
	case nothingThere(st):
		s.none(p, kinds)
	}
	return true
}

// none takes in that there is none of kinds.
func (s *Service) none(p proof, kinds policy.Mask) {
	for r := kinds; r != 0; r &= r - 1 {
		s.attribute(p, r&-r, nil, true)
	}
}

// answered takes in an answer that is in no node; false if there is none.
func (s *Service) answered(p proof, kinds policy.Mask, st *frame.Stanza, err error) bool {
	var refused *frame.RefusedError
	switch {
	case errors.As(err, &refused):
		s.counts.dropped[tooLarge].Add(1)
		s.none(p, kinds)
	case err != nil:
		return false
	case string(st.Type) == "result":
		payload := pubsub.Answered(kinds, st.Raw)
		for r := kinds & p.g.Interest(p.jid); r != 0; r &= r - 1 {
			s.attribute(p, r&-r, payload, true)
		}
	default:
		s.none(p, kinds)
	}
	return true
}

// pulling says whether something is being read, or is to be.
func (a *attendant) pulling() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.pulls) > 0 || a.pullers > 0
}
