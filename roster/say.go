package roster

import (
	"cmp"
	"context"
	"slices"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// speaker is jid, if he is a member.
func (g *Group) speaker(jid string) (*member, error) {
	if m := g.live(jid); m != nil {
		return m, nil
	}
	return nil, cmp.Or(g.mayKnow(jid), ErrNoMember)
}

// Words is what stands of a member, as he himself may know it.
type Words struct {
	Here, All, Published []Willing   // to this group, for all his groups, at his server
	Reports              []Report    // in the order in which they came
	Counts               []Willing   // of all that, what others may see now
	May                  policy.Mask // of [Reportable], what somebody may see at all
}

// Said is what jid said in the group, and others on his behalf. ErrNoMember,
// ErrNoGroup.
func (g *Group) Said(jid string) (*Words, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m, err := g.speaker(jid)
	if err != nil {
		return nil, err
	}
	out := &Words{May: m.keeps & Reportable}
	if w := m.words; w != nil {
		ended := func(x Willing) bool { return over(x.Until, g.now()) }
		current := func(list []Willing) []Willing { return slices.DeleteFunc(slices.Clone(list), ended) }
		out.Here, out.All, out.Published, out.Counts = current(w.Here), current(w.All), current(w.published), slices.Clone(w.shown.willing)
		out.Reports = slices.DeleteFunc(slices.Clone(w.Reports), func(r Report) bool { return over(r.Until, g.now()) })
	}
	return out, nil
}

// Say lets jid change what he says of his willingness in this group.
// InvalidError, also if there is nobody who may see it, ErrNoMember, ErrNoGroup.
func (g *Group) Say(ctx context.Context, jid string, edit func([]Willing) ([]Willing, error)) error {
	return g.rephrase(ctx, jid, func(m *member, w *speech) (err error) {
		w.Here, err = g.retell(m, w.Here, edit)
		return err
	})
}

// retell is list as edit makes it, checked.
func (g *Group) retell(m *member, list []Willing, edit func([]Willing) ([]Willing, error)) ([]Willing, error) {
	now := g.now()
	list = slices.DeleteFunc(slices.Clone(list), func(x Willing) bool { return over(x.Until, now) })
	list, err := edit(list)
	if err != nil {
		return nil, err
	}
	if err := validateWilling(list); err != nil {
		return nil, err
	}
	for _, x := range list {
		if over(x.Until, now) {
			return nil, invalid("willing.until", "is in the past")
		}
	}
	if len(list) > 0 && m.keeps&policy.Willingness == 0 {
		return nil, errUnseen
	}
	return list, nil
}

// errUnseen: what nobody may see is not held.
var errUnseen = invalid("willing", "nobody may see your willingness here, so it is not kept: let somebody see it first")

// rephrase changes what m said, or lets others say, stored first.
func (g *Group) rephrase(ctx context.Context, jid string, edit func(*member, *speech) error) error {
	g.edit.Lock()
	defer g.edit.Unlock()
	return g.rephraseLocked(ctx, jid, edit)
}

// rephraseLocked is rephrase with edit held. The words that edit is given are a
// copy; it is called with mu held.
func (g *Group) rephraseLocked(ctx context.Context, jid string, edit func(*member, *speech) error) error {
	w, rec, err := g.rephrased(jid, edit)
	if err != nil || w == nil {
		return err
	}
	if err := g.roster.store.StoreMembers(ctx, g.name, rec); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.live(jid)
	if m.words == nil {
		m.words = &speech{}
	}
	m.file(func(p *papers) { p.Said, p.Trusts = rec.Said, rec.Trusts })
	m.words.said, m.words.trusts = w.said, w.trusts
	g.reword(m)
	g.wind()
	return nil
}

// rephrased is what edit makes of jid's words, and of his record; nil: the same
// as before.
func (g *Group) rephrased(jid string, edit func(*member, *speech) error) (*speech, MemberRecord, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m, err := g.speaker(jid)
	if err != nil {
		return nil, MemberRecord{}, err
	}
	w := &speech{}
	if m.words != nil {
		*w = *m.words
	}
	if err := edit(m, w); err != nil {
		return nil, MemberRecord{}, err
	}
	w.forget(m.keeps, g.now())
	rec := m.record()
	rec.Said, rec.Trusts = w.String(), formatTrusts(w.trusts)
	if p := m.papers(); rec.Said == p.Said && rec.Trusts == p.Trusts {
		return nil, rec, nil
	}
	return w, rec, nil
}

// listen takes in what m publishes of his willingness: [Willing]s as JSON.
func (g *Group) listen(m *member, payload []byte) (fits bool) {
	var list []Willing
	if payload != nil {
		s, err := parseSaid(string(payload))
		if err != nil {
			return false
		}
		list = s.Here
	}
	if m.words == nil {
		if list == nil {
			return true
		}
		m.words = &speech{}
	}
	m.words.published = list
	g.reword(m)
	g.wind()
	return true
}

// unhear forgets what m published of it.
func (g *Group) unhear(m *member) {
	if m.words != nil && (m.words.published != nil || m.words.told != nil) {
		m.words.published, m.words.told = nil, nil
		g.reword(m)
	}
}

// FormatWilling makes of willingness what [Group.HearItem] takes for one of
// [policy.Willingness]. InvalidError.
func FormatWilling(all []Willing) ([]byte, error) {
	if err := validateWilling(all); err != nil {
		return nil, err
	}
	return []byte((&said{Here: all}).String()), nil
}
