package demo

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/watch"
)

// person is what somebody did, and so how everybody should see him.
type person struct {
	user   string
	nick   string
	roles  []string
	title  string
	show   watch.Show // as his devices combine
	status string
	idle   bool
	mood   string // what he publishes of it, in his own words
	// devices are those that are on, with what each sent last.
	devices map[string]watch.Show
}

// people is the account of the day: who is a member and what he did. It is
// never changed once somebody waits for it, only cloned.
type people struct {
	members []*person // by user
	phone   string    // the group's own attribute
	blurred bool      // devices are not told apart
	muted   bool      // what they publish beside their presence does not arrive
}

func (p *people) clone() *people {
	c := &people{phone: p.phone, blurred: p.blurred, muted: p.muted}
	for _, m := range p.members {
		n := *m
		n.devices = maps.Clone(m.devices)
		c.members = append(c.members, &n)
	}
	return c
}

// of is the member, or nil.
func (p *people) of(user string) *person {
	for _, m := range p.members {
		if m.user == user {
			return m
		}
	}
	return nil
}

func (p *people) add(m *person) {
	m.show, m.devices = watch.Offline, map[string]watch.Show{}
	p.members = append(p.members, m)
	slices.SortFunc(p.members, func(a, b *person) int { return cmp.Compare(a.user, b.user) })
}

func (p *people) remove(user string) {
	p.members = slices.DeleteFunc(p.members, func(m *person) bool { return m.user == user })
}

// line is what the group says of itself as a contact.
func (p *people) line() string {
	var names []string
	for _, m := range p.members {
		if m.show != watch.Offline {
			names = append(names, m.nick)
		}
	}
	s := fmt.Sprintf("%d of %d available", len(names), len(p.members))
	if len(names) > 0 {
		s += ": " + strings.Join(names, ", ")
	}
	return s
}

func (p *people) summary() watch.Summary {
	s := watch.Summary{Members: len(p.members)}
	for _, m := range p.members {
		if m.show != watch.Offline {
			s.Available++
		}
		switch m.show {
		case watch.Chat:
			s.Chat++
		case watch.Away:
			s.Away++
		case watch.XA:
			s.XA++
		case watch.DND:
			s.DND++
		}
	}
	return s
}

// show is how the contact itself should look: as its most reachable member.
func (p *people) show() watch.Show {
	s := p.summary()
	switch {
	case s.Chat > 0:
		return watch.Chat
	case s.Available > s.Away+s.XA+s.DND:
		return watch.Available
	case s.DND > 0:
		return watch.DND
	case s.Away > 0:
		return watch.Away
	}
	return watch.XA
}

// look is a row reduced to what is compared, as text. What the node does not
// carry is left out on both sides.
func look(node, nick string, roles []string, title string, show watch.Show, status string, idle bool, mood string, devices []string) string {
	var parts []string
	if node != watch.NodePresence {
		parts = append(parts, fmt.Sprintf("%s (%s, %s)", nick, strings.Join(roles, " "), title))
	}
	if node != watch.NodeMembers {
		parts = append(parts, string(show))
		if status != "" {
			parts = append(parts, fmt.Sprintf("%q", status))
		}
		if idle {
			parts = append(parts, "idle")
		}
		if mood != "" && show != watch.Offline {
			parts = append(parts, "feeling "+mood)
		}
		if len(devices) > 0 {
			parts = append(parts, "on "+strings.Join(devices, " and "))
		}
	}
	return strings.Join(parts, " ")
}

func (m *person) look(node string, blurred bool) string {
	var devices []string
	for _, name := range slices.Sorted(maps.Keys(m.devices)) {
		if blurred {
			break
		}
		devices = append(devices, name+":"+string(m.devices[name]))
	}
	return look(node, m.nick, m.roles, m.title, m.show, m.status, m.idle, m.mood, devices)
}

// moodOf is the text of a mood that was received.
func moodOf(m *watch.Member) string {
	for _, p := range m.Payloads {
		for _, c := range p.Children {
			if p.XMLName.Local == "mood" && c.XMLName.Local == "text" {
				return c.Text
			}
		}
	}
	return ""
}

// seen is the row as it was received. What must not be in it shows.
func seen(node string, m *watch.Member, blurred bool) string {
	var devices []string
	for _, d := range m.Devices {
		if blurred {
			break
		}
		devices = append(devices, d.Name+":"+string(d.Show))
	}
	s := look(node, m.Nick, m.Roles, m.Attribute("title"), m.Show, m.Status, !m.Idle.IsZero(), moodOf(m), devices)
	if node == watch.NodePresence && (m.Nick != "" || len(m.Roles)+len(m.Attributes) > 0) {
		s += " with basic information"
	}
	if node == watch.NodeMembers && m.Known {
		s += " with presence"
	}
	return s
}

// differs compares what a seat shows with what it should, and says the first
// difference, "" if there is none. Called with the seat's lock held.
func (p *people) differs(s *seat, bare func(string) string) string {
	switch {
	case s.err != nil:
		return s.err.Error()
	case s.contact != contact{p.show(), p.line()}:
		return fmt.Sprintf("%s's contact shows %s %q, not %s %q", s, s.contact.show, s.contact.status, p.show(), p.line())
	case s.node == "":
		return ""
	}
	rows := s.table.Members()
	for i, m := range p.members {
		if i >= len(rows) || rows[i].JID != bare(m.user) {
			return fmt.Sprintf("%s has no row of %s at place %d", s, m.user, i+1)
		}
		if got, want := seen(s.node, rows[i], p.blurred), m.look(s.node, p.blurred); got != want {
			return fmt.Sprintf("%s sees %s as %s, not %s", s, m.user, got, want)
		}
	}
	if len(rows) > len(p.members) {
		return fmt.Sprintf("%s still has a row of %s", s, rows[len(p.members)].JID)
	}
	if s.node != watch.NodeGroup {
		return ""
	}
	info := s.table.Info()
	switch {
	case s.table.Summary() != p.summary():
		return fmt.Sprintf("%s counts %+v, not %+v", s, s.table.Summary(), p.summary())
	case info.Attribute("phone") != p.phone:
		return fmt.Sprintf("%s has the group's phone as %q, not %q", s, info.Attribute("phone"), p.phone)
	}
	return ""
}

// rowsOf is the same for the rows of some people only: what a stranger does
// beside the day counts for nothing.
func (p *people) differsIn(s *seat, bare func(string) string, users []string) bool {
	for _, user := range users {
		row, m := s.table.Member(bare(user)), p.of(user)
		if (row == nil) != (m == nil) || m != nil && seen(s.node, row, p.blurred) != m.look(s.node, p.blurred) {
			return true
		}
	}
	return false
}
