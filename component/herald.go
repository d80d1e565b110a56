package component

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// herald knows which devices wish to hear what a group is called and what it
// looks like (XEP-0163 §4.3), and what they were told. Their presence says what
// they can do (XEP-0115); whoever says something new is asked what that is.
// Only members whose presence the group is given are listened to, and who has
// the group as a contact without giving it his: his device is asked when it
// asks something itself.
type herald struct {
	s *Service

	mu     sync.Mutex // the last of all locks: nothing is called with it
	round  uint64     // connections so far
	groups map[string]map[string][]*device
	looks  map[string]*looks   // by group
	proven map[string]proven   // by verification string
	asking map[string]*inquiry // by what presence says
	busy   map[string]int      // questions under way, by bare JID
}

// device is one of a member's, in one group.
type device struct {
	group, bare, resource string
	caps                  string // as its presence says it
	proven
	wanted bool   // what it can do was wanted when it was asked last
	round  uint64 // in which it was heard last

	told           pubsub.Wish // what it has been told, and of what
	title, picture string
}

// proven is what is known of some capabilities.
type proven struct {
	wish pubsub.Wish
	read bool                 // what it can do was wanted
	can  *roster.Capabilities // nil: nothing that is told
}

// Bounds of the herald.
const (
	maxDevices   = 8    // of one member, in one group
	maxProven    = 4096 // capabilities known
	maxInquiries = 256  // under way
	maxAsking    = 4    // of one person's devices
	maxMute      = 2    // of one person's, in a row of which each keeps the others waiting
	maxInfo      = 64 << 10
	infoTime     = 10 * time.Second
	heraldPoll   = 10 * time.Millisecond
)

func newHerald(s *Service) *herald {
	return &herald{s: s, groups: map[string]map[string][]*device{}, looks: map[string]*looks{}, proven: map[string]proven{},
		asking: map[string]*inquiry{}, busy: map[string]int{}}
}

// capsTag is the <c/> of a presence, raw; of XEP-0390 hash is newCaps, and ver
// the algorithm and its hash with a full stop in between.
type capsTag struct{ hash, node, ver []byte }

// newCaps marks capabilities by XEP-0390, whose hash a device asks by.
const newCaps = "caps2"

const maxCaps = 512 // bytes of node and ver

func (c *capsTag) read(in *frame.Scanner) {
	c.hash, c.node, c.ver = in.Attr("hash"), in.Attr("node"), in.Attr("ver")
	if len(c.hash)+len(c.node)+len(c.ver) > maxCaps || len(c.hash) == 0 {
		*c = capsTag{} // or the old form, which proves nothing
	}
}

// readNew reads XEP-0390 §4.4: the first hash that proves something.
func (c *capsTag) readNew(in *frame.Scanner, text func() []byte) {
	for depth := in.Depth; in.Next() && in.Depth > depth; {
		if in.Kind != frame.Start || !in.Is(pubsub.NSHashes, "hash") {
			continue
		}
		algo := string(in.Attr("algo"))
		if hash := text(); pubsub.HashKnown(algo) && len(hash) > 0 && len(hash) <= maxCaps {
			*c = capsTag{[]byte(newCaps), []byte(pubsub.NSCaps2), []byte(algo + "." + string(hash))}
		}
	}
}

// is compares without making a string.
func (c *capsTag) is(caps string) bool {
	n, h := len(c.hash), len(c.hash)+1+len(c.node)
	return len(caps) == h+1+len(c.ver) && caps[:n] == string(c.hash) && caps[n+1:h] == string(c.node) && caps[h+1:] == string(c.ver)
}

func (c *capsTag) String() string {
	return string(c.hash) + " " + string(c.node) + "#" + string(c.ver)
}

// proofOf is what caps claims: a hash, and how it is made; key is what stands
// for both, "" if it proves nothing.
func proofOf(caps string) (algo, hash string, new bool, key string) {
	algo, rest, _ := strings.Cut(caps, " ")
	hash = plain([]byte(rest[strings.LastIndexByte(rest, '#')+1:]))
	if new = algo == newCaps; new {
		i := strings.LastIndexByte(hash, '.')
		algo, hash = hash[:max(i, 0)], hash[i+1:]
	}
	return algo, hash, new, fmt.Sprint(new, algo, " ", hash)
}

func (d *device) full() string { return d.bare + "/" + d.resource }

// attached takes in that a connection begins: who is there has to be heard
// again before he is told anything.
func (h *herald) attached() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.round++
}

