package component

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
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
	proven map[string]pubsub.Wish // by verification string
	asking map[string]*inquiry    // by what presence says
	busy   map[string]int         // questions under way, by bare JID
}

// device is one of a member's, in one group.
type device struct {
	group, bare, resource string
	caps                  string // as its presence says it
	wish                  pubsub.Wish
	round                 uint64 // in which it was heard last

	told           pubsub.Wish // what it has been told, and of what
	title, picture string
}

// Bounds of the herald.
const (
	maxDevices   = 8    // of one member, in one group
	maxProven    = 4096 // capabilities known
	maxInquiries = 256  // under way
	maxAsking    = 4    // of one person's devices
	maxInfo      = 64 << 10
	infoTime     = 10 * time.Second
)

func newHerald(s *Service) *herald {
	return &herald{s: s, groups: map[string]map[string][]*device{}, proven: map[string]pubsub.Wish{},
		asking: map[string]*inquiry{}, busy: map[string]int{}}
}

// capsTag is the <c/> of a presence, raw.
type capsTag struct{ hash, node, ver []byte }

const maxCaps = 512 // bytes of node and ver

func (c *capsTag) read(in *frame.Scanner) {
	c.hash, c.node, c.ver = in.Attr("hash"), in.Attr("node"), in.Attr("ver")
	if len(c.hash)+len(c.node)+len(c.ver) > maxCaps || len(c.hash) == 0 {
		*c = capsTag{} // or the old form, which proves nothing
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

// sha1Ver is the verification string that caps claims, "" if by another hash.
func sha1Ver(caps string) string {
	node, ok := strings.CutPrefix(caps, "sha-1 ")
	if !ok {
		return ""
	}
	return plain([]byte(node[strings.LastIndexByte(node, '#')+1:]))
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

// hear takes in what an available device says that it can do. Nearly always
// it has said so before.
func (h *herald) hear(g *roster.Group, bare, resource []byte, c *capsTag) {
	h.mu.Lock()
	d := h.find(g.Name(), bare, resource)
	if d != nil && d.round == h.round && c.is(d.caps) {
		h.mu.Unlock()
		return
	}
	h.mu.Unlock()
	if len(resource) == 0 || !g.Grants(string(bare)) {
		return
	}
	h.mu.Lock()
	if d == nil {
		d = h.add(g.Name(), string(bare), string(resource))
	}
	d.round = h.round
	caps, known := d.caps, true
	if !c.is(caps) {
		caps = c.String()
		d.caps = caps
		if d.wish, known = h.proven[sha1Ver(caps)]; !known {
			h.inquire(d)
		}
	}
	wish := d.wish
	h.mu.Unlock()
	switch {
	case !known:
		h.ask(caps)
	case wish != 0:
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
	}
}
