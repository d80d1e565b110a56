package roster

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// Capabilities are what a device can do, as far as its hash proves it (XEP-0115,
// XEP-0390). They are shared by all devices of which they are true, and do not
// change.
type Capabilities struct {
	Identities []Identity // sorted, unique, at most [MaxIdentities]
	Able       Ability
}

// Identity is what sort of program a device runs, such as client/phone
// (XEP-0030 §3.1). What the program is called is not told.
type Identity struct{ Category, Type string }

func (i Identity) compare(j Identity) int {
	return cmp.Or(strings.Compare(i.Category, j.Category), strings.Compare(i.Type, j.Type))
}

// Ability is a set of things that people ask a device for.
type Ability uint8

// The abilities. The line comment is the word on the wire.
const (
	Audio Ability = 1 << iota // audio
	Video                     // video
	Files                     // files
	OMEMO                     // omemo
)

var abilityNames = [...]string{"audio", "video", "files", "omemo"}

// Words lists them, in this order.
func (a Ability) Words() (words []string) {
	for i, name := range abilityNames {
		if a&(1<<i) != 0 {
			words = append(words, name)
		}
	}
	return words
}

// ParseAbility is the inverse of [Ability.Words]; other words are passed over.
func ParseAbility(words []string) (a Ability) {
	for _, w := range words {
		if i := slices.Index(abilityNames[:], w); i >= 0 {
			a |= 1 << i
		}
	}
	return a
}

// Bounds of what is kept of them.
const (
	MaxIdentities = 4 // of a device
	MaxCapable    = 8 // devices of a member whose capabilities are kept
)

// NewCapabilities brings ids in order, of which the first are kept; nil if
// there is nothing to tell.
func NewCapabilities(ids []Identity, a Ability) *Capabilities {
	ids = slices.Clone(ids)
	slices.SortFunc(ids, Identity.compare)
	if ids = slices.Compact(ids); len(ids) > MaxIdentities {
		ids = slices.Clone(ids[:MaxIdentities])
	}
	if len(ids) == 0 && a == 0 {
		return nil
	}
	return &Capabilities{ids, a}
}

func (c *Capabilities) equal(o *Capabilities) bool {
	if c == nil || o == nil || c == o {
		return c == o
	}
	return c.Able == o.Able && slices.Equal(c.Identities, o.Identities)
}

// can is what the devices can do together, nil for nothing known.
func (p *presence) can() (all *Capabilities) {
	for i := range p.devices {
		switch c := p.devices[i].can; {
		case c == nil, c == all:
		case all == nil:
			all = c
		default:
			all = &Capabilities{slices.Concat(all.Identities, c.Identities), all.Able | c.Able}
			slices.SortFunc(all.Identities, Identity.compare)
			all.Identities = slices.Compact(all.Identities)
		}
	}
	return all
}

// capable says whether the capabilities of one more device, or of the one that
// stands there, can be kept.
func (p *presence) capable(at int) bool {
	n := 0
	for i := range p.devices {
		if p.devices[i].can != nil && i != at {
			n++
		}
	}
	return n < MaxCapable
}

// before is what the devices can do before s about the one at i is taken in, if
// that may change it; after says whether it did.
func (p *presence) before(i int, known bool, s *Presence) (could *Capabilities, moves bool) {
	switch {
	case s.Show == Offline && !known: // all of them
		moves = p.can() != nil
	case s.Show == Offline:
		moves = p.devices[i].can != nil
	case known:
		moves = p.devices[i].can != s.Can
	default:
		moves = s.Can != nil
	}
	if moves {
		could = p.can()
	}
	return could, moves
}

func (p *presence) after(could *Capabilities, moves bool) policy.Mask {
	if moves && !could.equal(p.can()) {
		return policy.Capabilities
	}
	return 0
}

// Keeps says whether that is held of jid: some rule of his lets somebody see it,
// and the group collects it.
func (g *Group) Keeps(jid []byte, kind policy.Mask) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.entryBytes(jid)
	return m != nil && m.gone == 0 && m.given() && m.keeps&kind != 0
}

// HearCapabilities takes in what a device of jid's was found to be able to do;
// nil is nothing. What nobody may see is not held.
func (g *Group) HearCapabilities(jid, resource string, can *Capabilities) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.live(jid)
	if m == nil || !m.given() {
		return
	}
	if p := m.parked; p != nil && m.might&policy.Capabilities != 0 {
		p.enable(resource, can)
	}
	if p := m.presence; p != nil && m.keeps&policy.Capabilities != 0 {
		if changed := p.enable(resource, can); changed != 0 {
			g.changed(m, changed)
		}
	}
}

// enable says what a device can do, and which kinds that changed.
func (p *presence) enable(resource string, can *Capabilities) (changed policy.Mask) {
	i, known := p.find([]byte(resource))
	if !known || p.devices[i].can.equal(can) || can != nil && !p.capable(i) {
		return 0
	}
	could := p.can()
	p.devices[i].can = can
	return deviceCapabilities | p.after(could, true)
}
