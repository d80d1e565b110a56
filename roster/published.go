package roster

import (
	"math/bits"

	"github.com/rollcall-xmpp/rollcall/internal/leak"
	"github.com/rollcall-xmpp/rollcall/policy"
)

// Published are the attributes that a member publishes beside his presence, most
// of them at his server (XEP-0163). Each is one element, as he published it or
// made of a part of that; only his time zone has to be asked for.
const Published = policy.Mood | policy.Activity | policy.Tune | policy.Interests | policy.Language | policy.Location |
	policy.Nickname | policy.Avatar | policy.Timezone | policy.Addresses | policy.Willingness

// pushed are those that his server tells of.
const pushed = Published &^ policy.Timezone

// Bounds of what is held of a member's, in bytes.
const (
	MaxPublished    = 1536 // one attribute
	MaxPublishedAll = 5120 // all of them together
)

// The attributes stand one behind the other in a mask.
const (
	firstPublished = 8 // policy.Mood
	publishable    = 11
)

// published is what is held of a member's attributes. Most members have none.
type published struct {
	held  policy.Mask
	size  int
	text  [publishable]string
	photo string // the hash of his picture (XEP-0153), if that is all that is known of it
}

func slotOf(kind policy.Mask) int { return bits.TrailingZeros32(uint32(kind)) - firstPublished }

// set puts one attribute in force, "" is none.
func (x *published) set(kind policy.Mask, text string) {
	at := &x.text[slotOf(kind)]
	x.size += len(text) - len(*at)
	if *at = text; text == "" && (kind != policy.Avatar || x.photo == "") {
		x.held &^= kind
	} else {
		x.held |= kind
	}
}

// drop forgets what mask does not have, and says which kinds that were.
func (x *published) drop(mask policy.Mask) (dropped policy.Mask) {
	if dropped = x.held &^ mask; dropped&policy.Avatar != 0 {
		x.photo = ""
	}
	for r := dropped; r != 0; r &= r - 1 {
		x.set(r&-r, "")
	}
	return dropped
}

// unpublish forgets what mask does not have of m's attributes. What is shown of
// them is the caller's to see to.
func (m *member) unpublish(mask policy.Mask) (dropped policy.Mask) {
	if m.published == nil {
		return 0
	}
	if mask&policy.Timezone == 0 {
		m.clocked = false
	}
	if dropped = m.published.drop(mask); m.published.held == 0 {
		m.published = nil
	}
	return dropped
}

// kinds are those that the items of an audience can show: PIDF has no words for
// what members publish, for what devices can do, or for how they are connected.
func (k *audienceKey) kinds() policy.Mask {
	if k.format == FormatPIDF {
		return k.node.kinds() &^ (Published | policy.Capabilities | deviceCapabilities | policy.Connection | deviceConnection)
	}
	return k.node.kinds()
}

// Publishes is that one of [Published], "" if there is none to show.
func (it *Item) Publishes(kind policy.Mask) string { return it.Published[slotOf(kind)] }

// HearItem takes in one of [Published] of a member: an element that stands on
// its own in an item, checked. nil: there is none any more. What
// nobody may see is not held, nor what is too much: then there is none, and it
// returns false. It is kept while he is offline, and shown only while he is
// available. Where he is comes by [Group.HearPlace].
func (g *Group) HearItem(jid string, kind policy.Mask, payload []byte) (fits bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.publisher(jid, kind)
	return m == nil || g.take(m, kind, payload)
}

// publisher is the member jid, if that attribute of his is to be taken in now.
func (g *Group) publisher(jid string, kind policy.Mask) *member {
	m := g.live(jid)
	if m == nil || !m.given() || m.keeps&kind&Published == 0 {
		return nil
	}
	if m.unsure {
		m.pulls |= kind
		return nil
	}
	return m
}

func (g *Group) take(m *member, kind policy.Mask, payload []byte) (fits bool) {
	if kind == policy.Willingness {
		return g.listen(m, payload)
	}
	was := ""
	others := 0
	if x := m.published; x != nil {
		was = x.text[slotOf(kind)]
		others = x.size - len(was)
	}
	if fits = len(payload) <= MaxPublished && others+len(payload) <= MaxPublishedAll; !fits {
		payload = nil
	}
	if was == string(payload) {
		return fits
	}
	m.publish(kind, string(payload))
	if m.isAvailable() {
		g.changed(m, kind)
	}
	return fits
}

