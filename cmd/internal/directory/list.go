package directory

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/rollcall-xmpp/rollcall/component/source"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// list is what was read: groups, and whom they name.
type list struct {
	m      *Mapping
	groups []group
	people []person
	gone   map[string]struct{} // who is named, and was not found

	seen  walk // who was met
	byDN  map[string]ref
	byUID map[string]ref
}

// ref is who is named: the place of a person, or ^place of a group.
type ref int32

// nobody is a ref of somebody who is not there.
const nobody ref = -1 << 31

// twice is a ref of a uid that several people have.
const twice ref = nobody + 1

// group is a group's entry.
type group struct {
	*roster.Basic // without members
	dn            string
	members       []ref
	admins        []ref
	missing       int   // members who were not found
	err           error // why it is not known who is in it
	clash         error // why it cannot be called so
}

// list makes groups of entries. What is wrong with one of them is told with
// it; an error is about all.
func (m *Mapping) list(groups, people []*ldap.Entry) (*list, error) {
	l := &list{m: m, gone: map[string]struct{}{}, byDN: map[string]ref{}, byUID: map[string]ref{}}
	slices.SortFunc(people, func(a, b *ldap.Entry) int { return strings.Compare(a.DN, b.DN) })
	slices.SortFunc(groups, func(a, b *ldap.Entry) int { return strings.Compare(a.DN, b.DN) })
	for i, e := range people {
		l.people = append(l.people, person{Entry: e})
		if err := l.enter(e.DN, ref(i)); err != nil {
			return nil, err
		}
		for _, uid := range e.GetEqualFoldAttributeValues(attrUID) {
			if r, ok := l.byUID[fold(uid)]; ok && r != ref(i) {
				l.byUID[fold(uid)] = twice
			} else {
				l.byUID[fold(uid)] = ref(i)
			}
		}
	}
	for i, e := range groups {
		l.groups = append(l.groups, group{Basic: describe(e), dn: e.DN})
		if err := l.enter(e.DN, ^ref(i)); err != nil {
			return nil, err
		}
	}
	l.names()
	for i, e := range groups {
		l.read(&l.groups[i], e)
	}
	l.seen = walk{groups: make([]int32, len(l.groups)), people: make([]int32, len(l.people))}
	return l, l.plausible()
}

// enter notes whose name that is. An entry may be both: then it is a group.
func (l *list) enter(dn string, r ref) error {
	key, err := nameKey(dn)
	if err != nil {
		return aboutSomebody("an entry's name cannot be read", short(dn))
	}
	if was, ok := l.byDN[key]; ok && (was < 0) == (r < 0) {
		return aboutSomebody("two entries have one name", short(dn))
	}
	l.byDN[key] = r
	return nil
}

func aboutSomebody(what, who string) error {
	e := &namingError{what, who}
	return &refusedError{e.Error(), e}
}

// names finds groups that would be one here.
func (l *list) names() {
	first := map[string]int{}
	for i := range l.groups {
		g := &l.groups[i]
		if j, ok := first[g.Name]; ok {
			g.clash = fmt.Errorf("%s and %s would both be called %s", short(l.groups[j].dn), short(g.dn), g.Name)
			l.groups[j].clash = g.clash
			continue
		}
		first[g.Name] = i
	}
}

// read finds out whom a group names.
func (l *list) read(g *group, e *ldap.Entry) {
	for _, a := range e.Attributes {
		name, _, _ := strings.Cut(a.Name, ";")
		for _, v := range a.Values {
			var r ref
			var err error
			admin := l.m.Admins != "" && strings.EqualFold(name, l.m.Admins)
			switch {
			case strings.EqualFold(name, attrMember), strings.EqualFold(name, attrUnique):
				r, err = l.byName(v)
			case strings.EqualFold(name, attrMemberUID):
				r, err = l.byLogin(v)
			case admin:
				if r, err = l.byName(v); err != nil || r == nobody {
					r, err = l.byLogin(v)
				}
			default:
				continue
			}
			if err != nil {
				g.err = err
				return
			}
			if admin {
				g.admins = append(g.admins, r)
			} else {
				g.members = append(g.members, r)
			}
		}
	}
}

