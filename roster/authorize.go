package roster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/leak"
	"github.com/rollcall-xmpp/rollcall/policy"
)

// MaxStrangers bounds the policies a group keeps for users who are no members
// (yet): who sets his before he joins.
const MaxStrangers = 10_000

// MaxStrangersOf bounds those of one domain: it cannot take all the room.
const MaxStrangersOf = 1000

// MaxStranger bounds one such policy, in bytes of its text form.
const MaxStranger = 4096

// Authorization is what jid lets others see in this group, and whether he has
// said so himself or it is the group's default that he agreed to. ErrNoGroup
// when he may not know of the group.
func (g *Group) Authorization(jid string) (a policy.Authorization, own bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.mayKnow(jid); err != nil {
		return a, false, err
	}
	if leak.Face == "authorization" {
		for _, other := range g.auths {
			a.Hide = append(a.Hide, other.Hide...)
		}
		return a, true, nil
	}
	if set := g.auths[jid]; set != nil {
		return set.Clone(), true, nil
	}
	if m := g.live(jid); m != nil {
		return g.effective(m).Clone(), false, nil
	}
	return g.policy.Default.Clone(), false, nil
}

// mayKnow says whether jid may know that the group exists.
func (g *Group) mayKnow(jid string) error {
	who := g.watcher(jid)
	if err := g.mayWatch(&who); errors.Is(err, ErrNoGroup) {
		return err
	}
	return nil
}

// Authorize stores what jid lets others see in this group, and puts it in
// force: at once for everything that has not been written yet. nil takes back
// what he said: the group's default counts again. It may be set before
// joining; leaving forgets it. Who shares nothing is not subscribed to.
// InvalidError, ErrNoGroup, ErrLimit.
func (g *Group) Authorize(ctx context.Context, jid string, a *policy.Authorization) error {
	a, err := normalised(a)
	if err != nil {
		return err
	}
	g.edit.Lock()
	defer g.edit.Unlock()
	if err := g.checkAuthorize(jid, a); err != nil {
		return err
	}
	return g.authorize(ctx, jid, a)
}

// normalised is a copy of what somebody lets others see, checked; nil is nil.
// InvalidError.
func normalised(a *policy.Authorization) (*policy.Authorization, error) {
	if a == nil {
		return nil, nil
	}
	if err := a.Check(); err != nil {
		return nil, invalid("authorization", "%v", err)
	}
	if err := checkNames(a); err != nil {
		return nil, err
	}
	set := a.Clone()
	set.Normalise()
	return &set, nil
}

// authorize stores what has been checked and puts it in force. edit is held.
func (g *Group) authorize(ctx context.Context, jid string, a *policy.Authorization) error {
	if err := g.storeAuthorization(ctx, jid, a); err != nil {
		return err
	}
	g.mu.Lock()
	g.setAuthorization(jid, a)
	g.mu.Unlock()
	g.reshare(ctx, jid)
	return nil
}

func (g *Group) storeAuthorization(ctx context.Context, jid string, a *policy.Authorization) error {
	if a == nil {
		return g.roster.store.DeleteAuthorization(ctx, g.name, jid)
	}
	return g.roster.store.StoreAuthorization(ctx, g.name, jid, a.String())
}

// ShowPolicy is the text form of what jid lets others see in a group, and
// whether he, or an admin for him, has set it; without a jid that of the group
// policy. ErrNoGroup.
func (r *Roster) ShowPolicy(ctx context.Context, group, jid string) (text string, own bool, err error) {
	g, err := r.Group(ctx, group)
	if err != nil {
		return "", false, err
	}
	if jid == "" {
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.settings.Policy, true, nil
	}
	a, own, err := g.Authorization(jid)
	return a.String(), own, err
}

// SetPolicy is [Group.Authorize] with the text form; "" takes back what was
// set. Without a jid it sets the group policy. InvalidError, ErrNoGroup,
// ErrLimit.
func (r *Roster) SetPolicy(ctx context.Context, group, jid, text string) error {
	if jid == "" {
		return r.UpdateGroup(ctx, group, func(s *Settings) error { s.Policy = text; return nil })
	}
	g, err := r.Group(ctx, group)
	if err != nil {
		return err
	}
	if text == "" {
		return g.Authorize(ctx, jid, nil)
	}
	a, err := policy.ParseAuthorization(text)
	if err != nil {
		return invalid("policy", "%v", err)
	}
	return g.Authorize(ctx, jid, a)
}

// setAuthorization puts other rules of jid in force; nil is the group's
// default. mu is held.
func (g *Group) setAuthorization(jid string, a *policy.Authorization) {
	had := g.auths[jid] != nil
	if put(&g.auths, jid, a); a == nil {
		delete(g.auths, jid)
	}
	m := g.live(jid)
	switch {
	case m != nil:
	case !had && a != nil:
		g.stranger(jid, 1)
	case had && a == nil:
		g.stranger(jid, -1)
	}
	if m != nil {
		g.version++
		g.enact(m, a, m.papers().elsewhere)
		g.signal()
	}
}

// checkNames refuses an address that is not written as servers stamp it: to
// hide from it would hide from nobody.
func checkNames(a *policy.Authorization) (err error) {
	a.Singles(func(name string) {
		if err != nil {
			return
		}
		if domain, ok := strings.CutPrefix(name, "@"); ok {
			err = validateDomain("authorization.domain", domain)
		} else {
			err = validateBare("authorization.jid", name)
		}
	})
	return err
}