// publish puts one attribute in force, "" is none.
func (m *member) publish(kind policy.Mask, text string) {
	if m.published == nil {
		m.published = &published{}
	}
	if m.published.set(kind, text); m.published.held == 0 {
		m.published = nil
	}
}

// portray takes in what a presence says of m's picture (XEP-0153), and says
// whether anything looks different. What he publishes at his server says more.
func (m *member) portray(photo []byte) (changed policy.Mask) {
	x := m.published
	switch {
	case m.keeps&policy.Avatar == 0 || x == nil && len(photo) == 0 || x != nil && x.photo == string(photo):
		return 0
	case x == nil:
		x = &published{}
		m.published = x
	}
	x.photo = string(photo)
	if x.set(policy.Avatar, x.text[slotOf(policy.Avatar)]); x.held == 0 {
		m.published = nil
	}
	if x.text[slotOf(policy.Avatar)] != "" || !m.isAvailable() {
		return 0
	}
	return policy.Avatar
}

// Interest is of which of jid's own events the group wants to hear, as its
// presence to him says: [policy.Enrolled] is his policy, besides that some of
// [Published]. 0: he is no member.
func (g *Group) Interest(jid string) policy.Mask {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.interest(jid)
}

func (g *Group) interest(jid string) policy.Mask { return g.live(jid).interest() }

// interest is exactly what he lets anybody see: nothing else is asked for.
func (m *member) interest() policy.Mask {
	switch {
	case m == nil:
		return 0
	case m.Ask != Granted:
		return policy.Enrolled
	}
	if leak.Face == "asks" {
		return policy.Enrolled | Published
	}
	return policy.Enrolled | m.keeps&Published
}

// court tells m's server what is wanted of him now, if it was something else
// before, and has what is wanted in addition read once.
func (g *Group) court(m *member, was policy.Mask) {
	now := m.interest()
	if m.pulls &= now; now == was || g.building { // else the group is shown anew, and asks, anyway
		return
	}
	m.pulls |= now &^ was & pushed
	g.retime(m)
	if (now^was)&^policy.Timezone == 0 {
		return // which his server knows nothing of
	}
	if g.reshow(m.JID); m.Ask == Granted {
		g.courted.add(m)
		g.roster.outbox.Wanted(g)
	}
}

// reshow has jid shown the group anew, if it is his contact: what it wants of
// him has changed.
func (g *Group) reshow(jid string) {
	if w := g.contact(jid); w != nil {
		w.renew()
		g.signal()
	}
}

// reread has it found out what m, who grants us his presence, keeps at his
// server, when the group is attended to. Nothing that he publishes is taken in
// before.
func (g *Group) reread(m *member) {
	if m.pulls = m.interest() & pushed; g.roster.reads {
		m.unsure = m.Ask == Granted // of who is lent to us it is all there is
		g.inquire(m)
	}
}

// Courted lists, once, members of whom something else is wanted now than before.
// The caller tells their servers ([Group.Interest]), if the group's presence as
// a contact does not, and has read what is to be read ([Group.Pull]).
func (g *Group) Courted() (jids []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for m := range g.courted {
		if m.Ask == Granted && m.gone == 0 && !g.closed {
			jids = append(jids, m.JID)
		}
	}
	g.courted = nil
	return jids
}

// Missed says that something was published by jid that could not be taken in:
// it is to be read.
func (g *Group) Missed(jid string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if m := g.live(jid); m != nil {
		m.pulls = m.interest() & pushed
	}
}

// Pull takes what is to be read of jid's attributes, each once: what is newly
// wanted, and after a lost link everything, for what he published meanwhile
// nobody tells. The caller reads them and says so with [Group.HearItem].
func (g *Group) Pull(jid string) (kinds policy.Mask) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.live(jid)
	if m == nil || m.Ask != Granted || m.withdrawn || m.unsure {
		return 0
	}
	kinds, m.pulls = m.pulls&m.interest(), 0
	if kinds&policy.Timezone != 0 {
		if m.clocked = m.isAvailable(); !m.clocked {
			kinds &^= policy.Timezone
		}
	}
	return kinds
}
