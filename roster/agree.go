package roster

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// A default authorization binds who joined under it. When an admin sets
// another one, a stricter one holds at once; of any other only what was agreed
// to before holds, until the member says yes. The same with what is required:
// a policy that a member has set is not changed without him.

// Proposal is what a group asks of a member: to agree to its present default
// authorization, or to let members see what it requires.
type Proposal struct {
	ID      string               // names these terms; opaque
	Default policy.Authorization // what would hold for him; no rules if he has set his own
	Require policy.Mask          // what his own policy lacks
}

// Proposal is what is asked of jid, nil if nothing is. ErrNoGroup when he may
// not know of the group.
func (g *Group) Proposal(jid string) (*Proposal, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.mayKnow(jid); err != nil {
		return nil, err
	}
	if m := g.live(jid); m != nil {
		return g.proposal(m), nil
	}
	return nil, nil
}

func (g *Group) proposal(m *member) *Proposal {
	p := &Proposal{ID: g.terms()}
	switch {
	case m.auth == nil && m.papers().agreed != nil:
		p.Default = g.policy.Default.Clone()
		return p
	case m.auth != nil:
		p.Require = g.policy.Lacks(m.auth)
	}
	if p.Require == 0 {
		return nil
	}
	return p
}

// proposals is a word to each member who is asked something. mu is held.
func (g *Group) proposals() []Notice {
	var all []Notice
	for _, m := range g.sorted {
		if g.proposal(m) != nil {
			all = append(all, g.notice(Proposed, m.JID, "", ""))
		}
	}
	return all
}

// terms names what members are asked to agree to.
func (g *Group) terms() string {
	sum := sha256.Sum256([]byte(g.policy.Terms()))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:10]))
}

// Agree takes in that jid says yes to the proposal of that ID. ErrNoMember,
// ErrStale if it is another one by now, or none.
func (g *Group) Agree(ctx context.Context, jid, id string) error {
	g.edit.Lock()
	defer g.edit.Unlock()
	g.mu.Lock()
	m := g.live(jid)
	if m == nil {
		g.mu.Unlock()
		return fmt.Errorf("%w: %s", ErrNoMember, jid)
	}
	p, auth, rec := g.proposal(m), m.auth, m.record()
	g.mu.Unlock()
	if p == nil || p.ID != id {
		return ErrStale
	}
	if p.Require != 0 {
		with := auth.Granting(p.Require)
		if err := with.Check(); err != nil {
			return invalid("authorization", "%v", err)
		}
		return g.authorize(ctx, jid, &with)
	}
	rec.Agreed = ""
	if err := g.roster.store.StoreMembers(ctx, g.name, rec); err != nil {
		return err
	}
	g.mu.Lock()
	g.version++
	g.agree(m, "")
	g.redecide(m)
	g.keep1(m)
	g.signal()
	g.mu.Unlock()
	g.reshare(ctx, jid)
	return nil
}

// agree brings what m agreed to up to date.
func (g *Group) agree(m *member, text string) {
	a := g.agreement(text)
	if m.seldom == nil && a == nil {
		return
	}
	m.file(func(p *papers) { p.Agreed, p.agreed = text, a })
}

// agreement reads a default that somebody agreed to; "" is the present one.
// One that cannot be read grants nothing, which can only hide too much.
func (g *Group) agreement(text string) *policy.Authorization {
	if text == "" {
		return nil
	}
	if a := g.agreements[text]; a != nil {
		return a
	}
	a, err := policy.ParseAuthorization(text)
	if err != nil {
		g.roster.log.Error("stored agreement cannot be read, nothing is shared", "group", g.name, "error", err)
		a = &policy.Authorization{}
	}
	put(&g.agreements, text, a)
	g.refer(a, 1)
	return a
}

// forgetAgreements drops those that nobody stands by any more.
func (g *Group) forgetAgreements() {
	used := make(map[string]bool, len(g.agreements))
	for _, m := range g.sorted {
		used[m.papers().Agreed] = true
	}
	for text, a := range g.agreements {
		if !used[text] {
			delete(g.agreements, text)
			g.refer(a, -1)
		}
	}
}

// nothing is what somebody agreed to if the default had no rules.
const nothing = "# nothing\n"

// reconsider lists how what members agreed to changes when p comes into
// force. mu is held.
func (g *Group) reconsider(p *policy.Group) []Agreement {
	now, old := g.now(), g.policy.Default
	var all []Agreement
	add := func(from string, a *policy.Authorization) {
		to := from
		switch {
		case p.Default.Within(a, now):
			to = ""
		case from == "":
			to = cmp.Or(old.String(), nothing)
		}
		if to != from {
			all = append(all, Agreement{from, to})
		}
	}
	add("", &old)
	for text, a := range g.agreements {
		add(text, a)
	}
	slices.SortFunc(all, func(a, b Agreement) int { return strings.Compare(a.From, b.From) })
	return all
}
