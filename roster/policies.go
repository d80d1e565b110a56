package roster

import (
	"github.com/rollcall-xmpp/rollcall/policy"
)

// configure puts another receiving policy of a watch, and another manner, in
// force.
func (g *Group) configure(w *Watch, rec SubscriptionRecord) {
	receiving := w.rec.Receiving != rec.Receiving
	w.rec = rec
	if m := g.manner(&rec); m.String() != w.manner.String() {
		g.setManner(w, m)
	}
	if receiving {
		g.setReceiving(w, g.receiving(&rec))
	}
}

// setManner puts another manner of a watch in force: it goes on where it
// stood.
func (g *Group) setManner(w *Watch, m Manner) {
	g.unheed(w)
	was, format, outpost := w.quiet, w.manner.Format, w.manner.outpost
	w.manner = m
	g.man(w)
	g.heed(w)
	g.retail(w.rec.Owner)
	who := g.watcher(w.rec.Owner)
	if a := g.audienceOf(&who, w.node, &w.receiving, &m); a != w.audience {
		g.version++
		g.unsure(w.rec.Owner)
		w.move(a, &who, (*Watch).decision, nil)
		if m.Format != format || m.outpost != outpost { // all looks different, whatever was decided
			w.reset()
		}
	}
	switch {
	case w.quiet:
		w.hold()
	case was && (g.presenceOf(w.rec.Owner) == nil || g.online(w)):
		w.release()
	}
}

func (g *Group) setReceiving(w *Watch, r policy.Receiving) {
	g.version++
	w.receiving = r
	g.unsure(w.rec.Owner)
	who := g.watcher(w.rec.Owner)
	w.move(g.audienceOf(&who, w.node, &r, &w.manner), &who, (*Watch).decision, nil)
}

// setPolicy puts another group policy in force, and says what members have
// agreed to from now on. The default authorization names no single JIDs or
// domains. mu is held.
func (g *Group) setPolicy(p policy.Group, agreed []Agreement) {
	g.version++
	old := g.policy
	g.refer(references(&p), 1)
	g.policy = p
	g.decided = g.version // also without a member: who sees all group attributes is decided too
	g.restand(agreed)
	special := g.special()
	for _, m := range g.sorted {
		g.redecideFor(m, special)
		g.keep1(m)
	}
	for name := range g.singles {
		g.mark(name)
	}
	g.ticked = g.now()
	if g.ticked.After(g.latest) {
		g.latest = g.ticked
	}
	g.wind()
	for _, a := range g.order {
		a.setBasic(g.seesBasic(&a.standing))
	}
	g.refer(references(&old), -1)
	g.forgetAgreements()
	g.signal()
}

func (g *Group) restand(agreed []Agreement) {
	if len(agreed) == 0 {
		return
	}
	to := make(map[string]string, len(agreed))
	for _, a := range agreed {
		to[a.From] = a.To
	}
	for _, m := range g.sorted {
		if text, ok := to[m.papers().Agreed]; ok {
			g.agree(m, text)
		}
	}
}

// readPolicy reads the stored group policy; one that cannot be read lets
// nobody watch and acquires nothing, which can only hide too much.
func (g *Group) readPolicy(text string) policy.Group {
	p, err := policy.ParseGroup(text)
	if err != nil {
		g.roster.log.Error("stored group policy cannot be read, nobody may watch", "group", g.name, "error", err)
		return policy.Group{Basic: policy.Who{Class: policy.Role}}
	}
	return *p
}

// references is the rules of p in which roles can be named.
func references(p *policy.Group) *policy.Authorization {
	rules := append([]policy.Rule{{Who: p.Basic}}, p.Default.Rules...)
	return &policy.Authorization{Rules: rules}
}

// roleName is put before a role where names of JIDs and domains stand.
const roleName = "role:"

// refer counts the roles that a's rules speak of. Who has one that was not
// spoken of before now stands apart, and no longer when nobody does: while
// all is still, or again, decided alike.
func (g *Group) refer(a *policy.Authorization, by int) {
	if a == nil {
		return
	}
	changed := false
	a.Roles(func(role string) {
		was := g.roles[role]
		put(&g.roles, role, was+by)
		if g.roles[role] == 0 {
			delete(g.roles, role)
		}
		if was == 0 || was+by == 0 {
			g.mark(roleName + role)
			changed = true
		}
	})
	if changed {
		g.rekeyAll()
	}
}
