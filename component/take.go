package component

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rollcall-xmpp/rollcall/component/source"
	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// Where members are a peer's users, their group asks the peer, not them: it
// subscribes to NS#presence there, in its own name, so that a member's policy
// can speak of this group, and says whom it wants to know of. What the peer says
// is believed of nobody else, and counts as far as the policies here let it.

// peerDevice is the resource under which a peer's word of a member is held that
// says nothing of his devices.
const peerDevice = "presence"

// taking is what one group has from one peer.
type taking struct {
	g    *roster.Group
	peer *Peer

	wanted []string    // of whom, in order
	kinds  policy.Mask // and what
	asked  bool        // the peer was told so, on this connection
	up     bool        // and has told us all since
	token  string      // of the state we hold, "" = the peer has none
	seen   map[string]struct{}
	done   []func() // who waits for the whole state
}

type takingKey struct{ peer, group string }

// takings are all of them. mu is a leaf but for Group.mu, which is taken with
// it held: what is heard of a group of a peer is heard in order.
type takings struct {
	s  *Service
	mu sync.Mutex
	of map[takingKey]*taking

	peers map[*Peer]*peerState // those that were asked something
}

// peerState is how a peer is from here.
type peerState struct {
	events, lost uint64
	heard, away  time.Time // last; since when it does not answer, zero = it does
	refused      string    // what it said to the last request, "" = yes
}

func newTakings(s *Service) *takings {
	return &takings{s: s, of: map[takingKey]*taking{}, peers: map[*Peer]*peerState{}}
}

// state is what is known of a peer. mu is held.
func (x *takings) state(p *Peer) *peerState {
	at := x.peers[p]
	if at == nil {
		at = &peerState{}
		x.peers[p] = at
	}
	return at
}

// answered takes in how a peer answered: reason is its refusal; err, that it did not.
// mu is held.
func (x *takings) answered(p *Peer, reason string, err error) {
	at, now := x.state(p), x.s.cfg.Now()
	if at.refused = reason; err == nil {
		at.heard, at.away = now, time.Time{}
	} else if at.away.IsZero() {
		at.away = now
	}
}

func (x *takings) stats(p *Peer) (s PeerStats) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, t := range x.of {
		if t.peer != p {
			continue
		}
		if s.Taking++; t.up {
			s.Heard++
		}
	}
	at := x.state(p)
	s.Events, s.Lost, s.Last, s.Away, s.Refused = at.events, at.lost, at.heard, at.away, at.refused
	return s
}

// detach forgets what was asked: the connection is gone.
func (x *takings) detach() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, t := range x.of {
		t.asked, t.up, t.token, t.seen = false, false, "", nil
		t.release()
	}
}

func (t *taking) release() {
	for _, done := range t.done {
		done()
	}
	t.done = nil
}

// visit asks g's peers for what g wants of them now, if they were not asked for
// that already.
func (x *takings) visit(ctx context.Context, g *roster.Group, r *tour) {
	for i := range x.s.cfg.Peers {
		if p := &x.s.cfg.Peers[i]; len(p.Take) > 0 {
			x.want(ctx, g, p, r)
		}
	}
}