// find is the device, nil if it is not known. mu is held.
func (h *herald) find(group string, bare, resource []byte) *device {
	for _, d := range h.groups[group][string(bare)] {
		if d.resource == string(resource) {
			return d
		}
	}
	return nil
}

// hear takes in what an available device says that it can do, and returns what
// that is, as far as it is known and somebody may see it. Nearly always it has
// said so before.
func (h *herald) hear(g *roster.Group, bare, resource []byte, c *capsTag) *roster.Capabilities {
	h.mu.Lock()
	d := h.find(g.Name(), bare, resource)
	same := d != nil && d.round == h.round && c.is(d.caps)
	if same && (d.can != nil || d.wanted) {
		can := d.can
		h.mu.Unlock()
		return can
	}
	h.mu.Unlock()
	wanted := g.Keeps(bare, policy.Capabilities)
	if same && !wanted || len(resource) == 0 || !g.Grants(string(bare)) && !g.Awaits(bare) {
		return nil
	}
	h.mu.Lock()
	if d == nil {
		d = h.add(g.Name(), string(bare), string(resource))
	}
	d.round = h.round
	known, other := true, !c.is(d.caps)
	if other {
		d.caps, d.wanted = c.String(), false
	}
	caps := d.caps
	if other || wanted && !d.wanted {
		_, _, _, key := proofOf(caps)
		p, proved := h.proven[key]
		if proved || other { // else what it said of itself stays
			d.proven = p
		}
		d.wanted = wanted
		if known = proved && (p.read || !wanted); !known {
			h.inquire(d)
		}
	}
	now := d.proven
	h.mu.Unlock()
	if !known {
		h.ask(caps)
	}
	if known || !other {
		h.wishes(g, string(bare), string(resource), now.wish)
	}
	return now.can
}

// wishes lets a device be told what it wants to hear.
func (h *herald) wishes(g *roster.Group, bare, resource string, wish pubsub.Wish) {
	g.Announced(bare, resource, wish.Nodes())
	if wish == 0 {
		return
	}
	h.mu.Lock()
	h.fresh(g.Name(), bare)
	h.mu.Unlock()
	if wish&pubsub.WishProfile != 0 {
		h.s.attend.put(g)
	}
}

// seen takes in that a device has asked g something. Whose presence the group
// is given is heard by that.
func (h *herald) seen(g *roster.Group, full string) {
	bare, resource, _ := strings.Cut(full, "/")
	if resource == "" {
		return
	}
	h.mu.Lock()
	d := h.find(g.Name(), []byte(bare), []byte(resource))
	known := d != nil && d.round == h.round && d.caps != ""
	h.mu.Unlock()
	if known || g.Grants(bare) {
		return
	}
	if _, err := g.Vacant(bare); err != nil {
		return // the group is no contact of his
	}
	h.mu.Lock()
	if d == nil {
		d = h.add(g.Name(), bare, resource)
	}
	d.round, d.caps = h.round, unsaid+g.Name()+" "+full
	h.inquire(d)
	caps := d.caps
	h.mu.Unlock()
	h.ask(caps)
}

// unsaid begins the capabilities of a device whose presence is not known.
const unsaid = "? "

// add makes room for a device: who has too many loses the oldest. mu is held.
func (h *herald) add(group, bare, resource string) *device {
	members := h.groups[group]
	if members == nil {
		members = map[string][]*device{}
		h.groups[group] = members
	}
	d := &device{group: group, bare: bare, resource: resource}
	his := append(members[bare], d)
	members[bare] = his[max(0, len(his)-maxDevices):]
	return d
}

// gone takes in that a device, or with no resource all of somebody's, is not
// there any more. Whose presence the group is not given looks so to it.
func (h *herald) gone(group string, bare, resource []byte) {
	h.drop(group, bare, func(d *device) bool {
		if len(resource) == 0 {
			return !strings.HasPrefix(d.caps, unsaid)
		}
		return d.resource == string(resource)
	})
}

// forget takes in that the group and somebody have nothing to do with each
// other any more, on one of the two sides.
func (h *herald) forget(group, bare string) {
	h.drop(group, []byte(bare), func(*device) bool { return true })
}

func (h *herald) drop(group string, bare []byte, over func(*device) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	his := h.groups[group][string(bare)]
	if len(his) == 0 {
		return
	}
	if his = slices.DeleteFunc(his, over); len(his) > 0 {
		h.groups[group][string(bare)] = his
		return
	}
	delete(h.groups[group], string(bare))
	if len(h.groups[group]) == 0 {
		delete(h.groups, group)
		delete(h.looks, group)
	}
}
