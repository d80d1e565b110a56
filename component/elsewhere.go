package component

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-xmpp/rollcall/component/source"
	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/pubsub"
)

// What members keep at their servers: a PEP node (XEP-0163) with one item, the
// <authorization/> that has to grant as well. Its events reach us because a
// group's presence says that it wants them (XEP-0115). But no server tells
// everything, such as what happened while we were away, or that an item is
// gone; so the node is read, too, when a connection begins and when a member's
// device comes.

// Bounds of reading.
const (
	readTime  = 5 * time.Second // for a server's answer
	maxReads  = 512             // under way at once; room among the pending requests for others
	maxPolicy = 128 << 10       // bytes of an item
	readPause = time.Second     // before the next attempt, when something of ours failed
)

// finding is what was learnt about a member's node.
type finding struct {
	known   bool   // false: nothing, what was known stays
	payload []byte // the <authorization/>; nil = there is none
}

// policy is what the finding means: nil for nothing. What cannot be understood
// shares nothing.
func (f *finding) policy() (*policy.Authorization, error) {
	if f.payload == nil {
		return nil, nil
	}
	a, err := pubsub.ParseAuthorization(f.payload)
	if err != nil {
		return &policy.Authorization{}, err
	}
	return a, nil
}

// onEvent takes a message of type headline: an event of a member's own node,
// which his server sends in his bare JID's name, is believed; nothing else is
// even looked at.
func (s *Service) onEvent(st *frame.Stanza) {
	p, ok := s.owner(st)
	if !ok {
		return
	}
	s.published(p, st.Raw, pubsub.NSEvent, nodes(st.Raw), false)
	payload, about := item(st.Raw, pubsub.NSEvent, pubsub.NSAuthorization)
	if !about {
		return
	}
	f := finding{known: true, payload: payload}
	if payload == nil || !s.workers.request(p.g.Name(), len(payload), func(ctx context.Context) {
		if !s.heed(ctx, p, f) {
			s.attend.read(p, nil)
		}
	}) { // retracted, purged, deleted, not sent along; or too much to do
		s.attend.read(p, nil)
	}
}

// hurried takes an event of who is sent too many. What members publish has a
// limit of its own (see pace); of the rest the latest is asked for.
func (s *Service) hurried(st *frame.Stanza) {
	p, ok := s.owner(st)
	if !ok {
		return
	}
	kinds := nodes(st.Raw)
	if s.published(p, st.Raw, pubsub.NSEvent, kinds, false); kinds == 0 {
		s.attend.read(p, nil)
	}
}

// owner is whose nodes a message may speak of.
func (s *Service) owner(st *frame.Stanza) (proof, bool) {
	jid := plain(st.From)
	g := s.Roster.Loaded(local(st.To)) // one that is not loaded will ask when it is
	if g == nil || strings.Contains(jid, "/") || !g.Grants(jid) {
		return proof{}, false
	}
	return proof{g, jid}, true
}

// found is what an answer to the question for a member's items says.
func found(st *frame.Stanza, err error) finding {
	var refused *frame.RefusedError
	switch {
	case errors.As(err, &refused):
		return finding{known: true, payload: senseless}
	case err != nil:
		return finding{}
	case string(st.Type) == "result":
		payload, _ := item(st.Raw, pubsub.NSPubSub, pubsub.NSAuthorization)
		return finding{known: true, payload: payload}
	}
	return finding{known: nothingThere(st)}
}

// nothingThere says whether an error means that the group may read no such
// node. Any other may be over soon, or be what somebody who blocks us lets us
// have: it must not loosen anything.
func nothingThere(st *frame.Stanza) bool {
	return says(st, "item-not-found", "forbidden", "not-allowed", "not-authorized", "feature-not-implemented")
}

// noNodes says whether an error means that the server has no nodes at all.
func noNodes(st *frame.Stanza) bool {
	return says(st, "feature-not-implemented", "service-unavailable")
}

// says tells whether a stanza is an error with one of the conditions.
func says(st *frame.Stanza, conditions ...string) bool {
	if string(st.Type) != "error" {
		return false
	}
	var in frame.Scanner
	for in.Reset(st.Raw); in.Next(); {
		if in.Kind != frame.Start || in.Depth != 3 || string(in.NS()) != nsStanzas {
			continue
		}
		if slices.Contains(conditions, string(in.Local())) {
			return true
		}
	}
	return false
}

// item finds the item of the node in an event or an answer. about is false if
// it is not about the node. A payload that is not nil may still make no sense;
// so does more than one: the order of items means nothing.
func item(stanza []byte, space, node string) (payload []byte, about bool) {
	var in frame.Scanner
	wrapped, items := false, 0
	for in.Reset(stanza); in.Next(); {
		if in.Kind != frame.Start {
			continue
		}
		switch in.Depth {
		case 2:
			wrapped = string(in.NS()) == space
		case 3:
			if !wrapped || plain(in.Attr("node")) != node {
				in.Skip()
				continue
			}
			about = true
		case 4:
			if string(in.Local()) != "item" {
				in.Skip()
			} else if items++; payload != nil {
				return senseless, true
			}
		case 5:
			if items > 1 || payload != nil || node == pubsub.NSAuthorization && !in.Is(pubsub.NS, "authorization") {
				return senseless, true
			}
			var ok bool
			if payload, ok = in.Cut(nil); !ok || len(payload) > maxPolicy {
				return senseless, true
			}
		}
	}
	return payload, about
}

// senseless stands for what is there and cannot be a policy.
var senseless = []byte("<>")

// heed puts a finding in force. False: it could not be stored.
func (s *Service) heed(ctx context.Context, p proof, f finding) bool {
	if !f.known {
		return true
	}
	a, err := f.policy()
	if err != nil {
		s.log.Info("policy at a member's server makes no sense, he shares nothing", "group", p.g.Name(), "error", source.Discreet(err.Error()))
	}
	if err := p.g.OnElsewhere(ctx, p.jid, a); err != nil {
		if ctx.Err() == nil {
			s.log.Error("policy at a member's server not stored", "group", p.g.Name(), "error", err)
		}
		return false
	}
	return true
}
