package component

import (
	"sync/atomic"
	"time"

	"github.com/rollcall-xmpp/rollcall/component/hook"
	"github.com/rollcall-xmpp/rollcall/component/source"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// counts is what a service has done.
type counts struct {
	presence, iq, message atomic.Uint64 // stanzas received
	refused               atomic.Uint64
	copies                atomic.Uint64               // of presence, from the server itself
	turned                [foreign + 1]atomic.Uint64  // by verdict
	dropped               [tooLarge + 1]atomic.Uint64 // what members published, by what is wrong with it
	connections           atomic.Uint64
	since                 atomic.Pointer[time.Time] // attached since; nil = not attached
}

// What may be wrong with what a member published.
const (
	malformed = iota
	tooLarge
)

func (c *counts) attach(now time.Time) {
	c.connections.Add(1)
	c.since.Store(&now)
}

func (c *counts) detach() { c.since.Store(nil) }

func (c *counts) received(name []byte) {
	switch string(name) {
	case "presence":
		c.presence.Add(1)
	case "iq":
		c.iq.Add(1)
	case "message":
		c.message.Add(1)
	}
}

// ServiceStats says what a Service has done and how it stands. It counts
// people and names none.
type ServiceStats struct {
	Outbox OutboxStats
	Hooks  hook.Stats

	Multicast MulticastStats
	Outposts  roster.OutpostStats
	Sources   []source.Stats // by name
	Peers     []PeerStats    // as they are configured

	Attached    *time.Time // since when; nil = not attached
	Connections uint64
	Ready       bool          // attached, and every group answers
	ReadyAfter  time.Duration // how long that took, from the attachment on; 0 = it is not
	Settled     bool          // attached, and the presence of all members is known
	Groups      int           // in memory
	Unasked     int           // groups whose members are still to be asked for their presence
	Probes      uint64        // members that were asked, again and again

	Presence, IQ, Message uint64 // stanzas received, for us, within the limits of size
	Refused               uint64 // over those
	Limited               uint64 // of who asked too much
	Foreign               uint64 // of domains that may not use the service
	Copies                uint64 // of what the server's users broadcast (XEP-0356)
	Told                  bool   // the server tells of its users
	Delayed               uint64 // changes of presence, by who changes it too often
	Malformed, TooLarge   uint64 // attributes that members published and that cannot be passed on
	Jobs                  int    // that wait for a worker
}

// Stats returns the figures of this moment.
func (s *Service) Stats() ServiceStats {
	c := &s.counts
	stats := ServiceStats{
		Outbox: s.Link.Out.Stats(), Hooks: s.Hooks.Stats(), Multicast: s.copier.stats(), Outposts: s.Roster.Outposts(), Sources: s.Sources.Stats(), Attached: c.since.Load(), Connections: c.connections.Load(),
		Settled: s.attend.quiet(), Groups: s.Roster.Len(),
		Unasked: s.attend.visits(), Probes: s.attend.progress.probes.Load(),
		Presence: c.presence.Load(), IQ: c.iq.Load(), Message: c.message.Load(),
		Refused: c.refused.Load(), Limited: c.turned[limited].Load(), Foreign: c.turned[foreign].Load(),
	}
	stats.ReadyAfter, stats.Ready = s.Ready()
	stats.Copies, stats.Told = c.copies.Load(), s.tells.Load()
	stats.Malformed, stats.TooLarge = c.dropped[malformed].Load(), c.dropped[tooLarge].Load()+s.pace.crowded()
	stats.Delayed, _ = s.pace.stats()
	stats.Peers = s.peerStats()
	for _, q := range s.workers.queues {
		stats.Jobs += len(q)
	}
	return stats
}
