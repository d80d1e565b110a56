package roster

import (
	"errors"
	"maps"
	"slices"

	"github.com/rollcall-xmpp/rollcall/internal/leak"
	"github.com/rollcall-xmpp/rollcall/policy"
)

// Call says which of the members a message to the group is for. The line
// comment is its name on the wire.
type Call uint8

// The calls.
const (
	CallAvailable Call = iota // available: who is there
	CallAll                   // all: there or not
	CallRole                  // role:X
	CallWilling               // willing: who is there, not busy, and does not say that he does not want it
)

var callNames = [...]string{"available", "all", "role", "willing"}

func (c Call) String() string { return callNames[c] }

// Selection is whom a message to the group is for. The zero value is who is
// available.
type Selection struct {
	Call Call
	Role string // of CallRole
}

func (s Selection) String() string {
	if s.Call == CallRole {
		return roleName + s.Role
	}
	return s.Call.String()
}

// ErrUnready: the group does not know yet who is there.
var ErrUnready = errors.New("presence is not known yet")

// Receiver is a member that a message is for.
type Receiver struct {
	JID   string
	Basic bool // he may see basic information: nicks, roles
}

// MaxReach is how many members can be meant at once.
const MaxReach = 2000

// Reach finds the members that a message of from's is for. Whom he means is
// judged by what he himself may see now: seen is how many those are, and all
// that he may be told. receivers are those of them who want to hear from him,
// sorted; that is not for him to know.
//
// Whom he hides from he does not mean: a message would show that he is there.
// ErrForbidden for who is neither a member nor an admin, or may not watch;
// ErrLimit when he means more than [MaxReach]; ErrUnready, ErrNoGroup.
func (g *Group) Reach(from string, to Selection) (seen int, receivers []Receiver, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	who := g.watcher(from)
	v, err := g.caller(&who)
	if err != nil {
		return 0, nil, err
	}
	if !g.ready {
		return 0, nil, ErrUnready
	}
	sender := policy.Subject{JID: from, Roles: who.Roles}
	for m, it := range v.items() {
		if leak.Face == "tell" && m.isAvailable() {
			it.Show = Online
		}
		if m.JID == from || !to.means(it) || g.hidesFrom(from, m.JID) {
			continue
		}
		if seen++; seen > MaxReach {
			return 0, nil, ErrLimit
		}
		if g.wants(m, &sender) {
			receivers = append(receivers, Receiver{m.JID, g.seesBasicOf(m.JID)})
		}
	}
	return seen, receivers, nil
}

// RolesSeen lists the roles that jid sees somebody else have, sorted. Errors
// as of Reach, but for ErrUnready.
func (g *Group) RolesSeen(jid string) ([]string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	who := g.watcher(jid)
	v, err := g.caller(&who)
	if err != nil {
		return nil, err
	}
	roles := map[string]struct{}{}
	for m, it := range v.items() {
		if m.JID == jid {
			continue
		}
		for _, role := range it.Roles {
			roles[role] = struct{}{}
		}
	}
	return slices.Sorted(maps.Keys(roles)), nil
}

// caller is how somebody who may speak to the group sees it.
func (g *Group) caller(who *policy.Watcher) (view, error) {
	if err := g.mayWatch(who); err != nil {
		return view{}, err
	}
	if g.power(who.JID) < Plain {
		return view{}, ErrForbidden
	}
	return g.view(who, &Question{Node: NodeContact, Watcher: who.JID, To: who.JID}), nil
}

// means says whether somebody who looks like it is one of those.
func (s Selection) means(it *Item) bool {
	switch s.Call {
	case CallAll:
		return true
	case CallRole:
		return slices.Contains(it.Roles, s.Role)
	case CallWilling:
		return it.Show != Offline && it.Show != DND && it.WillingTo("chat")
	}
	return it.Show != Offline
}

// hidesFrom says whether jid wants never to be seen by other.
func (g *Group) hidesFrom(jid, other string) bool {
	hides := func(a *policy.Authorization) bool { return a != nil && slices.Contains(a.Hide, other) }
	m := g.live(jid)
	return hides(g.auths[jid]) || m != nil && hides(m.papers().elsewhere)
}

// wants says whether m takes messages of sender's: he does not hide from him,
// and none of his receiving policies leaves him out.
func (g *Group) wants(m *member, sender *policy.Subject) bool {
	if g.hidesFrom(m.JID, sender.JID) {
		return false
	}
	// Under this policy everybody is named to everybody: who is not, was not
	// wanted.
	openly := policy.Group{Basic: policy.Who{Class: policy.Everyone}}
	who := g.watcher(m.JID)
	for _, w := range g.byOwner[m.JID] {
		if openly.Decide(g.now(), sender, &who, &w.receiving) == 0 {
			return false
		}
	}
	return true
}
