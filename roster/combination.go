package roster

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// Combination is the rule by which a member's devices become his one state: the
// device that speaks for him says show, status and idle. He chooses it. The line
// comment is its name on the wire.
type Combination uint8

// The rules. Each is an order of the same questions, see docs/protocol.md.
const (
	MostAvailable   Combination = iota // available
	HighestPriority                    // priority
	MostRecent                         // recent
)

var combinationNames = [...]string{"available", "priority", "recent"}

func (by Combination) String() string { return combinationNames[by] }

// ParseCombination is the inverse of [Combination.String]; "" is MostAvailable.
func ParseCombination(s string) (Combination, error) {
	if s == "" {
		return MostAvailable, nil
	}
	if i := slices.Index(combinationNames[:], s); i >= 0 {
		return Combination(i), nil
	}
	return 0, invalid("combination", "%q is none of %s", s, strings.Join(combinationNames[:], ", "))
}

// before says whether d speaks for the member rather than o. Devices that take
// no messages (negative priority, RFC 6121 §4.7.2.3) speak last, whatever the
// rule; names are what is never equal. Connections have no say: who may not see
// them would see what they do.
func (d *device) before(o *device, by Combination) bool {
	listens := cmp.Compare(min(d.priority, 0)>>7, min(o.priority, 0)>>7) // -1 or 0
	show, priority, at := cmp.Compare(d.show, o.show), cmp.Compare(d.priority, o.priority), cmp.Compare(d.at, o.at)
	var c int
	switch by {
	case HighestPriority:
		c = cmp.Or(priority, show, at)
	case MostRecent:
		c = cmp.Or(listens, at, show, priority)
	default:
		c = cmp.Or(listens, show, priority, at)
	}
	return c > 0 || c == 0 && d.resource < o.resource
}

// Combination is the rule that jid has chosen. ErrNoGroup when he may not know
// of the group, ErrNoMember.
func (g *Group) Combination(jid string) (Combination, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.live(jid)
	if m == nil {
		return 0, cmp.Or(g.mayKnow(jid), ErrNoMember)
	}
	return m.Combination, nil
}

// Combine stores the rule by which jid's devices become his one state in this
// group, and puts it in force. ErrNoGroup when he may not know of the group,
// ErrNoMember.
func (g *Group) Combine(ctx context.Context, jid string, by Combination) error {
	g.edit.Lock()
	defer g.edit.Unlock()
	now, err := g.Combination(jid)
	if err != nil || now == by {
		return err
	}
	g.mu.Lock()
	rec := g.live(jid).record() // edit is held: he is still there
	g.mu.Unlock()
	rec.Combination = by
	if err := g.roster.store.StoreMembers(ctx, g.name, rec); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.live(jid)
	if m == nil {
		return nil
	}
	if m.Combination = by; m.presence == nil {
		return nil
	}
	if changed := m.presence.recombine(by) &^ policy.Devices; changed != 0 {
		g.changed(m, changed)
	}
	return nil
}
