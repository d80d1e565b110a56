package roster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// A peer is another service of groups that is told of the presence of users of
// this server: a watcher like any other, for whom there is a group that nobody
// else knows of. Its members are those whom he wants to know of, its policy lets
// only him watch, and the default is what the configuration grants him. So
// nothing leaves that a member's policy does not grant, what nobody grants is
// not even acquired, and who takes it back is taken back at once.
//
// What users let peers see they say at the service itself. It is kept by a
// group of no presence, statements, and copied into those of the peers.

// peerPrefix is what the names of these groups begin with, and no other's.
const peerPrefix = "peer+"

// statements is the name of the group that keeps what users let peers see.
const statements = peerPrefix

const (
	peerSource       = "peer:"
	statementsPolicy = "watch role:nobody\nbasic role:nobody\ncollect-from role:nobody\ndefault nothing"
)

// PeerGroup is the name of the group of a peer: his address, bare, escaped as by
// XEP-0106.
func PeerGroup(jid string) string {
	return peerPrefix + strings.NewReplacer(`\`, `\5c`, "@", `\40`, ":", `\3a`).Replace(jid)
}

// ForPeers says whether a group of that name is nobody's but a peer's.
func ForPeers(name string) bool { return strings.HasPrefix(name, peerPrefix) }

// PeerOf is the inverse of [PeerGroup], "" if it is no peer's.
func PeerOf(name string) string {
	jid, ok := strings.CutPrefix(name, peerPrefix)
	if !ok {
		return ""
	}
	return strings.NewReplacer(`\5c`, `\`, `\40`, "@", `\3a`, ":").Replace(jid)
}

// PeerWish is whom a peer wants to know of.
type PeerWish struct {
	Of      string   // [PeerList], [PeerAll], or the address of the peer's group whose members they are
	Members []string // bare JIDs; who is no user of this server is left out
}

// The first two kinds of [PeerWish].
const (
	PeerList = "list"
	PeerAll  = "all"
)

// attributeOf is what [PeerWish].Of is kept in.
const attributeOf = "members-of"

// Wishes is what the group's peer said last of whom he wants to know of: see
// [PeerWish].Of.
func (g *Group) Wishes() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, a := range g.settings.Attributes {
		if a.Name == attributeOf {
			return a.Value
		}
	}
	return ""
}

// peerPolicy lets jid alone watch, and see of who has said nothing what rule
// grants, such as "all except location"; "" is nothing.
func peerPolicy(jid, rule string) string {
	who := "jid:" + jid
	if !strings.Contains(jid, "@") {
		who = "domain:" + jid
	}
	if rule = "outsiders: " + rule; rule == "outsiders: " {
		rule = "nothing"
	}
	return "watch " + who + "\nbasic role:nobody\ncollect all\ndefault " + rule
}

// peerPolicy is the policy of the group rec as it is in force: that of a peer
// says what he is granted by now, whatever he was when it was stored.
func (r *Roster) peerPolicy(rec *GroupRecord) string {
	if r.granted == nil || rec.Name == statements || !ForPeers(rec.Name) {
		return rec.Settings.Policy
	}
	jid := PeerOf(rec.Name)
	rule, ok := r.granted(jid)
	s := Settings{Policy: peerPolicy(jid, rule)}
	if !ok || s.validate() != nil {
		return statementsPolicy
	}
	return s.Policy
}

// Entrust makes the group of the peer jid what he wishes, as far as it may be,
// and grants him rule by default. InvalidError, ErrGroupExists.
func (r *Roster) Entrust(ctx context.Context, jid, rule string, wish PeerWish) (*Group, error) {
	b := &Basic{Name: PeerGroup(jid), Title: jid, Attributes: []Attribute{{attributeOf, wish.Of}}}
	wanted := slices.Clone(wish.Members)
	if wish.Of == PeerAll {
		wanted = r.residents()
	}
	slices.Sort(wanted)
	for _, j := range slices.Compact(wanted) {
		if r.Ours(j) {
			b.Members = append(b.Members, BasicMember{JID: j})
		}
	}
	source := peerSource + strings.TrimPrefix(domainOf(jid), "@")
	r.peering.Lock() // or what a user says meanwhile would not be said of this group
	defer r.peering.Unlock()
	said, err := r.said(ctx)
	if err != nil {
		return nil, err
	}
	g, err := r.Group(ctx, b.Name)
	if errors.Is(err, ErrNoGroup) {
		if err := r.roomFor(ctx, source); err != nil {
			return nil, err
		}
		return r.establishPeer(ctx, b, source, peerPolicy(jid, rule), said)
	}
	if err != nil {
		return nil, err
	}
	if err := r.grant(ctx, g, peerPolicy(jid, rule)); err != nil {
		return nil, err
	}
	if known := wish.Of != PeerAll && wish.Members != nil || wish.Of == PeerAll && r.allLoaded(); !known && wish.Of != PeerList && g.Wishes() == wish.Of {
		return g, nil // who they are now is found out
	}
	for _, m := range b.Members { // before they are in it
		if err := g.state(ctx, m.JID, said[m.JID], true); err != nil {
			return nil, err
		}
	}
	_, err = r.Mirror(ctx, source, b)
	r.outbox.Wanted(g) // it may have to be followed otherwise now
	return g, err
}

// MaxPeerGroups bounds the groups of one peer, its own address and those at it.
const MaxPeerGroups = 1000

// roomFor says whether one more of a peer's groups may be. ErrLimit. peering is held.
func (r *Roster) roomFor(ctx context.Context, source string) error {
	peers, err := r.everyPeer(ctx)
	if err != nil {
		return err
	}
	n := 0
	for _, g := range peers {
		if peerSource+strings.TrimPrefix(domainOf(PeerOf(g.name)), "@") == source {
			n++
		}
	}
	if n >= MaxPeerGroups {
		return fmt.Errorf("%w: %d groups of one peer", ErrLimit, MaxPeerGroups)
	}
	return nil
}

func (r *Roster) establishPeer(ctx context.Context, b *Basic, source, policy string, said map[string]*policy.Authorization) (*Group, error) {
	rec, _ := b.record(source)
	rec.Settings.Policy, rec.Settings.Payload = policy, PresenceOnly
	for _, m := range b.Members {
		if a := said[m.JID]; a != nil {
			rec.Authorizations = append(rec.Authorizations, AuthorizationRecord{m.JID, a.String()})
		}
	}
	if err := r.CreateGroup(ctx, rec); err != nil {
		return nil, err
	}
	return r.Group(ctx, b.Name)
}

// grant puts the policy of a peer's group in force, if it is another one. What
// his configuration grants is nothing that members are asked about.
func (r *Roster) grant(ctx context.Context, g *Group, text string) error {
	g.mu.Lock()
	same := g.settings.Policy
	g.mu.Unlock()
	s := Settings{Policy: text}
	if err := s.validate(); err != nil || s.Policy == same {
		return err
	}
	return r.UpdateGroup(ctx, g.name, func(s *Settings) error { s.Policy = text; return nil })
}

// Ours says whether jid is a user of this server.
func (r *Roster) Ours(jid string) bool { return r.ours != nil && r.ours(jid) }

// residents are the users of this server who are in some group of this service,
// or have said that peers may see something.
func (r *Roster) residents() (all []string) {
	seen := map[string]struct{}{}
	for _, g := range r.All() {
		if g.name != statements && ForPeers(g.name) {
			continue
		}
		g.mu.Lock()
		for _, m := range g.sorted {
			if g.name != statements || m.auth != nil && m.auth.Share {
				seen[m.JID] = struct{}{}
			}
		}
		g.mu.Unlock()
	}
	for jid := range seen {
		all = append(all, jid)
	}
	return all
}

func (r *Roster) allLoaded() bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.complete
}

// Peers lists the groups of peers that are in memory.
func (r *Roster) Peers() []*Group {
	return slices.DeleteFunc(r.All(), func(g *Group) bool { return g.name == statements || !ForPeers(g.name) })
}

// everyPeer is Peers with those that are not in memory yet: what somebody takes
// back must not be in force when they are.
func (r *Roster) everyPeer(ctx context.Context) (all []*Group, err error) {
	if r.allLoaded() {
		return r.Peers(), nil
	}
	names, err := r.ListGroups(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if name == statements || !ForPeers(name) {
			continue
		}
		g, err := r.Group(ctx, name)
		switch {
		case err == nil:
			all = append(all, g)
		case !errors.Is(err, ErrNoGroup): // by now
			return nil, err
		}
	}
	return all, nil
}

// Reconcile brings the groups of peers into line with what users have said and
// what granted says now: a peer who is granted nothing any more is one no
// longer.
func (r *Roster) Reconcile(ctx context.Context, granted func(jid string) (rule string, ok bool)) error {
	r.peering.Lock()
	defer r.peering.Unlock()
	said, err := r.said(ctx)
	if err != nil {
		return err
	}
	var failed error // one peer's does not keep the others as they were
	for _, g := range r.Peers() {
		jid := PeerOf(g.name)
		if err := r.reconcile(ctx, g, jid, granted, said); err != nil && !errors.Is(err, ErrNoGroup) {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// reconcile is Reconcile for one of them.
func (r *Roster) reconcile(ctx context.Context, g *Group, jid string, granted func(string) (string, bool), said map[string]*policy.Authorization) error {
	rule, ok := granted(jid)
	if !ok {
		return r.DeleteGroup(ctx, g.name)
	}
	if err := r.grant(ctx, g, peerPolicy(jid, rule)); err != nil {
		return err
	}
	for _, m := range g.roll() {
		if err := g.state(ctx, m, said[m], false); err != nil {
			return err
		}
	}
	return nil
}

// roll lists the members.
func (g *Group) roll() (jids []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, m := range g.sorted {
		jids = append(jids, m.JID)
	}
	return jids
}
