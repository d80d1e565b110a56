package roster

import (
	"math/bits"
	"strings"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/leak"
	"github.com/rollcall-xmpp/rollcall/policy"
)

// member is one entry of the change list: a member, or the tombstone of one
// who left. Everything in it is guarded by Group.mu. There are many of them:
// small fields stand together, so that none costs eight bytes.
type member struct {
	JID, Nick string // as the rest of a [MemberRecord]: here, in his marks, or in his papers
	*marks
	seldom *papers               // see papers
	auth   *policy.Authorization // nil = the group's default
	keeps  policy.Mask           // what is acquired of him: the rest is not held
	might  policy.Mask           // the same but for what he set elsewhere
	pulls  policy.Mask           // what is to be read of what he published: see Group.Pull
	slot   int32                 // index into audience.masks; kept until the tombstone is freed

	Affiliation Affiliation
	Ask         Ask
	ByContact   bool
	Precision   Precision
	Combination Combination

	shares    bool // might is something: he is subscribed to
	lent      bool // his presence is the server's to tell, and he is not asked: see Origin
	asking    bool // a request is on its way that the store does not know of
	withdrawn bool // so is the end of his approval: see Group.Approves
	consents  bool // he joined by a word of his own: see Group.Preapproval
	clicks    bool // he has to be asked, the server would not do without
	clocked   bool // his device was asked for its time zone in this period
	unsure    bool // what he keeps at his server is not known yet
	unread    bool // it is to be asked: see Group.Unread
	awaited   bool // his probe is unanswered

	version uint64 // of the last change of any kind or decision: the list's order
	named   uint64 // version at which he joined
	basic   uint64 // version of the last change of nick, roles, attributes
	gone    uint64 // version at which he left; 0 = is a member
	access  uint64 // version of the last change of what he himself may see
	*presence
	parked    *presence // what is not shown before his server was asked, nil = nothing
	published *published
	words     *speech

	prev, next *member
}

func (m *member) subject() policy.Subject {
	p := m.papers()
	return policy.Subject{JID: m.JID, Roles: m.Roles, Authorization: m.auth, Agreed: p.agreed, Elsewhere: p.elsewhere}
}

// policies are those that m has set.
func (m *member) policies() [2]*policy.Authorization {
	return [2]*policy.Authorization{m.auth, m.papers().elsewhere}
}

// singles calls f for each JID and domain that they name.
func (m *member) singles(f func(string)) {
	for _, a := range m.policies() {
		if a != nil {
			a.Singles(f)
		}
	}
}

