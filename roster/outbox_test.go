package roster_test

import (
	"slices"
	"sync"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// outbox collects what a roster wants of the world.
type outbox struct {
	mu       sync.Mutex
	ready    []*roster.Group
	presence []string
	ended    []string
	wanted   int
	twice    bool // a group announced itself that waited already
	wake     chan struct{}
}

func (o *outbox) Ready(g *roster.Group) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.twice = o.twice || slices.Contains(o.ready, g)
	o.ready = append(o.ready, g)
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *outbox) Presence(group, to string, t roster.PresenceType) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.presence = append(o.presence, t.String()+" "+to)
}

func (o *outbox) Wanted(*roster.Group) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.wanted++
}

func (o *outbox) Began(group string, s roster.SubscriptionRecord) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = append(o.ended, "not: "+s.Node+" "+s.JID)
}

func (o *outbox) Gone(_, to string, members []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, m := range members {
		o.presence = append(o.presence, "gone "+to+" "+m)
	}
}

func (o *outbox) Ended(group string, s roster.SubscriptionRecord) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = append(o.ended, s.Node+" "+s.JID)
}

// next takes the group that has waited longest.
func (o *outbox) next() *roster.Group {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.ready) == 0 {
		return nil
	}
	g := o.ready[0]
	o.ready = o.ready[1:]
	return g
}

// sent takes what was sent that carries no state.
func (o *outbox) sent() (presence, ended []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	presence, ended, o.presence, o.ended = o.presence, o.ended, nil, nil
	return presence, ended
}
