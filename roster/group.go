package roster

import (
	"cmp"
	"crypto/cipher"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/leak"
	"github.com/rollcall-xmpp/rollcall/policy"
)

// Group is one group presentity. Its methods may be called from any
// goroutine.
//
// Two locks: edit orders the changes of hard state, one at a time, and is
// held while the store writes; mu guards everything in memory and is held for
// microseconds, never over I/O. edit is taken before mu, mu before the
// outbox's own lock.
type Group struct {
	name   string
	roster *Roster
	edit   sync.Mutex

	mu        sync.Mutex
	closed    bool   // deleted: nothing is sent, nothing changes any more
	source    string // who keeps the group, "" = we; changed with edit held as well
	hidden    bool   // it hides the group from strangers; false until it was heard
	powers    bool   // it says what powers members have; true until it was heard
	settings  Settings
	policy    policy.Group
	aggregate aggregate // of the settings
	badges    [2][]byte // see badge; nil = not made yet

	version   uint64 // of the last change
	info      uint64 // version of the last change of the name, description or language
	infoBasic uint64 // of the free group attributes
	decided   uint64 // of the last change of what somebody may see
	left      uint64 // at which the last one left
	clock     uint64 // order of arrival of presence
	tokens    cipher.Block

	members  index                    // by bare JID, tombstones included
	sorted   []*member                // by JID, tombstones left out
	slots    []*member                // by slot; nil = free
	shows    []Show                   // by slot: what the summary counts
	free     []int32                  // free slots
	visitors map[string]VisitorRecord // who is no member but known; changed with edit held as well
	vows     map[string]bool          // of who applied: whether he said so himself, see vow
	heardOf  map[string]time.Time     // whose wish to join the admins were told of, and when
	acting   string                   // who joins by a word of his own just now
	graves   int                      // tombstones in the list
	changes  changeList

	audiences  map[audienceKey]*audience
	order      []*audience // the same, in the order of turns
	turnAt     int
	clocks     map[int]*clock                   // of periodic delivery, by period
	digests    map[int]int                      // periods that watches chose: how many
	turns      uint64                           // that said something
	watches    map[string]*Watch                // by subscription ID
	awaiting   []SubscriptionRecord             // those that wait for an admin; changed with edit held as well
	leases     map[*Watch]struct{}              // those that end by themselves
	leased     *time.Timer                      // for the first of them
	leasedAt   time.Time                        // when that is
	attuned    map[string]int                   // who is told only under some availabilities: how many watches
	byOwner    map[string][]*Watch              // by the watcher's bare JID, contacts included
	hooks      map[string]*hook                 // webhooks, by name
	auths      map[string]*policy.Authorization // what users let others see, members or not
	strangers  map[string]int                   // how many of them are of who is no member, by domain
	agreements map[string]*policy.Authorization // former defaults that members still stand by
	timed      map[*member]time.Time            // when the next rule of theirs begins or ends; zero = all have
	ticked     time.Time                        // when the default's rules were last decided by
	latest     time.Time                        // when any were: before that, the clock was set back
	alarm      *time.Timer                      // for the first of them
	building   bool                             // by newGroup, without mu: no alarm is set yet
	empty      []member                         // see populate
	singles    map[string]map[*member]struct{}
	named      map[string]uint64 // by name in singles or owner: see standing
	namedAll   uint64            // the same for everybody
	roles      map[string]int    // roles that some rule names: how often

	questions []*Question
	asked     map[string]int        // how many of them, by watcher
	queued    bool                  // is in the outbox
	ready     bool                  // presence is known: bulk may go
	sweeping  bool                  // probes are unanswered
	refresh   memberSet             // members to be probed because more of them is acquired now
	doubts    memberSet             // members whose answer to our request may have been lost
	unread    int                   // members whose server is to be asked what they keep there
	recalls   memberSet             // members of whom the server may have said something before we wanted it
	courted   memberSet             // members of whom something else is wanted now
	sought    memberSet             // members of whom something is to be read
	spoken    map[*member]time.Time // when the next of their words ends, or is to be forgotten
	resaid    memberSet             // members whose words are others than are stored
	sweep     uint32
	awaited   int             // members whose probe is unanswered
	mail      mail            // what leaves by multicast
	razed     []razed         // nodes at the server's PubSub service that are over
	grounded  map[string]bool // subscriptions that it does not serve
	scratch   scratch
}

// Name is the localpart of the group's JID.
func (g *Group) Name() string { return g.name }

// Title is what people call the group.
func (g *Group) Title() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return cmp.Or(g.settings.Title, g.name)
}

