package roster

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Outbox is where a group announces that it has something to say, and what
// it asks of others. Its methods never block and never call back.
type Outbox interface {
	// Ready asks for a turn of g (see [Group.Turn]).
	Ready(g *Group)
	// Presence sends a presence stanza that carries no member's state, from
	// the group's bare JID.
	Presence(group, to string, t PresenceType)
	// Wanted asks for the group to be attended to (see [Group.Wants]).
	Wanted(g *Group)
	// Began tells a watcher that his subscription, which waited, has begun.
	Began(group string, s SubscriptionRecord)
	// Gone takes members back who are resources of the group in to's contact
	// list.
	Gone(group, to string, members []string)
	// Ended tells a watcher that his subscription is no more.
	Ended(group string, s SubscriptionRecord)
}

// PresenceType is the type of a stanza that [Outbox.Presence] sends.
type PresenceType uint8

// The types. The line comment is the wire name.
const (
	Subscribe    PresenceType = iota // subscribe
	Subscribed                       // subscribed
	Unsubscribe                      // unsubscribe
	Unsubscribed                     // unsubscribed
	Probe                            // probe
	Unavailable                      // unavailable: from /group, the contact goes dark
)

var presenceTypes = [...]string{"subscribe", "subscribed", "unsubscribe", "unsubscribed", "probe", "unavailable"}

func (t PresenceType) String() string { return presenceTypes[t] }

// Options are what a roster is made of.
type Options struct {
	Store    Store
	Outbox   Outbox
	Renderer Renderer
	Now      func() time.Time // nil = time.Now

	Admin     func(jid string) bool // who administers every group; nil = nobody
	MayCreate func(jid string) bool // who else may create groups; nil = nobody
	Notify    func(Notice)          // tells people about their membership; must not block; nil = nobody is told
	Domain    string                // of the service: see [Roster.HookJID]
	Hooks     HookKeeper            // nil = nobody tells webhooks
	Log       *slog.Logger          // nil = slog.Default()
	Outposts  func(jid string) bool // whose events leave through the server's PubSub service; nil = nobody's
	Reads     bool                  // somebody attends to [Group.Unread]

	Origin Origin                // where the presence of the server's own users comes from
	Ours   func(jid string) bool // who they are; nil = nobody
	Taken  func(jid string) bool // whose presence is a peer's to tell (see [Group.Borrowed]); nil = nobody's

	Peers func(jid string) (rule string, ok bool) // what a peer is granted now (see [Roster.Entrust]); nil = what was stored

	Inform bool // members whom others have added are informed, not asked, where the server allows (see [Group.Preapproval])
}

// Roster is all groups of one service.
type Roster struct {
	store    Store
	outbox   Outbox
	renderer Renderer
	now      func() time.Time
	log      *slog.Logger
	limits   limits
	reads    bool
	inform   bool

	isAdmin, mayCreate func(jid string) bool
	notify             func(Notice)

	collection collection // who watches all his groups
	census     *census    // nil where members are asked and nothing else
	ours       func(jid string) bool
	taken      func(jid string) bool
	granted    func(jid string) (rule string, ok bool)
	peering    sync.Mutex // who is in the groups of peers, and what users let peers see; held over the store, before Group.edit

	domain string
	hooks  HookKeeper

	multicast atomic.Pointer[multicast] // nil = there is none
	copies    copies
	walk      atomic.Pointer[walk] // one that is over, nil = none: see Group.blank
	outposts  outposts

	loading sync.Mutex // held over the store while a group is loaded, created or deleted

	mu       sync.RWMutex
	groups   map[string]*Group // those loaded, by name
	complete bool              // these are all
	deleted  uint64            // groups, so far
	names    []string          // of groups, sorted; nil = not made since one came or went

	listings listings

	lost lost
}

// New makes a roster. Groups are loaded on first use.
func New(o Options) *Roster {
	r := &Roster{store: o.Store, outbox: o.Outbox, renderer: o.Renderer, now: o.Now, log: o.Log, groups: map[string]*Group{},
		collection: collection{mine: map[string]map[string]SubscriptionRecord{}, count: map[string]int{}}}
	r.isAdmin, r.mayCreate, r.notify, r.reads, r.inform = o.Admin, o.MayCreate, o.Notify, o.Reads, o.Inform
	r.domain, r.hooks = o.Domain, o.Hooks
	r.census, r.ours = newCensus(o.Origin, o.Ours), o.Ours
	r.taken, r.granted = o.Taken, o.Peers
	r.outposts.whose = o.Outposts
	r.limits = limits{items: maxItems, graves: minGraves, idle: maxIdle, listed: listAfresh}
	if r.now == nil {
		r.now = time.Now
	}
	if r.log == nil {
		r.log = slog.Default()
	}
	return r
}

func (r *Roster) admin(jid string) bool { return r.isAdmin != nil && r.isAdmin(jid) }