func (g *Group) checkAuthorize(jid string, a *policy.Authorization) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.mayKnow(jid); err != nil {
		return err
	}
	if a != nil {
		if lacks := g.policy.Lacks(a); lacks != 0 {
			return invalid("authorization", "this group requires that members may see %s", lacks)
		}
	}
	if g.live(jid) != nil {
		return nil
	}
	if a != nil && len(a.String()) > MaxStranger {
		return invalid("authorization", "has more than %d bytes, which only a member may leave here", MaxStranger)
	}
	if g.auths[jid] == nil && len(g.auths) >= len(g.sorted)+MaxStrangers {
		return fmt.Errorf("%w: too many policies of users who are no members", ErrLimit)
	}
	if a != nil && g.auths[jid] == nil && g.strangers[domainOf(jid)] >= MaxStrangersOf {
		return fmt.Errorf("%w: too many policies of users of that domain who are no members", ErrLimit)
	}
	return nil
}

// stranger counts a policy of who is no member, or one less. mu is held.
func (g *Group) stranger(jid string, by int) {
	domain := domainOf(jid)
	if put(&g.strangers, domain, g.strangers[domain]+by); g.strangers[domain] == 0 {
		delete(g.strangers, domain)
	}
}

// restore puts the stored policies in force; one that cannot be read shares
// nothing, which can only hide too much.
func (g *Group) restore(all []AuthorizationRecord) {
	for _, rec := range all {
		a := g.readAuthorization(rec.Rules)
		put(&g.auths, rec.JID, a)
		if m := g.live(rec.JID); m != nil {
			g.enact(m, a, m.papers().elsewhere)
		} else {
			g.stranger(rec.JID, 1)
		}
	}
	for _, m := range g.sorted {
		if text := m.papers().Elsewhere; text != "" {
			g.enact(m, m.auth, g.readAuthorization(text))
		}
	}
}

func (g *Group) readAuthorization(text string) *policy.Authorization {
	a, err := policy.ParseAuthorization(text)
	if err != nil {
		g.roster.log.Error("stored policy cannot be read, nothing is shared", "group", g.name, "error", err)
		return &policy.Authorization{}
	}
	return a
}

// enact puts what m has set here, and elsewhere, in force.
func (g *Group) enact(m *member, a, elsewhere *policy.Authorization) {
	was := m.policies()
	g.refer(a, 1)
	g.refer(elsewhere, 1)
	g.unindex(m)
	m.auth = a
	m.file(func(p *papers) { p.elsewhere = elsewhere })
	g.index(m)
	g.redecide(m)
	g.refer(was[0], -1)
	g.refer(was[1], -1)
	g.schedule(m)
	g.keep1(m)
}

// schedule sees to it that m's rules begin and end by themselves.
func (g *Group) schedule(m *member) {
	delete(g.timed, m)
	if m.gone == 0 && !m.turns(time.Time{}).IsZero() {
		now := g.now()
		put(&g.timed, m, m.turns(now))
		if now.After(g.latest) {
			g.latest = now
		}
	}
	g.wind()
}

// first is the first moment at which some rule begins or ends, zero if none
// does.
func (g *Group) first() (first time.Time) {
	for _, t := range g.timed {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	for _, t := range g.spoken {
		if first.IsZero() || t.Before(first) {
			first = t
		}
	}
	if t := g.nextDefault(g.ticked); !t.IsZero() && (first.IsZero() || t.Before(first)) {
		first = t
	}
	return first
}

// nextDefault is the first moment after then at which that is so of the default
// authorization, or of one that members stand by.
func (g *Group) nextDefault(then time.Time) time.Time {
	next := g.policy.Default.Next(then)
	for _, a := range g.agreements {
		if t := a.Next(then); !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	return next
}

// longest is how long an alarm waits: the clock may be set meanwhile, or stand
// still with the machine. It is set also when all has begun or ended already:
// a clock that is set back makes that undone.
const longest = time.Minute

// wind sets the alarm to that moment.
func (g *Group) wind() {
	if g.building {
		return
	}
	if g.alarm != nil {
		g.alarm.Stop()
		g.alarm = nil
	}
	if g.closed || len(g.timed) == 0 && len(g.spoken) == 0 && g.nextDefault(time.Time{}).IsZero() {
		return
	}
	wait := longest
	if first := g.first(); !first.IsZero() {
		wait = min(first.Sub(g.now()), wait)
	}
	g.alarm = time.AfterFunc(wait, g.Tick)
}

// Tick lets the rules take effect that have begun or ended meanwhile. The
// group calls it by itself when it is time.
func (g *Group) Tick() {
	if g.tick() {
		g.edit.Lock()
		defer g.edit.Unlock()
		g.reshare(context.Background())
	}
}

// tick says whether something has changed.
func (g *Group) tick() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	now := g.now()
	back := now.Before(g.latest)
	if first := g.first(); !back && (first.IsZero() || first.After(now)) {
		g.wind()
		return false
	}
	g.version++
	if t := g.nextDefault(g.ticked); back || !t.IsZero() && !t.After(now) {
		special := g.special()
		for _, m := range g.sorted {
			if m.auth == nil {
				g.redecideFor(m, special)
				g.keep1(m)
			}
		}
	}
	g.ticked, g.latest = now, now
	for m, t := range g.timed {
		if !back && (t.IsZero() || t.After(now)) {
			continue
		}
		g.redecide(m)
		g.keep1(m)
		m.singles(g.mark)
		g.timed[m] = m.turns(now)
	}
	g.lapsed(back)
	g.wind()
	g.signal()
	return true
}