func newGroup(r *Roster, rec *GroupRecord) *Group {
	g := &Group{
		building: true, name: rec.Name, source: rec.Source, powers: true, roster: r, settings: rec.Settings.Clone(),
		version: 1, info: 1, infoBasic: 1, decided: 1, ready: true,
		visitors: map[string]VisitorRecord{}, watches: map[string]*Watch{}, byOwner: map[string][]*Watch{},
		singles: map[string]map[*member]struct{}{}, named: map[string]uint64{}, asked: map[string]int{},
	}
	g.setAggregate()
	for _, v := range rec.Visitors {
		g.visitors[v.JID] = v
	}
	g.settings.Policy = r.peerPolicy(rec)
	g.policy, g.ticked = g.readPolicy(g.settings.Policy), r.now()
	g.latest = g.ticked
	g.refer(references(&g.policy), 1)
	g.populate(rec.Members)
	g.restore(rec.Authorizations)
	for i := range rec.Subscriptions {
		sub := &rec.Subscriptions[i]
		node, err := ParseNode(sub.Node)
		if v, known := g.visitors[sub.Owner]; sub.Pending {
			if known && v.State == Applied {
				g.awaiting = append(g.awaiting, *sub)
			}
			continue
		}
		if sub.Node == NodeMine {
			node, err = g.settings.Payload.wide(), nil
		}
		if who := g.watcher(sub.Owner); err == nil && g.settings.Payload.Has(node) && g.mayWatch(&who) == nil {
			g.addWatch(*sub, node, g.receiving(sub))
		}
	}
	for _, j := range rec.Contacts {
		if who := g.watcher(j); g.mayWatch(&who) == nil {
			sub := contactRecord(j)
			if i := slices.IndexFunc(rec.Subscriptions, func(s SubscriptionRecord) bool { return s.ID == sub.ID }); i >= 0 {
				sub = rec.Subscriptions[i]
			}
			g.addWatch(sub, NodeContact, g.receiving(&sub))
			each := resourcesRecord(&sub)
			if slices.ContainsFunc(rec.Subscriptions, func(s SubscriptionRecord) bool { return s.ID == each.ID }) {
				g.addWatch(each, NodeResources, g.receiving(&each)).unsure = true
			}
		}
	}
	for _, h := range rec.Hooks {
		put(&g.hooks, h.Name, &hook{rec: h})
	}
	g.rehook()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.building = false
	for _, m := range g.sorted { // not before: he may be spoken of at once
		r.census.enter(m.JID, g)
	}
	g.recite()
	g.wind()
	for w := range g.leases {
		if !w.manner.While { // who is there is not known yet: see Swept
			g.arm(w.manner.Until)
		}
	}
	return g
}

// setAggregate reads the settings' rule; it has been checked.
func (g *Group) setAggregate() { g.aggregate, _ = parseAggregate(g.settings.Aggregate) }

// insert adds a member, or brings a tombstone back, at the current version.
func (g *Group) insert(rec MemberRecord) *member {
	m := g.entry(rec.JID)
	enter := false
	if m == nil {
		m = g.room()
		m.slot = g.takeSlot()
		g.slots[m.slot] = m
		enter = true
	} else {
		g.graves--
	}
	m.seldom = nil
	m.setRecord(&rec)
	if enter {
		g.enter(m)
	}
	m.gone, m.presence, m.parked, m.asking, m.withdrawn = 0, nil, nil, false, false
	m.published, m.words, m.pulls, m.keeps, m.clocked, m.unsure = nil, nil, 0, 0, false, rec.Ask == Granted && g.roster.reads
	m.consents, m.clicks = rec.JID == g.acting && !rec.ByContact, false
	if m.lent = g.roster.lends(rec.JID); !g.building {
		g.roster.census.enter(rec.JID, g)
	}
	g.recall(m)
	m.named, m.basic = g.version, g.version
	g.agree(m, rec.Agreed)
	g.keep1(m)
	g.shows[m.slot] = Offline
	i, _ := g.search(rec.JID)
	g.sorted = slices.Insert(g.sorted, i, m)
	g.touch(m, 0)
	g.reshow(m.JID)
	return m
}

func (g *Group) search(jid string) (int, bool) {
	return slices.BinarySearchFunc(g.sorted, jid, func(m *member, j string) int { return cmp.Compare(m.JID, j) })
}

func (g *Group) takeSlot() int32 {
	if n := len(g.free); n > 0 {
		s := g.free[n-1]
		g.free = g.free[:n-1]
		return s
	}
	g.slots, g.shows = append(g.slots, nil), append(g.shows, Offline)
	for _, a := range g.order {
		a.masks = append(a.masks, 0)
	}
	return int32(len(g.slots) - 1)
}

// gone is the show of a tombstone: it is not counted.
const gone = Show(255)

