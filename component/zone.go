package component

import (
	"context"
	"hash/maphash"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/pubsub"
)

// In which time zone a member is nobody publishes but in vCards, which would
// have to be asked for as a whole, and which do not travel. So the device that
// speaks for him is asked what time it is there (XEP-0202), if somebody may see
// his time zone: when he comes, behind everything else, and once in a period at
// most. When that begins is another moment for each member of each group.

// Bounds of asking.
const (
	zonePeriod = 12 * time.Hour
	zoneSlots  = 72  // parts of a period, in each of which some are asked
	maxClocks  = 512 // questions under way; who finds no room is asked in the next period
)

// askClock asks p's device. It does not wait for the answer, for devices that
// sleep have none: the next is asked meanwhile.
func (a *attendant) askClock(ctx context.Context, p proof) {
	resource := p.g.Speaker(p.jid)
	if resource == "" {
		return // gone again
	}
	select {
	case a.clocks <- struct{}{}:
	default:
		return
	}
	err := a.s.Link.Request("get", p.g.Name()+"@"+a.s.cfg.Link.Domain, p.jid+"/"+resource, []byte(pubsub.AskTime), readTime,
		func(st *frame.Stanza, err error) {
			<-a.clocks
			a.s.answered(p, policy.Timezone, st, err)
		})
	if err != nil {
		<-a.clocks
	}
	a.sleep(ctx, a.s.pause(maxPulls))
}

// rounds lets a period end for one part of the members after the other.
func (a *attendant) rounds(ctx context.Context) {
	seed := maphash.MakeSeed()
	for slot := uint64(0); a.sleep(ctx, zonePeriod/zoneSlots); slot++ {
		for _, g := range a.s.Roster.All() {
			name := g.Name() + "\n"
			g.Retime(func(jid string) bool { return maphash.String(seed, name+jid)%zoneSlots == slot%zoneSlots })
		}
	}
}
