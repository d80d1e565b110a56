package source

import (
	"errors"
	"fmt"
	"time"

	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/watch"
)

// tables are what is known of a group at a peer. Only the group's follower uses
// them.
type tables struct {
	there string // the group's address at the peer
	room  int    // bytes that a list may take on its way
	nodes []*node
}

// node is one of its nodes.
type node struct {
	*watch.Table
	name string
	kept int // bytes that were taken in since the table was whole
	room int // how many may be
}

// listNodes are what a group's list is made of.
var listNodes = [...]string{watch.NodeInfo, watch.NodeMembers}

func newTables(there string, room int) *tables {
	t := &tables{there: there, room: room}
	for _, name := range listNodes {
		t.nodes = append(t.nodes, &node{Table: watch.NewTable(there, name), name: name, room: room})
	}
	return t
}

// reset forgets what was taken in: too much, or what makes no sense.
func (t *tables) reset() { *t = *newTables(t.there, t.room) }

// synced says whether all is known.
func (t *tables) synced() bool {
	for _, n := range t.nodes {
		if !n.Synced() {
			return false
		}
	}
	return true
}

var errEnded = errors.New("it ended our subscription")

// event takes a message of the group in. changed says that something looks
// different.
func (t *tables) event(raw []byte, at time.Time) (changed bool, err error) {
	for _, n := range t.nodes {
		u, err := n.Take(raw, at)
		if err != nil {
			n.Resync() // what it was is asked for
			continue
		}
		if !u.Ours {
			continue
		}
		changed = changed || !u.Empty()
		if n.Ended() {
			n.Table = watch.NewTable(t.there, n.name)
			return changed, errEnded
		}
		if err := n.bound(len(raw)); err != nil {
			return changed, err
		}
	}
	return changed, nil
}

// answer takes the answer to n's last request in.
func (n *node) answer(raw []byte, at time.Time) (changed bool, err error) {
	u, err := n.Answer(raw, at)
	if err != nil {
		return false, err
	}
	return !u.Empty(), n.bound(len(raw))
}

// bound keeps a list that never ends from taking all the room.
func (n *node) bound(size int) error {
	if n.kept += size; n.Synced() {
		n.kept = 0
	}
	if n.kept > n.room || n.Len() > roster.MaxMembers {
		return fmt.Errorf("%s %w", n.name, ErrTooLarge)
	}
	return nil
}

// basic is the group as the roster takes it in.
func (t *tables) basic(name string) *roster.Basic {
	info, members := t.nodes[0].Info(), t.nodes[1].Members()
	b := &roster.Basic{Name: name, Title: info.Name, Description: info.Description, Attributes: attributes(info.Attributes)}
	b.Members = make([]roster.BasicMember, 0, len(members))
	for _, m := range members {
		b.Members = append(b.Members, roster.BasicMember{JID: m.JID, Nick: m.Nick, Roles: m.Roles, Attributes: attributes(m.Attributes)})
	}
	return b
}

func attributes(list []watch.Attribute) (out []roster.Attribute) {
	for _, a := range list {
		out = append(out, roster.Attribute(a))
	}
	return out
}