// bury turns a member into a tombstone at the current version.
func (g *Group) bury(m *member) {
	was := m.policies()
	g.unindex(m)
	m.seldom = nil // also his words, and whom he trusted
	m.auth, m.gone, m.presence, m.parked, m.published, m.words = nil, g.version, nil, nil, nil, nil
	delete(g.auths, m.JID)
	g.schedule(m)
	g.left = g.version
	g.mark(m.JID) // his tokens are of no use to who he is now, also when the tombstone is freed
	g.shows[m.slot] = gone
	if i, ok := g.search(m.JID); ok {
		g.sorted = slices.Delete(g.sorted, i, i+1)
	}
	g.answered(m)
	delete(g.doubts, m)
	delete(g.refresh, m)
	g.inquired(m)
	delete(g.courted, m)
	delete(g.spoken, m)
	delete(g.resaid, m)
	delete(g.sought, m)
	delete(g.recalls, m)
	g.roster.census.leave(m.JID, g)
	if m.lent {
		g.roster.outbox.Wanted(g) // who lends it need not any more
	}
	g.graves++
	g.touch(m, 0)
	g.reshow(m.JID)
	g.refer(was[0], -1)
	g.refer(was[1], -1)
	g.freeGraves()
}

// minGraves is how many tombstones are kept however small the group is.
const minGraves = 64

// freeGraves keeps the number of tombstones in bounds. Who has not heard of a
// freed one gets the full state.
func (g *Group) freeGraves() {
	bound := max(g.roster.limits.graves, len(g.sorted)/8)
	for m := g.changes.last; m != nil && g.graves > bound; {
		prev := m.prev
		if m.gone > 0 {
			g.free1(m)
		}
		m = prev
	}
}

func (g *Group) free1(m *member) {
	for _, ws := range g.byOwner {
		for _, w := range ws {
			w.forget(m)
		}
	}
	for _, a := range g.order {
		a.free(m)
	}
	g.changes.remove(m)
	g.strike(m)
	g.slots[m.slot] = nil
	g.free = append(g.free, m.slot)
	g.graves--
}

// live returns the member, or nil for strangers and tombstones.
func (g *Group) live(jid string) *member {
	if m := g.entry(jid); m != nil && m.gone == 0 && !g.closed { // the name may be another group's by now
		return m
	}
	return nil
}

// watcher is jid as policy sees it.
func (g *Group) watcher(jid string) policy.Watcher {
	w := policy.Watcher{JID: jid}
	if m := g.live(jid); m != nil && m.Affiliation.IsMember() {
		w.Member, w.Roles = true, m.Roles
	}
	return w
}

// signal puts the group in the outbox, once, if it has something to say.
func (g *Group) signal() {
	g.pace()
	if !g.queued && g.pending() {
		g.queued = true
		g.roster.outbox.Ready(g)
	}
}

func (g *Group) pending() bool {
	if g.hurries() || len(g.razed) > 0 {
		return true
	}
	if !g.ready || g.closed {
		return g.closed && len(g.questions) > 0
	}
	if g.waits() {
		return false
	}
	if slices.ContainsFunc(g.questions, g.ripe) || g.opened() {
		return true
	}
	return g.late()
}

// late says whether some watch is to be told something now.
func (g *Group) late() bool {
	for _, a := range g.order {
		if a.behind() {
			return true
		}
	}
	return false
}

// record copies the basic group information and what else is hard state.
func (g *Group) record() *GroupRecord {
	rec := &GroupRecord{Name: g.name, Source: g.source, Settings: g.settings.Clone()}
	for _, m := range g.sorted {
		rec.Members = append(rec.Members, m.record())
		if leak.Face == "admin" && m.presence != nil {
			rec.Members[len(rec.Members)-1].Nick = m.status
		}
	}
	for _, ws := range g.byOwner {
		for _, w := range ws {
			if w.node == NodeContact {
				rec.Contacts = append(rec.Contacts, w.rec.JID)
			}
			if w.node != NodeContact && !w.announced && w.hook == "" || w.node == NodeContact && w.rec.Receiving != "" {
				rec.Subscriptions = append(rec.Subscriptions, w.rec)
			}
		}
	}
	rec.Subscriptions = append(rec.Subscriptions, g.awaiting...)
	for jid, a := range g.auths {
		rec.Authorizations = append(rec.Authorizations, AuthorizationRecord{jid, a.String()})
	}
	slices.SortFunc(rec.Authorizations, func(a, b AuthorizationRecord) int { return strings.Compare(a.JID, b.JID) })
	rec.Visitors, rec.Hooks = g.visiting(), g.hookRecords()
	slices.Sort(rec.Contacts)
	slices.SortFunc(rec.Subscriptions, func(a, b SubscriptionRecord) int { return strings.Compare(a.ID, b.ID) })
	return rec
}

func (g *Group) now() time.Time { return g.roster.now() }
