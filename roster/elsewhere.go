package roster

import (
	"cmp"
	"context"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// OnElsewhere takes in what a member lets others see as he keeps it at his
// server (a PEP node that he opened to the group); nil = he keeps nothing
// there any more. Both that and what he set here must grant. It is stored, so
// that nothing is shown after a restart that he had taken back.
func (g *Group) OnElsewhere(ctx context.Context, jid string, a *policy.Authorization) error {
	text := ""
	if a != nil {
		set := a.Clone()
		if set.Check() != nil { // what cannot be understood shares nothing
			set = policy.Authorization{}
		}
		set.Normalise()
		a, text = &set, cmp.Or(set.String(), nothing)
	}
	g.edit.Lock()
	defer g.edit.Unlock()
	g.mu.Lock()
	m := g.live(jid)
	if m == nil || m.papers().Elsewhere == text {
		g.mu.Unlock()
		return nil
	}
	rec := m.record()
	g.mu.Unlock()
	rec.Elsewhere = text
	if err := g.roster.store.StoreMembers(ctx, g.name, rec); err != nil {
		return err
	}
	g.mu.Lock()
	m.file(func(p *papers) { p.Elsewhere = text })
	g.version++
	g.enact(m, m.auth, a)
	g.signal()
	g.mu.Unlock()
	g.reshare(ctx, jid)
	return nil
}
