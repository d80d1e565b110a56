package roster

import (
	"context"
	"errors"
	"slices"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// What a member says for all his groups stands in each of them that may hold
// it, and is taken over by those that may later, or that he joins. Who leaves
// the last of them has said nothing.

// SaidToAll is what jid says for all his groups.
func (r *Roster) SaidToAll(jid string) []Willing { return r.saidToAll(jid, nil) }

func (r *Roster) saidToAll(jid string, but *Group) []Willing {
	for _, g := range r.memberships(jid) {
		if g == but {
			continue
		}
		if all := g.saidToAll(jid); len(all) > 0 {
			return all
		}
	}
	return nil
}

func (g *Group) saidToAll(jid string) []Willing {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.live(jid)
	if m == nil || m.words == nil {
		return nil
	}
	return slices.Clone(m.words.All)
}

// SayToAll lets jid change what he says of his willingness in all his groups.
// InvalidError, also if none of them may hold it, ErrForbidden for who is in no
// group.
func (r *Roster) SayToAll(ctx context.Context, jid string, edit func([]Willing) ([]Willing, error)) error {
	groups := r.memberships(jid)
	if len(groups) == 0 {
		return ErrForbidden
	}
	was, held := r.SaidToAll(jid), false
	var none error
	done := map[*Group]bool{}
	for len(groups) > 0 {
		for _, g := range groups {
			done[g] = true
			err := g.sayForAll(ctx, jid, func() ([]Willing, error) { return edit(slices.Clone(was)) })
			switch {
			case err == nil:
				held = true
			case errors.Is(err, errUnseen):
				none = err
			case !errors.Is(err, ErrNoGroup) && !errors.Is(err, ErrNoMember):
				return err
			}
		}
		// Where he has become a member meanwhile it may be the old word.
		groups = slices.DeleteFunc(r.memberships(jid), func(g *Group) bool { return done[g] })
	}
	if !held {
		return none
	}
	return nil
}

func (g *Group) sayForAll(ctx context.Context, jid string, edit func() ([]Willing, error)) error {
	return g.rephrase(ctx, jid, func(m *member, w *speech) (err error) {
		w.All, err = g.retell(m, nil, func([]Willing) ([]Willing, error) { return edit() })
		return err
	})
}

// respeak brings what is held of m's words in line with what may be held now,
// instead of was: what may not is forgotten, what he said for all his groups is
// taken over if it may now. What is stored follows with [Group.reshare].
func (g *Group) respeak(m *member, was policy.Mask) {
	if g.building {
		return // what he set is not read yet: see recite
	}
	if m.keeps&^was&policy.Willingness != 0 {
		g.resaid.add(m)
	}
	if m.words != nil && was&^m.keeps&Reportable != 0 {
		g.reword(m)
	}
}

// recite reads what is stored of all members' words.
func (g *Group) recite() {
	for _, m := range g.sorted {
		p := m.papers()
		if p.Said == "" && p.Trusts == "" {
			continue
		}
		s, err := parseSaid(p.Said)
		if err != nil {
			g.roster.log.Error("stored words cannot be read, nothing is shown of them", "group", g.name, "error", err)
		}
		trusts, err := parseTrusts(m.JID, p.Trusts)
		if err != nil {
			g.roster.log.Error("whom a member trusts cannot be read, he trusts nobody", "group", g.name, "error", err)
			trusts = nil
		}
		m.words = &speech{said: s, trusts: trusts}
		m.words.unreport()
		g.reword(m)
	}
}

// restate stores what became of members' words by itself: what ended, what may
// not be held any more, what was taken over. edit is held. If the store fails, it
// is tried again with the next change.
func (g *Group) restate(ctx context.Context) {
	for _, jid := range g.heirs() {
		if all := g.roster.saidToAll(jid, g); len(all) > 0 {
			g.inherit(jid, all)
		}
	}
	g.mu.Lock()
	var recs []MemberRecord
	for m := range g.resaid {
		rec := m.record()
		if rec.Said = ""; m.words != nil {
			rec.Said = m.words.String()
		}
		if rec.Said == m.papers().Said {
			delete(g.resaid, m)
			continue
		}
		recs = append(recs, rec)
	}
	g.mu.Unlock()
	if len(recs) == 0 {
		return
	}
	if err := g.roster.store.StoreMembers(ctx, g.name, recs...); err != nil {
		g.roster.log.Error("words of members not stored", "group", g.name, "members", len(recs), "error", err)
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, rec := range recs {
		if m := g.live(rec.JID); m != nil {
			m.file(func(p *papers) { p.Said = rec.Said })
			delete(g.resaid, m)
		}
	}
}

// heirs are those who may have said something for all their groups that may be
// held here now.
func (g *Group) heirs() (jids []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for m := range g.resaid {
		if m.keeps&policy.Willingness != 0 && (m.words == nil || len(m.words.All) == 0) {
			jids = append(jids, m.JID)
		}
	}
	return jids
}

func (g *Group) inherit(jid string, all []Willing) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.live(jid)
	if m == nil || m.keeps&policy.Willingness == 0 {
		return
	}
	if m.words == nil {
		m.words = &speech{}
	}
	m.words.All = all
	g.reword(m)
	g.wind()
}
