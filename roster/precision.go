package roster

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// Precision is how exactly a member lets others see where he is, those whom he
// lets see it at all: the greater, the coarser. What is finer is not held. The
// line comment is its name on the wire.
type Precision uint8

// The precisions.
const (
	Exact    Precision = iota // exact: as he publishes it
	Near                      // 1km: coordinates with two decimals, and what Locality has
	Rough                     // 10km: coordinates with one, and what Locality has
	Locality                  // locality: the names of country, region and town
	Region                    // region
	Country                   // country
)

var precisionNames = [...]string{"exact", "1km", "10km", "locality", "region", "country"}

// Precisions are all of them, the finest first.
func Precisions() []Precision { return []Precision{Exact, Near, Rough, Locality, Region, Country} }

func (p Precision) String() string { return precisionNames[p] }

// ParsePrecision is the inverse of [Precision.String].
func ParsePrecision(s string) (Precision, error) {
	if i := slices.Index(precisionNames[:], s); i >= 0 {
		return Precision(i), nil
	}
	return 0, invalid("precision", "%q is none of %s", s, strings.Join(precisionNames[:], ", "))
}

// Precision is how exactly jid lets others see where he is. ErrNoMember,
// ErrNoGroup.
func (g *Group) Precision(jid string) (Precision, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m, err := g.himself(jid)
	if err != nil {
		return 0, err
	}
	return m.Precision, nil
}

// himself is the member jid, who asks about himself.
func (g *Group) himself(jid string) (*member, error) {
	if g.closed {
		return nil, ErrNoGroup
	}
	if m := g.live(jid); m != nil {
		return m, nil
	}
	if err := g.mayKnow(jid); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("%w: %s", ErrNoMember, jid)
}

// SetPrecision lets others see no more of where jid is than p, from now on. It
// is his to say, and nobody else's. What is held that is finer is forgotten, and
// read again. ErrNoMember, ErrNoGroup.
func (g *Group) SetPrecision(ctx context.Context, jid string, p Precision) error {
	g.edit.Lock()
	defer g.edit.Unlock()
	g.mu.Lock()
	m, err := g.himself(jid)
	if err != nil || m.Precision == p {
		g.mu.Unlock()
		return err
	}
	rec := m.record()
	g.mu.Unlock()
	rec.Precision = p
	if err := g.roster.store.StoreMembers(ctx, g.name, rec); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if m = g.live(jid); m == nil {
		return nil
	}
	finer := p < m.Precision
	if m.Precision = p; !finer {
		g.unhold(m, policy.Location)
	}
	g.lookUp(m, policy.Location)
	return nil
}

// unhold forgets one of m's attributes, until it is known again.
func (g *Group) unhold(m *member, kind policy.Mask) {
	if m.published == nil || m.published.held&kind == 0 {
		return
	}
	m.publish(kind, "")
	if m.isAvailable() {
		g.changed(m, kind)
	}
}

// HearPlace is [Group.HearItem] for where a member is, of which payload shows
// what p allows. If he allows less by now it is not taken in, but read again.
func (g *Group) HearPlace(jid string, p Precision, payload []byte) (fits bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.publisher(jid, policy.Location)
	switch {
	case m == nil:
		return true
	case p < m.Precision && payload != nil:
		g.lookUp(m, policy.Location)
		return true
	}
	return g.take(m, policy.Location, payload)
}
