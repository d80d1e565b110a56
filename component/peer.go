package component

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-xmpp/rollcall/component/source"
	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// Peer is another service that speaks our protocol, which the configuration
// trusts: with what members let it see, or to tell us of its own users.
type Peer struct {
	Address string        // its domain
	Give    bool          // it may ask at our domain's NS#presence
	Grants  string        // what it sees of who has said nothing, such as "all except location"; "" = nothing
	Take    []string      // the presence of users of these domains comes from it
	Every   time.Duration // how often; 0 = at once
	By      string        // how it is told of whom: ByList, ByGroup, ByAll
}

// How a peer is told whose presence is wanted.
const (
	ByList  = "list"  // with the request
	ByGroup = "group" // it reads the group's NS#members here
	ByAll   = "all"   // not at all: of everybody whom it tells of those count that are wanted
)

// peers are those of the configuration, which do not change while we run.
type peers []Peer

// gives says whether bare is a peer's address, or that of one of its groups.
func (p peers) gives(bare string) (rule string, ok bool) {
	domain := string(domainOf([]byte(bare)))
	i := slices.IndexFunc(p, func(x Peer) bool { return x.Give && x.Address == domain })
	if i < 0 {
		return "", false
	}
	return p[i].Grants, true
}

// takes is the peer that tells of jid, nil if none does.
func (p peers) takes(jid string) *Peer {
	_, domain, _ := strings.Cut(jid, "@")
	for i := range p {
		if slices.Contains(p[i].Take, domain) {
			return &p[i]
		}
	}
	return nil
}

// at is the peer that speaks from an address.
func (p peers) at(address []byte) *Peer {
	for i := range p {
		if p[i].Address == string(address) && len(p[i].Take) > 0 {
			return &p[i]
		}
	}
	return nil
}

// serves says whether there is any that we give to.
func (p peers) serves() bool { return slices.ContainsFunc(p, func(x Peer) bool { return x.Give }) }

// PeerStats is how things stand with one peer.
type PeerStats struct {
	Address string
	Taking  int    // groups here that have asked it
	Heard   int    // of these, which it has told all they want to know
	Giving  int    // groups of its that ask here
	Events  uint64 // that it has told
	Lost    uint64 // how often it did not answer any more

	Last    time.Time // when it was heard; zero = never
	Away    time.Time // since when it does not answer; zero = it does, or was not asked
	Refused string    // how it refused what was asked of it last; "" = it did not
}

// peerStats are those of all of them.
func (s *Service) peerStats() (all []PeerStats) {
	if len(s.cfg.Peers) == 0 {
		return nil
	}
	giving := map[string]int{}
	for _, g := range s.Roster.Peers() {
		giving[string(domainOf([]byte(roster.PeerOf(g.Name()))))]++
	}
	for i := range s.cfg.Peers {
		p := &s.cfg.Peers[i]
		one := s.takings.stats(p)
		one.Address, one.Giving = p.Address, giving[p.Address]
		all = append(all, one)
	}
	return all
}

// resolve is the group that a stanza speaks of which came back to us, or nil:
// what a peer is told comes from the service itself.
func (s *Service) resolve(st *frame.Stanza) *roster.Group {
	if name := local(st.To); name != nil {
		return s.Roster.Loaded(name)
	}
	bare, _ := split(st.From)
	if _, ok := s.cfg.Peers.gives(string(bare)); !ok {
		return nil
	}
	return s.Roster.Loaded([]byte(roster.PeerGroup(string(bare))))
}

// reconcile brings what we give into line with the configuration. Every group
// is in memory.
func (a *attendant) reconcile(ctx context.Context) {
	if err := a.s.Roster.Reconcile(ctx, a.s.cfg.Peers.gives); err != nil && ctx.Err() == nil {
		a.s.log.Error("peers not reconciled", "error", source.Discreet(err.Error()))
	}
}
