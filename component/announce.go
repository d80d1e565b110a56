package component

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// tidings are what a device has to be told.
type tidings struct {
	d    *device
	wish pubsub.Wish
	news *pubsub.News
}

// announce tells those devices of a group's members that wish it what the
// group is called and what it looks like, if they do not know, paced.
func (a *attendant) announce(ctx context.Context, g *roster.Group) {
	due := a.s.herald.due(g)
	to := make([]string, len(due))
	for i, t := range due {
		to[i] = t.d.full()
	}
	a.paced(ctx, to, func(to []string) {
		now := due[:len(to)]
		due = due[len(to):]
		a.s.Link.Out.Control(func(b []byte) []byte {
			for i, t := range now {
				b = t.news.Append(b, to[i], t.wish)
			}
			return b
		})
		for i, t := range now {
			if t.wish&pubsub.WishNick != 0 {
				// Gajim 1.7 shows a name in its contact list with the next
				// presence, which it gets if the group is a contact there.
				_ = g.Ask(&roster.Question{Node: roster.NodeContact, Watcher: t.d.bare, To: to[i], Max: -1, Index: -1})
			}
		}
	})
}

// due lists what has to be told in g, and counts it as told. Nobody is told
// more than he may know of the group at this moment.
func (h *herald) due(g *roster.Group) (due []tidings) {
	known := map[string]*pubsub.News{} // by what it is of: nearly always one
	all, rest := h.listening(g.Name(), time.Now())
	if rest > 0 {
		time.AfterFunc(rest, func() { h.s.attend.put(g) })
	}
	for _, bare := range slices.Sorted(maps.Keys(all)) {
		for _, d := range all[bare] { // he may have the group as a contact since
			g.Announced(bare, d.resource, d.wants.Nodes())
		}
		about, err := g.Describe(bare)
		if err != nil {
			continue
		}
		if _, err := g.Vacant(bare); err != nil && !g.Grants(bare) {
			continue // has left since
		}
		for _, d := range all[bare] {
			wish := h.tell(d.device, about)
			if wish == 0 {
				continue
			}
			key := about.People() + "\n" + about.Avatar
			if known[key] == nil {
				known[key] = h.s.pubsub.News(about)
			}
			due = append(due, tidings{d.device, wish, known[key]})
		}
	}
	return due
}

// listener is a device, with what it wished when the lock was held.
type listener struct {
	*device
	wants pubsub.Wish
}

// looks is when the devices of a group were looked at.
type looks struct {
	all   time.Time           // last
	later bool                // all are to be looked at once more
	fresh map[string]struct{} // bare JIDs of those of which something is new
}

// Of a group with more members, all are looked at no more often than that: many
// come at the same time, and for each the group is visited.
const (
	fewMembers = 64
	looksEvery = time.Second
)

// fresh has somebody's devices looked at with the next visit. mu is held.
func (h *herald) fresh(group, bare string) {
	l := h.looks[group]
	if l == nil {
		l = &looks{fresh: map[string]struct{}{}}
		h.looks[group] = l
	}
	l.fresh[bare] = struct{}{}
}

// listening is the devices of a group that are there and wish something: of all, or
// of those of which something is new. rest is not 0 where the others are to be
// looked at after it.
func (h *herald) listening(group string, now time.Time) (all map[string][]listener, rest time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	all = map[string][]listener{}
	l, members := h.looks[group], h.groups[group]
	if l == nil || len(members) == 0 {
		return all, 0
	}
	if wait := looksEvery - now.Sub(l.all); len(members) > fewMembers && wait > 0 {
		for bare := range l.fresh {
			h.listeners(all, bare, members[bare])
		}
		if !l.later {
			l.later, rest = true, wait
		}
	} else {
		l.all, l.later = now, false
		for bare, devices := range members {
			h.listeners(all, bare, devices)
		}
	}
	clear(l.fresh)
	return all, rest
}

// listeners adds those of somebody's devices. mu is held.
func (h *herald) listeners(all map[string][]listener, bare string, devices []*device) {
	for _, d := range devices {
		if d.wish != 0 && d.round == h.round {
			all[bare] = append(all[bare], listener{d, d.wish})
		}
	}
}

// tell is what d wishes to hear and does not know, from now on it does.
func (h *herald) tell(d *device, about *roster.Description) pubsub.Wish {
	h.mu.Lock()
	defer h.mu.Unlock()
	title := about.People()
	if d.title != title {
		d.told &^= pubsub.WishNick
	}
	if d.picture != about.Avatar || d.title != title && about.Avatar == "" { // a generated one has letters of the title
		d.told &^= pubsub.WishAvatar
	}
	d.title, d.picture = title, about.Avatar
	wish := d.wish & pubsub.WishProfile &^ d.told
	d.told |= wish
	return wish
}
