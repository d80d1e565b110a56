package pubsub

import (
	"encoding/base64"

	"github.com/rollcall-xmpp/rollcall/internal/avatar"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// What people's clients look for at the bare JID of a contact is there in
// their nodes (XEP-0163), one item each. Their events reach who asks for them
// by his capabilities; nobody subscribes.

// Wish is the nodes of which somebody's device wants the events.
type Wish uint8

// The wishes.
const (
	WishNick   Wish = 1 << iota // NSNick
	WishAvatar                  // nsAvatarMeta
	wishNodes                   // NS#info; the nodes after it have the bits after it

	// WishProfile is all of what a group is and looks like.
	WishProfile = WishNick | WishAvatar
)

// current is the id of an item that has no other (XEP-0060 §12.20).
const current = "current"

// profile is a node of what a group says of itself.
type profile struct {
	wish   Wish                           // for its events; 0: it has none
	id     func(c *card) string           // of its item
	append func(c *card, b []byte) []byte // the item's payload
}

// profileOf finds the node of that name.
func profileOf(node string) (p profile, ok bool) {
	fixed := func(*card) string { return current }
	hash := func(c *card) string { return avatar.Hash(c.picture) }
	switch node {
	case NSNick:
		return profile{WishNick, fixed, (*card).appendNick}, true
	case nsAvatarMeta:
		return profile{WishAvatar, hash, (*card).appendMetadata}, true
	case nsAvatarData:
		return profile{0, hash, (*card).appendData}, true
	case nsVCard4Node:
		return profile{0, fixed, (*card).appendFour}, true
	}
	return profile{}, false
}

// appendMetadata appends XEP-0084 §4.2.1.
func (c *card) appendMetadata(b []byte) []byte {
	b = append(b, "<metadata xmlns='"+nsAvatarMeta+"'>"...)
	if p, err := avatar.Inspect(c.picture); err == nil {
		b = number(append(b, "<info"...), "bytes", p.Bytes)
		b = attr(attr(b, "id", p.Hash), "type", p.Type)
		b = append(number(number(b, "width", p.Width), "height", p.Height), "/>"...)
	}
	return append(b, "</metadata>"...)
}

// appendData appends XEP-0084 §4.1.
func (c *card) appendData(b []byte) []byte {
	b = append(b, "<data xmlns='"+nsAvatarData+"'>"...)
	return append(base64.StdEncoding.AppendEncode(b, c.picture), "</data>"...)
}

func (p *profile) item(b []byte, c *card) []byte {
	b = append(attr(append(b, "<item"...), "id", p.id(c)), '>')
	return append(p.append(c, b), "</item>"...)
}

// profileItems answers XEP-0060 §6.5 for the node.
func (s *Service) profileItems(b []byte, d *roster.Description, w *wireItems, p *profile) ([]byte, error) {
	c := s.cardOf(d)
	wanted := len(w.Item) == 0
	for _, it := range w.Item {
		wanted = wanted || it.ID == p.id(c)
	}
	if !wanted {
		return b, roster.ErrNoNode // §6.5.9.11: as a node that is not there
	}
	b = append(attr(append(b, "<pubsub xmlns='"+NSPubSub+"'><items"...), "node", w.Node), '>')
	return append(p.item(b, c), "</items></pubsub>"...), nil
}

// News is what a group has to say to who wishes to hear of its profile
// (XEP-0163 §4.3): the same for all who may know the same of it.
type News struct {
	from   string
	events []event
}

type event struct {
	wish  Wish
	items []byte
}

// News is that of a group: d is the group as somebody may know it.
func (s *Service) News(d *roster.Description) *News {
	c := s.cardOf(d)
	n := &News{from: c.address}
	for _, node := range []string{NSNick, nsAvatarMeta} {
		p, _ := profileOf(node)
		b := append(attr([]byte("<items"), "node", node), '>')
		n.events = append(n.events, event{p.wish, append(p.item(b, c), "</items>"...)})
	}
	return n
}

// Append appends an event for each of the wishes of the device to.
func (n *News) Append(b []byte, to string, wish Wish) []byte {
	for _, e := range n.events {
		if e.wish&wish == 0 {
			continue
		}
		b = attr(append(b, "<message type='headline'"...), "from", n.from)
		b = append(attr(b, "to", to), "><event xmlns='"+NSEvent+"'>"...)
		b = append(append(b, e.items...), "</event></message>"...)
	}
	return b
}
