package model

import (
	"slices"
	"strings"
	"time"
)

// The floor: what can be seen of a member without being told that he is there.
const (
	counted      = "counted"
	availability = "availability"
)

// Words are the presence attributes of today, in the order of the page.
var Words = []string{counted, availability, "connection", "show", "status", "devices", "idle", "capabilities", "mood", "activity",
	"tune", "interests", "language", "location", "nickname", "avatar", "timezone", "addresses", "willingness"}

// Group is a group with all that is known of it.
type Group struct {
	Name        string // team in team@groups.example.org
	Title       string
	Description string
	Language    string
	Attributes  map[string]string
	Payload     string // presence, separate, combined, both
	Listed      bool
	Policy      Policy
	Members     map[string]*Member        // by bare JID
	Said        map[string]*Authorization // own policies by bare JID, of members or not yet
}

// Policy is what the admin has set.
type Policy struct {
	Watch       []string // members, anyone, role:X, jid:X, domain:X
	Basic       string   // members, anyone, role:X
	Collect     []string // words
	CollectFrom []string // members, role:X, jid:X
	Default     []Rule
	Require     []string // words
}

// Member is one of the group.
type Member struct {
	Nick       string
	Roles      []string
	Attributes map[string]string
	Devices    []Device          // the one heard of last comes last
	Published  map[string]string // what he publishes at his server, by word: an element each
	Agreed     []Rule            // the default that he has agreed to

	Combination string // available, priority, recent; "" = available
}

// Device is where a member is available.
type Device struct {
	Name     string
	Show     string // chat, away, xa, dnd, or "" for plainly available
	Priority int
	Status   string
	Texts    map[string]string // the status in other languages
	Idle     string            // since when

	Connection string   // interrupted, off, or "" for on
	Can        []string // such as client/phone, audio
}

// Authorization is what one user lets others see.
type Authorization struct {
	Secret bool // share='false'
	Hide   []string
	Rules  []Rule
}

// Rule grants words to somebody for some time.
type Rule struct {
	Who         string
	Attributes  []string
	Except      []string
	From, Until time.Time // zero: no bound
}

// Receiving is what a watcher wants. Without a word all of them.
type Receiving struct {
	Refuse     bool
	Members    []string
	Roles      []string
	SameRole   bool
	Attributes []string
}

// New is a group as it is without anything set.
func New(name string) *Group {
	return &Group{
		Name: name, Payload: "both",
		Attributes: map[string]string{}, Members: map[string]*Member{}, Said: map[string]*Authorization{},
		Policy: NewPolicy(),
	}
}

// NewPolicy is the group policy where nothing is set.
func NewPolicy() Policy {
	return Policy{Watch: []string{"members"}, Basic: "members", Collect: Words,
		Default: []Rule{{Who: "members", Attributes: Words, Except: []string{"location", "addresses"}}}}
}

// Join makes somebody a member. He agrees to the default of the day.
func (g *Group) Join(jid string) *Member {
	m := &Member{Attributes: map[string]string{}, Agreed: g.Policy.Default}
	g.Members[jid] = m
	return m
}

// Leave takes a member out. What he has said is forgotten.
func (g *Group) Leave(jid string) {
	delete(g.Members, jid)
	delete(g.Said, jid)
}

// is says whether a class of people has jid in it.
func (g *Group) is(class, jid string) bool {
	m := g.Members[jid]
	_, domain, _ := strings.Cut(jid, "@")
	kind, name, _ := strings.Cut(class, ":")
	switch kind {
	case "members":
		return m != nil
	case "outsiders":
		return m == nil
	case "everyone", "anyone":
		return true
	case "role":
		return m != nil && slices.Contains(m.Roles, name)
	case "jid":
		return jid == name
	case "domain":
		return domain == name
	}
	return false
}

func (g *Group) isAny(classes []string, jid string) bool {
	return slices.ContainsFunc(classes, func(c string) bool { return g.is(c, jid) })
}

// MayWatch says whether jid may watch the group.
func (g *Group) MayWatch(jid string) bool { return g.isAny(g.Policy.Watch, jid) }

// MayKnow says whether jid may know that there is the group.
func (g *Group) MayKnow(jid string) bool {
	return g.Members[jid] != nil || g.Listed || g.MayWatch(jid)
}

// Refusal is the condition with which jid's request for a node is refused;
// "" if it is not.
func (g *Group) Refusal(jid, node string) string {
	switch {
	case !g.MayKnow(jid):
		return "item-not-found"
	case !g.MayWatch(jid):
		return "not-allowed"
	case !slices.Contains(g.Nodes(), node):
		return "item-not-found"
	}
	return ""
}

// Nodes are those that exist.
func (g *Group) Nodes() []string {
	switch g.Payload {
	case "presence":
		return []string{"presence"}
	case "separate":
		return []string{"info", "members", "presence"}
	case "combined":
		return []string{"group"}
	}
	return []string{"info", "members", "presence", "group"}
}