// turns is the next moment at which one of their rules begins or ends.
func (m *member) turns(now time.Time) (next time.Time) {
	for _, a := range m.policies() {
		if a == nil {
			continue
		}
		if t := a.Next(now); !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	return next
}

// history is what a decision's past leaves to know. The zero value is that of
// a decision that never changed.
type history struct {
	since   uint64 // version at which the mask was decided
	told    uint64 // last version at which the item changed before it, or since if deciding it did that
	counted uint64 // the same of the counts
	unnamed uint64 // version at which the item was taken away
}

// enters says that somebody is among the members that are counted.
const enters = policy.Enrolled

// visible is the version of the last change of m that was visible under the
// decision (mask, h), in his item or in the counts. Changes under a mask that
// did not show them count for nothing, also when a later mask shows their kind.
func (m *member) visible(mask policy.Mask, h history) uint64 {
	return max(m.shown(mask, h), m.counts(mask, h))
}

// shown is the last change of m's item. Who may only be counted has none, or
// one that stays as it is when he comes and goes.
func (m *member) shown(mask policy.Mask, h history) uint64 {
	v := h.told
	if leak.Face == "event" {
		mask |= presenceKinds
	}
	if m.gone > 0 {
		if mask&policy.Named != 0 {
			v = max(v, m.gone)
		}
		return v
	}
	if mask&policy.Named == 0 {
		return v
	}
	if m.named > h.since {
		v = max(v, m.named)
	}
	if mask&policy.Basic != 0 && m.basic > h.since {
		v = max(v, m.basic)
	}
	if m.presence == nil {
		return v
	}
	for r := mask & presenceKinds &^ policy.Counted; r != 0; r &= r - 1 {
		if at := m.at[bits.TrailingZeros32(uint32(r))]; at > v && at > h.since {
			v = at
		}
	}
	return v
}

// counts is the last change of the counts because of m.
func (m *member) counts(mask policy.Mask, h history) uint64 {
	v := h.counted
	if mask&enters == 0 {
		return v
	}
	if m.gone > 0 {
		return max(v, m.gone)
	}
	if m.named > h.since {
		v = max(v, m.named)
	}
	if m.presence == nil {
		return v
	}
	for _, kind := range [...]policy.Mask{policy.Counted, policy.Show} {
		if at := m.at[bits.TrailingZeros32(uint32(kind))]; mask&kind != 0 && at > h.since {
			v = max(v, at)
		}
	}
	return v
}

// redecide is the history of a decision that changes from (old, h) to mask at
// version v.
func (m *member) redecide(old policy.Mask, h history, mask policy.Mask, v uint64) history {
	n := history{since: v, told: m.shown(old, h), counted: m.counts(old, h), unnamed: h.unnamed}
	item, counts := m.differs(old, mask)
	if item {
		n.told = v
	}
	if counts {
		n.counted = v
	}
	if old&policy.Named != 0 && mask&policy.Named == 0 {
		n.unnamed = v
	}
	return n
}

// left is the history of a decision (mask, h) about a tombstone whose member
// comes back at version v: until something else is decided he has no item.
func (m *member) left(mask policy.Mask, h history, v uint64) history {
	n := history{since: v, told: m.shown(mask, h), counted: m.counts(mask, h), unnamed: h.unnamed}
	if mask&policy.Named != 0 {
		n.unnamed = m.gone
	}
	return n
}

// differs says whether m's item, or what he counts for, looks different under
// two masks.
func (m *member) differs(a, b policy.Mask) (item, counts bool) {
	if m.gone > 0 {
		return false, false
	}
	content := m.content()
	counts = (a&enters != 0) != (b&enters != 0) || (a^b)&content&(policy.Counted|policy.Show) != 0
	content = content&^policy.Counted | policy.Named
	if m.Nick != "" || len(m.Roles) > 0 || len(m.Attributes) > 0 {
		content |= policy.Basic
	}
	return (a^b)&content != 0 && (a|b)&policy.Named != 0, counts
}

// displayName is what a line of text calls m.
func (m *member) displayName(mask policy.Mask) string {
	if m.Nick != "" && mask&policy.Basic != 0 {
		return m.Nick
	}
	local, _, _ := strings.Cut(m.JID, "@")
	return local
}

// isAvailable says whether the member is there, as far as we know.
func (m *member) isAvailable() bool { return m.presence != nil && m.show != Offline }

// touch records that the given kinds of m changed now. The caller has
// advanced the version.
func (g *Group) touch(m *member, changed policy.Mask) {
	m.version = g.version
	if m.presence != nil {
		for i := range &m.at {
			if changed&(1<<i) != 0 {
				m.at[i] = g.version
			}
		}
	}
	g.changes.toFront(m)
}

// changeList is intrusive, the last changed member first.
type changeList struct{ first, last *member }

func (l *changeList) toFront(m *member) {
	if l.first == m {
		return
	}
	l.remove(m)
	m.next = l.first
	if l.first != nil {
		l.first.prev = m
	} else {
		l.last = m
	}
	l.first = m
}

func (l *changeList) remove(m *member) {
	if m.prev != nil {
		m.prev.next = m.next
	} else if l.first == m {
		l.first = m.next
	}
	if m.next != nil {
		m.next.prev = m.prev
	} else if l.last == m {
		l.last = m.prev
	}
	m.prev, m.next = nil, nil
}

// Item is a member as one watcher may see him: what is not granted is not in
// it. A renderer reads nothing else of a member.
type Item struct {
	JID        string
	Nick       string
	Roles      []string
	Attributes []Attribute
	Show       Show // Offline for whoever is, or looks so
	Status     string
	Languages  string // all texts of a status that has several: see [Item.Texts]
	Idle       string
	Connection string        // of the best device, for who sees no devices
	Can        *Capabilities // of all devices, for who sees no devices
	Devices    []Device
	Published  [publishable]string // elements, in the order of the policy's words; "" = none
	Photo      string              // instead of that word's: the hash of his picture (XEP-0153)
	Willing    []Willing           // by application
	StatusBy   *Source             // who said the status on his behalf; nil = he himself
	ActivityBy *Source             // the same of the activity
}

// Device is one device of a member as one watcher may see it.
type Device struct {
	Name       string
	Show       Show // Offline = not shown
	Connection string
	Can        *Capabilities
}

// item fills it with what mask shows of m. devices is scratch space.
func (m *member) item(it *Item, mask policy.Mask, devices []Device) []Device {
	*it = Item{JID: m.JID}
	if mask&policy.Basic != 0 {
		it.Nick, it.Roles, it.Attributes = m.Nick, m.Roles, m.Attributes
	}
	if mask&policy.Availability == 0 || !m.isAvailable() {
		return devices
	}
	it.Show = Online
	if leak.Face == "item" {
		mask |= policy.Status
	}
	if mask&policy.Show != 0 {
		it.Show = m.show
	}
	if mask&policy.Status != 0 {
		if it.Status = m.status; it.Status != "" && it.Status[0] == statusLang {
			it.Status, it.Languages = plainStatus(m.status), m.status
		}
	}
	if mask&policy.Idle != 0 {
		it.Idle = m.idle
	}
	if x := m.published; x != nil {
		if leak.Face == "published" {
			mask |= Published
		}
		for r := x.held & mask; r != 0; r &= r - 1 {
			i := slotOf(r & -r)
			it.Published[i] = x.text[i]
			if r&-r == policy.Avatar && x.text[i] == "" {
				it.Photo = x.photo
			}
		}
	}
	m.speak(it, mask)
	if leak.Face == "devices" {
		mask |= policy.Connection | policy.Capabilities
	}
	if mask&policy.Devices == 0 {
		if mask&policy.Connection != 0 {
			it.Connection = m.connection.String()
		}
		if mask&policy.Capabilities != 0 {
			it.Can = m.can()
		}
		return devices
	}
	devices = devices[:0]
	for i := range m.devices {
		d := Device{Name: m.devices[i].resource}
		if mask&deviceShow != 0 {
			d.Show = m.devices[i].show
		}
		if mask&deviceConnection != 0 {
			d.Connection = m.devices[i].connection.String()
		}
		if mask&deviceCapabilities != 0 {
			d.Can = m.devices[i].can
		}
		devices = append(devices, d)
	}
	it.Devices = devices
	return devices
}