func (x *takings) want(ctx context.Context, g *roster.Group, p *Peer, r *tour) {
	wanted, kinds, again := g.Borrowed(func(jid string) bool { return x.s.cfg.Peers.takes(jid) == p })
	key := takingKey{p.Address, g.Name()}
	if len(wanted) > 0 {
		tie := roster.TieRecord{Kind: roster.TiePresence, There: p.Address, Here: g.Name()}
		if err := x.s.ties.Note(ctx, tie); err != nil && ctx.Err() == nil { // it is asked all the same: who is there matters more
			x.s.log.Error("not remembered that a peer is asked", "peer", p.Address, "group", g.Name(), "error", err)
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	t := x.of[key]
	if t == nil {
		if len(wanted) == 0 {
			return
		}
		t = &taking{peer: p}
		x.of[key] = t
	}
	t.g = g
	if t.asked && !again && t.kinds == kinds && t.covers(wanted) {
		t.wanted = wanted
		return
	}
	t.wanted, t.kinds = wanted, kinds
	if len(wanted) == 0 {
		delete(x.of, key)
		t.release()
		x.s.ties.Look()
		return
	}
	if r != nil {
		r.reads.Add(1)
		t.done = append(t.done, sync.OnceFunc(r.reads.Done))
		wait := t.done
		time.AfterFunc(readTime, func() {
			for _, done := range wait {
				done()
			}
		})
	}
	x.ask(t)
}

// covers says whether the peer was asked for those wanted now, and for nobody
// else as far as it was told by a list.
func (t *taking) covers(wanted []string) bool {
	if t.peer.By != ByGroup && t.peer.By != ByAll || len(wanted) == 0 {
		return slices.Equal(t.wanted, wanted)
	}
	return !slices.ContainsFunc(wanted, func(jid string) bool {
		_, known := slices.BinarySearch(t.wanted, jid)
		return !known
	})
}

func (x *takings) from(t *taking) string { return t.g.Name() + "@" + x.s.cfg.Link.Domain }

// ask subscribes, once more if need be: the answer is followed by the whole
// state. mu is held.
func (x *takings) ask(t *taking) {
	t.asked, t.up, t.seen = true, false, nil
	err := x.s.Link.Request("set", x.from(t), t.peer.Address, t.subscription(x.from(t)), readTime, func(st *frame.Stanza, err error) {
		x.mu.Lock()
		defer x.mu.Unlock()
		reason, err := answerOf(st, err)
		if x.answered(t.peer, reason, err); err != nil || reason != "" {
			x.lose(t)
		}
	})
	if err != nil {
		t.asked = false
		t.release()
	}
}

// answerOf is how a peer answered: with a result, with a refusal of its own, or
// somebody for it that it is not there.
func answerOf(st *frame.Stanza, err error) (reason string, _ error) {
	if err != nil {
		return "", err
	}
	if why := source.Refusal(st.Raw); why != nil {
		if source.Absent(st.Raw) {
			return "", why
		}
		return cmp.Or(strings.TrimPrefix(why.Error(), source.ErrRefused.Error()+": "), "for no reason"), nil
	}
	return "", nil
}

// subscription is the request that says what t wants.
func (t *taking) subscription(from string) []byte {
	b := append([]byte(nil), "<pubsub xmlns='"+pubsub.NSPubSub+"'><subscribe node='"+pubsub.NS+"#presence' jid='"...)
	b = append(frame.AppendAttr(b, from), "'/><options><x xmlns='"+nsData+"' type='submit'>"...)
	field := func(name string, values ...string) {
		b = append(append(append(b, "<field var='"...), name...), "'>"...)
		for _, v := range values {
			b = append(frame.AppendText(append(b, "<value>"...), v), "</value>"...)
		}
		b = append(b, "</field>"...)
	}
	field("FORM_TYPE", pubsub.NSPubSub+"#subscribe_options")
	switch t.peer.By {
	case ByGroup:
		field("{"+pubsub.NS+"}group", from)
	case ByAll:
	default:
		field("{"+pubsub.NS+"}members", t.wanted...)
	}
	field("{"+pubsub.NS+"}attributes", strings.Fields(asked(t.kinds).String())...)
	if t.peer.Every > 0 {
		field("pubsub#digest", "true")
		field("pubsub#digest_frequency", strconv.FormatInt(t.peer.Every.Milliseconds(), 10))
	}
	return append(b, "</x></options></pubsub>"...)
}

// asked is what the peer is asked for where kinds are acquired. Who is only
// counted is asked for whether he is there.
func asked(kinds policy.Mask) policy.Mask {
	if kinds &= policy.All; kinds != 0 {
		kinds |= policy.Availability
	}
	return kinds
}

func unsubscribed(from string) []byte {
	b := append([]byte(nil), "<pubsub xmlns='"+pubsub.NSPubSub+"'><unsubscribe node='"+pubsub.NS+"#presence' jid='"...)
	return append(frame.AppendAttr(b, from), "'/></pubsub>"...)
}

// lose takes in that nothing is known from t's peer: its users look offline. mu
// is held.
func (x *takings) lose(t *taking) {
	t.asked, t.up, t.token, t.seen = false, false, "", nil
	x.s.unknown(t.g, t.wanted...)
	t.release()
}

// checkPeers looks now and then whether the peers are still there and know of
// us, in the name of one group that speaks for all.
func (a *attendant) checkPeers(ctx context.Context) {
	for a.sleep(ctx, a.s.cfg.PeerCheck) {
		for i := range a.s.cfg.Peers {
			if p := &a.s.cfg.Peers[i]; len(p.Take) > 0 {
				a.s.takings.check(p)
			}
		}
	}
}

// check finds out whether p is there: who was lost is asked again.
func (x *takings) check(p *Peer) {
	x.mu.Lock()
	defer x.mu.Unlock()
	var one *taking
	for _, t := range x.of {
		if t.peer != p {
			continue
		}
		if !t.asked {
			x.ask(t)
		} else if one == nil || t.g.Name() < one.g.Name() {
			one = t
		}
	}
	if one == nil {
		return
	}
	payload := []byte("<pubsub xmlns='" + pubsub.NSPubSub + "'><subscriptions node='" + pubsub.NS + "#presence'/></pubsub>")
	from := x.from(one)
	err := x.s.Link.Request("get", from, p.Address, payload, readTime, func(st *frame.Stanza, err error) {
		reason, err := answerOf(st, err)
		x.mu.Lock()
		x.answered(p, reason, err)
		x.mu.Unlock()
		x.checked(p, err == nil && reason == "" && bytes.Contains(st.Raw, []byte("subscribed")))
	})
	if err != nil {
		x.s.log.Debug("peer not checked", "peer", p.Address, "error", err)
	}
}

func (x *takings) checked(p *Peer, there bool) {
	if there {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	n := 0
	for _, t := range x.of {
		if t.peer == p && t.asked {
			x.lose(t)
			n++
		}
	}
	if n > 0 {
		x.state(p).lost++
		x.s.log.Warn("a peer does not answer: its users look offline until it does", "peer", p.Address, "groups", n)
	}
}
