package directory

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/component/source"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// walk remembers who was met: in which walk.
type walk struct {
	groups, people []int32
	number         int32
}

// each calls do with the place of everybody who is named, also by way of groups,
// once.
func (l *list) each(names []name, do func(person int)) {
	w := &l.seen
	w.number++
	queue := [][]name{names}
	for len(queue) > 0 {
		next := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, n := range next {
			switch r := l.who[n]; {
			case r == nobody, r == twice:
			case r >= 0 && w.people[r] != w.number:
				w.people[r] = w.number
				do(int(r))
			case r < 0 && w.groups[^r] != w.number:
				w.groups[^r] = w.number
				queue = append(queue, l.groups[^r].members)
			}
		}
	}
}

// met are all who are named, in order. It is an error if a group on the way does
// not know who is in it.
func (l *list) met(g *group, names []name) (people []*person, err error) {
	l.each(names, func(i int) { people = append(people, &l.people[i]) })
	slices.SortFunc(people, func(a, b *person) int { return strings.Compare(a.dn, b.dn) })
	if err := l.unclear(g, names); err != nil {
		return nil, err
	}
	for i := range l.groups {
		if in := &l.groups[i]; l.seen.groups[i] == l.seen.number {
			if err := l.unclear(in, in.members); err != nil {
				return nil, fmt.Errorf("%s, which is in it: %w", in.Name, err)
			}
		}
	}
	return people, nil
}

// unclear says why it is not known whom a group means.
func (l *list) unclear(g *group, names []name) error {
	if g.err != nil {
		return g.err
	}
	for _, n := range names {
		if l.who[n] == twice {
			return &namingError{"it names a uid that several people have", l.uid(n)}
		}
	}
	return nil
}

func (l *list) uid(n name) string {
	for uid, m := range l.byUID {
		if m == n {
			return fmt.Sprintf("%q", clean(uid, 64))
		}
	}
	return ""
}

// basic is a group as the roster takes it in. missing are members who are not
// told: not found, or without an address.
func (l *list) basic(g *group) (b *roster.Basic, missing int, err error) {
	if g.clash != nil {
		return nil, 0, g.clash
	}
	members, err := l.met(g, g.members)
	if err != nil {
		return nil, 0, err
	}
	appointed, err := l.met(g, g.admins)
	if err != nil {
		return nil, 0, err
	}
	admins := map[string]struct{}{}
	for _, p := range appointed {
		admins[p.JID] = struct{}{}
	}
	for _, n := range g.members {
		if l.who[n] == nobody {
			missing++
		}
	}
	whole := *g.Basic
	b = &whole
	in := make(map[string]struct{}, len(members))
	for _, p := range members {
		if p.err != nil {
			return nil, 0, p.err
		}
		if p.JID == "" {
			missing++
			continue
		}
		if _, again := in[p.JID]; again { // two entries of one person
			continue
		}
		in[p.JID] = struct{}{}
		one := p.BasicMember
		if l.m.Admins != "" { // it says who is one, and so who is none
			one.Affiliation = roster.Plain
		}
		if _, is := admins[p.JID]; is {
			one.Affiliation = roster.Admin
		}
		b.Members = append(b.Members, one)
	}
	return b, missing, nil
}

// wanted says whether the configuration names it; nil = all.
func (g *group) wanted(names []string) bool {
	return len(names) == 0 || slices.Contains(names, g.Name)
}

// tell tells a sink of the groups that are wanted; nil = all.
func (l *list) tell(ctx context.Context, sink source.Sink, wanted []string) error {
	var names []string
	for i := range l.groups {
		g := &l.groups[i]
		if !g.wanted(wanted) {
			continue
		}
		names = append(names, g.Name)
		b, _, err := l.basic(g)
		if err != nil {
			sink.Lost(g.Name, err)
			continue
		}
		if err := sink.Group(ctx, b); err != nil {
			return err
		}
	}
	sink.Only(names)
	sink.Back()
	return nil
}
