package roster

import (
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/leak"
	"github.com/rollcall-xmpp/rollcall/policy"
)

// Explanation is what one user is told about what another may see of him. It
// says nothing that he could not know: whether the other is a member, and his
// roles, only if he sees the member list.
type Explanation struct {
	Known     bool          // the next two are known
	Member    bool          // the other is a member
	Roles     []string      // his roles
	MayWatch  bool          // the other may watch the group at all, as far as is known
	Own       bool          // the rules are the asker's own, not the group's default
	Shares    bool          // false: nobody sees anything
	Elsewhere bool          // what he keeps at his server counts as well
	Hidden    bool          // he hides from the other
	Rules     []policy.Rule // those of his that match the other now
	Mask      policy.Mask   // what comes of it: what the other may see
}

// Explain says what other may see of me, and by which of my rules. ErrNoGroup
// when I may not know of the group, ErrNoMember when I am not in it.
func (g *Group) Explain(me, other string) (*Explanation, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m, err := g.me(me)
	if err != nil {
		return nil, err
	}
	x := &Explanation{Own: m.auth != nil, Shares: m.keeps != 0, Elsewhere: m.papers().elsewhere != nil}
	who := g.known(me, other)
	x.Known, x.Member, x.Roles = g.seesBasicOf(me), who.Member, slices.Clone(who.Roles)
	x.MayWatch = g.policy.Watches(&who)
	a := g.effective(m)
	x.Hidden = slices.Contains(a.Hide, other)
	now := g.now()
	for _, r := range a.Rules {
		if r.Matches(&who, now) {
			x.Rules = append(x.Rules, r)
		}
	}
	if leak.Face == "explain" && g.auths[other] != nil {
		x.Roles = g.auths[other].Hide
	}
	x.Mask = g.shown(m, &who)
	return x, nil
}

// Seer is somebody, or a class of people, who may see something of a member.
type Seer struct {
	Who  policy.Who
	Mask policy.Mask // 0 = nothing: a class that is looked at in any case, who is hidden from, or a webhook
	Hook string      // where a webhook is told: scheme and host; "" = it is none
}

// Watchers lists who may see what of me: members and outsiders, and each role,
// address and domain that my rules name. ErrNoGroup, ErrNoMember.
func (g *Group) Watchers(me string) ([]Seer, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m, err := g.me(me)
	if err != nil {
		return nil, err
	}
	whos := []policy.Who{{Class: policy.Members}, {Class: policy.Outsiders}}
	a := g.effective(m)
	for _, j := range a.Hide {
		whos = append(whos, policy.Who{Class: policy.JID, Name: j})
	}
	for _, r := range a.Rules {
		if r.Who.Class >= policy.Role {
			whos = append(whos, r.Who)
		}
	}
	told := map[string]string{}
	for name, h := range g.hooks {
		if h.rec.Ended == "" {
			told[g.roster.HookJID(g.name, name)] = h.rec.Where()
		}
	}
	for jid := range told {
		whos = append(whos, policy.Who{Class: policy.JID, Name: jid})
	}
	slices.SortFunc(whos[2:], func(x, y policy.Who) int { return strings.Compare(x.String(), y.String()) })
	var all []Seer
	for _, who := range slices.Compact(whos) {
		w := policy.Watcher{Member: true}
		switch who.Class {
		case policy.Outsiders:
			w.Member = false
		case policy.Role:
			w.Roles = []string{who.Name}
		case policy.JID:
			w = g.known(me, who.Name)
		case policy.Domain:
			w = policy.Watcher{JID: "somebody@" + who.Name}
		}
		all = append(all, Seer{who, g.shown(m, &w), told[w.JID]})
	}
	return all, nil
}

func (g *Group) me(jid string) (*member, error) {
	if err := g.mayKnow(jid); err != nil {
		return nil, err
	}
	if m := g.live(jid); m != nil {
		return m, nil
	}
	return nil, ErrNoMember
}

// known is other as far as me may know him: to who does not see the member
// list everybody else is an outsider.
func (g *Group) known(me, other string) policy.Watcher {
	if me == other || g.seesBasicOf(me) {
		return g.watcher(other)
	}
	return policy.Watcher{JID: other}
}

func (g *Group) seesBasicOf(jid string) bool {
	who := g.watcher(jid)
	return g.seesBasic(&who)
}

// effective is the rules that speak for m.
func (g *Group) effective(m *member) *policy.Authorization {
	if m.auth != nil {
		return m.auth
	}
	if agreed := m.papers().agreed; agreed != nil {
		return agreed
	}
	return &g.policy.Default
}

// shown is what w may see of m, if it may watch.
func (g *Group) shown(m *member, w *policy.Watcher) policy.Mask {
	if !g.policy.Watches(w) {
		return 0
	}
	s := m.subject()
	return g.policy.Decide(g.now(), &s, w, nil) & policy.All
}

// GroupPolicy is the group policy in force, for who may know of the group.
// ErrNoGroup.
func (g *Group) GroupPolicy(jid string) (*policy.Group, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.mayKnow(jid); err != nil {
		return nil, err
	}
	p := g.policy
	p.Watch, p.From, p.Default = slices.Clone(p.Watch), slices.Clone(p.From), p.Default.Clone()
	return &p, nil
}