// byName finds who is called so. uniqueMember may have more behind the name
// (RFC 4517 §3.3.21).
func (l *list) byName(value string) (ref, error) {
	if i := strings.LastIndex(value, "#'"); i >= 0 && strings.HasSuffix(value, "'B") {
		value = value[:i]
	}
	key, err := nameKey(value)
	if err != nil {
		return nobody, &namingError{"it names what is no name of an entry", fmt.Sprintf("%q", short(value))}
	}
	if key == "" { // where a schema wants a member and there is none
		return nobody, nil
	}
	return l.found(l.byDN, key), nil
}

func (l *list) byLogin(uid string) (ref, error) {
	key := fold(uid)
	if r := l.found(l.byUID, key); r != twice {
		return r, nil
	}
	return nobody, &namingError{"it names a uid that several people have", fmt.Sprintf("%q", clean(uid, 64))}
}

func (l *list) found(in map[string]ref, key string) ref {
	if r, ok := in[key]; ok {
		return r
	}
	l.gone[key] = struct{}{}
	return nobody
}

// plausible refuses what is rather a mistake than a directory.
func (l *list) plausible() error {
	named, found, members, known := 0, 0, 0, 0
	for i := range l.groups {
		g := &l.groups[i]
		for _, r := range g.members {
			if named++; r != nobody {
				found++
			} else {
				g.missing++
			}
		}
	}
	if named > MaxNamed {
		return refused("its groups name more than %d members", MaxNamed)
	}
	for i := range l.groups {
		l.each(l.groups[i].members, func(i int) {
			if members++; len(l.people[i].GetEqualFoldAttributeValues(l.m.JID)) > 0 {
				known++
			}
		})
		if members > MaxNamed {
			return refused("its groups have more than %d members, with those of groups in them", MaxNamed)
		}
	}
	switch {
	case found == 0 && len(l.gone) > 0:
		return refused("of %d who are named in groups nobody was found: may we read people's entries, and is the filter right?", len(l.gone))
	case members > 0 && known == 0:
		return refused("nobody in its groups has a %s that we may read", l.m.JID)
	}
	return nil
}

// walk remembers who was met: in which walk.
type walk struct {
	groups, people []int32
	number         int32
}

// each calls do with the place of everybody who is named, also by way of groups,
// once.
func (l *list) each(refs []ref, do func(person int)) {
	w := &l.seen
	w.number++
	queue := [][]ref{refs}
	for len(queue) > 0 {
		next := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, r := range next {
			switch {
			case r == nobody:
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

// basic is a group as the roster takes it in. missing are members who are not
// told: not found, or without an address.
func (l *list) basic(g *group) (b *roster.Basic, missing int, err error) {
	if g.clash != nil {
		return nil, 0, g.clash
	}
	members, err := l.met(g.members)
	if err != nil || g.err != nil {
		return nil, 0, orElse(g.err, err)
	}
	admins := map[string]struct{}{}
	appointed, err := l.met(g.admins)
	if err != nil {
		return nil, 0, err
	}
	for _, i := range appointed {
		if jid, err := l.m.address(&l.people[i]); err == nil && jid != "" {
			admins[jid] = struct{}{}
		}
	}
	whole := *g.Basic
	b, missing = &whole, g.missing
	in := make(map[string]struct{}, len(members))
	for _, i := range members {
		p := &l.people[i]
		jid, err := l.m.address(p)
		if err != nil {
			return nil, 0, err
		}
		if jid == "" {
			missing++
			continue
		}
		if _, again := in[jid]; again { // two entries of one person
			continue
		}
		in[jid] = struct{}{}
		one := l.m.member(p)
		if l.m.Admins != "" { // it says who is one, and so who is none
			one.Affiliation = roster.Plain
		}
		if _, is := admins[jid]; is {
			one.Affiliation = roster.Admin
		}
		b.Members = append(b.Members, one)
	}
	return b, missing, nil
}

// met are the places of all who are named, in order. It is an error if a group
// on the way does not know who is in it.
func (l *list) met(refs []ref) (people []int, err error) {
	l.each(refs, func(i int) { people = append(people, i) })
	slices.Sort(people)
	for i := range l.groups {
		if g := &l.groups[i]; g.err != nil && l.seen.groups[i] == l.seen.number {
			return nil, fmt.Errorf("%s, which is in it: %w", g.Name, g.err)
		}
	}
	return people, nil
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