// limits are the bounds that a test makes others.
type limits struct {
	items  int // bytes of items in one stanza
	graves int // tombstones that are kept in any case
	idle   int // audiences without a watch that are kept
	listed int // groups of which a directory is made anew each time
}

// Loaded returns the group if it is in memory; it never waits for the store.
func (r *Roster) Loaded(name []byte) *Group {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.groups[string(name)]
}

// Complete says that all groups of the store have been loaded, as after
// [Roster.Load].
func (r *Roster) Complete() {
	r.mu.Lock()
	r.complete = true
	r.mu.Unlock()
	if r.census != nil {
		r.census.trim()
	}
}

func (r *Roster) find(name string) (g *Group, sure bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	g = r.groups[name]
	return g, g != nil || r.complete
}

// Group returns a group, loading it on first use. ErrNoGroup.
func (r *Roster) Group(ctx context.Context, name string) (*Group, error) {
	switch g, sure := r.find(name); {
	case g != nil:
		return g, nil
	case sure:
		return nil, ErrNoGroup
	}
	r.loading.Lock()
	defer r.loading.Unlock()
	if g := r.Loaded([]byte(name)); g != nil {
		return g, nil
	}
	rec, err := r.store.GetGroup(ctx, name)
	if err != nil {
		return nil, err
	}
	return r.enlist(ctx, rec), nil
}

func (r *Roster) admit(g *Group) *Group {
	r.mu.Lock()
	r.groups[g.name], r.names = g, nil
	r.mu.Unlock()
	return g
}

// All lists the groups in memory.
func (r *Roster) All() []*Group {
	r.mu.RLock()
	defer r.mu.RUnlock()
	all := make([]*Group, 0, len(r.groups))
	for _, g := range r.groups {
		all = append(all, g)
	}
	return all
}

// ListGroups returns the names of all groups, sorted.
func (r *Roster) ListGroups(ctx context.Context) ([]string, error) { return r.store.ListGroups(ctx) }

// ShowGroup returns the basic information of a group and its other hard
// state; nobody's presence, and so nobody's words on it. ErrNoGroup.
func (r *Roster) ShowGroup(ctx context.Context, name string) (*GroupRecord, error) {
	rec, err := r.ExportGroup(ctx, name)
	if err != nil {
		return nil, err
	}
	for i := range rec.Members {
		rec.Members[i].Said = ""
	}
	return rec, nil
}

// ExportGroup returns everything that is stored of a group: it is for a file,
// not to be looked at. ErrNoGroup.
func (r *Roster) ExportGroup(ctx context.Context, name string) (*GroupRecord, error) {
	g, err := r.Group(ctx, name)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.record(), nil
}

// CreateGroup establishes a group, all of it or nothing, and asks its members
// for their presence. InvalidError, ErrGroupExists.
func (r *Roster) CreateGroup(ctx context.Context, rec *GroupRecord) error {
	return r.create(ctx, rec, "")
}

// create is CreateGroup by a member's own word.
func (r *Roster) create(ctx context.Context, rec *GroupRecord, actor string) error {
	if err := rec.validate(); err != nil {
		return err
	}
	r.loading.Lock()
	defer r.loading.Unlock()
	r.christen(rec)
	if err := r.store.CreateGroup(ctx, rec); err != nil {
		return err
	}
	g := newGroup(r, rec)
	if m := g.entry(actor); m != nil {
		m.consents = true
	}
	r.admit(g)
	g.mu.Lock()
	g.signal()
	g.mu.Unlock()
	r.outbox.Wanted(g)
	r.hooked(g)
	return nil
}

// DeleteGroup ends a group: subscriptions and contacts are told, members'
// presence is given back. ErrNoGroup, ErrForeign: its source would bring it back.
func (r *Roster) DeleteGroup(ctx context.Context, name string) error {
	g, err := r.editing(ctx, name)
	if err != nil {
		return err
	}
	defer g.edit.Unlock()
	if err := g.native(); err != nil && !ForPeers(name) {
		return err
	}
	r.loading.Lock()
	defer r.loading.Unlock()
	if err := r.store.DeleteGroup(ctx, name); err != nil {
		return err
	}
	r.mu.Lock()
	delete(r.groups, name)
	r.names = nil
	r.deleted++
	r.mu.Unlock()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	r.hooked(g)
	g.wind() // no rule begins or ends any more
	g.pace()
	for _, ws := range g.byOwner {
		for _, w := range ws {
			g.ended(w)
			g.raze(w)
		}
	}
	g.scatter()
	for _, rec := range g.awaiting {
		r.outbox.Ended(g.name, rec)
	}
	for _, m := range g.sorted {
		g.withdraw(m)
		r.census.leave(m.JID, g)
		if m.lent || r.granted != nil {
			r.outbox.Wanted(g)
		}
	}
	g.signal() // who still waits for an answer gets a refusal
	return nil
}
