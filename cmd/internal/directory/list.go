package directory

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// list is what is read: groups first, then people, of whom only those are kept
// who are named in a group.
type list struct {
	m      *Mapping
	groups []group
	people []person

	byDN  map[string]name // whom groups name
	byUID map[string]name
	who   []ref // whose name it is
	seen  walk
}

// name is the place of a name in list.who.
type name int32

// ref is an entry: the place of a person, or ^place of a group.
type ref int32

const (
	nobody ref = -1 << 31   // no entry was found
	twice  ref = nobody + 1 // several people have that uid
)

// group is a group's entry.
type group struct {
	*roster.Basic // without members
	dn            string
	members       []name
	admins        []name
	err           error // why it is not known who is in it
	clash         error // why it cannot be called so
}

// start makes a list of groups' entries; people are to be added.
func (m *Mapping) start(groups []*ldap.Entry) (*list, error) {
	l := &list{m: m, byDN: map[string]name{}, byUID: map[string]name{}}
	slices.SortFunc(groups, func(a, b *ldap.Entry) int { return strings.Compare(a.DN, b.DN) })
	own := map[string]ref{}
	for i, e := range groups {
		key, err := nameKey(e.DN)
		if err != nil {
			return nil, aboutSomebody("an entry's name cannot be read", short(e.DN))
		}
		if _, again := own[key]; again {
			return nil, aboutSomebody("two entries have one name", short(e.DN))
		}
		own[key] = ^ref(i)
		l.groups = append(l.groups, group{Basic: describe(e), dn: e.DN})
		l.read(&l.groups[i], e)
		if len(l.who) > MaxNamed {
			return nil, refused("its groups name more than %d members", MaxNamed)
		}
	}
	for key, r := range own {
		if n, named := l.byDN[key]; named {
			l.who[n] = r
		}
	}
	l.clashes()
	return l, nil
}

func aboutSomebody(what, who string) error {
	e := &namingError{what, who}
	return &refusedError{e.Error(), e}
}

// clashes finds groups that would be one here.
func (l *list) clashes() {
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
		attribute, _, _ := strings.Cut(a.Name, ";")
		for _, v := range a.Values {
			switch {
			case strings.EqualFold(attribute, attrMember), strings.EqualFold(attribute, attrUnique):
				n, err := l.byName(v)
				if err != nil {
					g.err = err
					return
				}
				if n >= 0 {
					g.members = append(g.members, n)
				}
			case strings.EqualFold(attribute, attrMemberUID):
				g.members = append(g.members, l.place(l.byUID, fold(v)))
			case l.m.Admins != "" && strings.EqualFold(attribute, l.m.Admins):
				n, err := l.byName(v)
				if err != nil {
					n = l.place(l.byUID, fold(v))
				}
				if n >= 0 {
					g.admins = append(g.admins, n)
				}
			}
		}
	}
}

// byName is the place of a DN; -1 is that of nobody, where a schema wants a
// member and there is none. uniqueMember may have more behind the name (RFC 4517
// §3.3.21).
func (l *list) byName(value string) (name, error) {
	if i := strings.LastIndex(value, "#'"); i >= 0 && strings.HasSuffix(value, "'B") {
		value = value[:i]
	}
	key, err := nameKey(value)
	if err != nil {
		return -1, &namingError{"it names what is no name of an entry", fmt.Sprintf("%q", short(value))}
	}
	if key == "" {
		return -1, nil
	}
	return l.place(l.byDN, key), nil
}

// place is where it is noted whose name key is.
func (l *list) place(in map[string]name, key string) name {
	n, ok := in[key]
	if !ok {
		n = name(len(l.who))
		in[key], l.who = n, append(l.who, nobody)
	}
	return n
}

// add takes in people, as far as they are named.
func (l *list) add(people []*ldap.Entry) error {
	for _, e := range people {
		key, err := nameKey(e.DN)
		if err != nil {
			return aboutSomebody("an entry's name cannot be read", short(e.DN))
		}
		r, named := ref(len(l.people)), false
		if n, ok := l.byDN[key]; ok && (l.who[n] == nobody || l.who[n] >= 0) { // else it is a group, too, and counts as that
			if l.who[n] >= 0 {
				return aboutSomebody("two entries have one name", short(e.DN))
			}
			l.who[n], named = r, true
		}
		for _, uid := range e.GetEqualFoldAttributeValues(attrUID) {
			n, ok := l.byUID[fold(uid)]
			switch {
			case !ok:
				continue
			case l.who[n] == nobody || l.who[n] == r:
				l.who[n] = r
			default:
				l.who[n] = twice
			}
			named = true
		}
		if named {
			l.people = append(l.people, l.m.person(e))
		}
	}
	return nil
}

// finish is called when all people are added; it refuses what is rather a
// mistake than a directory.
func (l *list) finish() error {
	l.seen = walk{groups: make([]int32, len(l.groups)), people: make([]int32, len(l.people))}
	named, found, members, known := 0, 0, 0, 0
	for i := range l.groups {
		for _, n := range l.groups[i].members {
			if named++; l.who[n] != nobody {
				found++
			}
		}
		l.each(l.groups[i].members, func(i int) {
			if members++; l.people[i].JID != "" || l.people[i].err != nil {
				known++
			}
		})
		if named > MaxNamed || members > MaxNamed {
			return refused("its groups have more than %d members, with those of groups in them", MaxNamed)
		}
	}
	switch {
	case named > 0 && found == 0:
		return refused("of %d who are named in groups nobody was found: may we read people's entries, and is the filter right?", named)
	case members > 0 && known == 0:
		return refused("nobody in its groups has a %s that we may read", l.m.JID)
	}
	return nil
}

// gone are those who are named, and were not found.
func (l *list) gone() map[string]struct{} {
	all := map[string]struct{}{}
	for kind, names := range map[string]map[string]name{"dn ": l.byDN, "uid ": l.byUID} {
		for key, n := range names {
			if l.who[n] == nobody {
				all[kind+key] = struct{}{}
			}
		}
	}
	return all
}
