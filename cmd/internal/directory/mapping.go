package directory

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"
	"mellium.im/xmpp/jid"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/exchange"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// Mapping says what becomes of attributes.
type Mapping struct {
	JID        string   // of people: their address, or its localpart
	Domain     string   // of their addresses; "" = JID is a whole address
	Host       string   // of several addresses the one here counts
	Nick       string   // of people; "" = displayName, else cn
	Admins     string   // of groups: who administers them, as DN or uid; "" = it does not say
	Roles      string   // of people; "" = none
	Attributes []string // of people, to be shown with them
}

// The attributes that have one meaning everywhere (RFC 4519, RFC 2307).
const (
	attrName        = "cn"
	attrDisplayName = "displayName"
	attrDescription = "description"
	attrMember      = "member"
	attrUnique      = "uniqueMember"
	attrMemberUID   = "memberUid"
	attrUID         = "uid"
	attrChanged     = "uSNChanged" // Active Directory's: another one with each write
)

// Bounds of what people may write about themselves, in bytes.
const (
	maxNick  = 256
	maxValue = 256
)

// ofGroups and ofPeople are what is asked for.
func (m *Mapping) ofGroups() []string {
	all := []string{attrName, attrDisplayName, attrDescription, attrMember, attrUnique, attrMemberUID, attrChanged}
	return set(append(all, m.Admins))
}

func (m *Mapping) ofPeople() []string {
	all := []string{attrUID, m.JID, m.Nick, m.Roles}
	if m.Nick == "" {
		all = append(all, attrDisplayName, attrName)
	}
	return set(append(all, m.Attributes...))
}

// set is a list without what is there twice, or empty.
func set(all []string) []string {
	slices.SortFunc(all, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	all = slices.CompactFunc(all, strings.EqualFold)
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

// person is somebody's entry.
type person struct {
	*ldap.Entry
	jid  string // "" = he has none
	err  error  // or none that makes sense
	read bool
}

// address is where somebody is. With several values the one in the name of his
// entry counts, or the only one at our host.
func (m *Mapping) address(p *person) (string, error) {
	if p.read {
		return p.jid, p.err
	}
	p.read = true
	values := p.GetEqualFoldAttributeValues(m.JID)
	if len(values) > 1 {
		one, ok := named(p.Entry, m.JID, values)
		if !ok {
			one, ok = m.here(values)
		}
		if !ok {
			p.err = &namingError{"somebody has several addresses (" + m.JID + "), and it is not known which counts", short(p.DN)}
			return "", p.err
		}
		values = []string{one}
	}
	if len(values) == 1 && values[0] != "" {
		if p.jid = m.parse(values[0]); p.jid == "" {
			p.err = &namingError{"the " + m.JID + " of somebody is no user's address", fmt.Sprintf("%s has %q", short(p.DN), clean(values[0], 64))}
		}
	}
	return p.jid, p.err
}

// here is the only one of some addresses at our host.
func (m *Mapping) here(values []string) (one string, ok bool) {
	for _, v := range values {
		if _, domain, _ := strings.Cut(v, "@"); m.Domain == "" && strings.EqualFold(domain, m.Host) {
			if ok && !strings.EqualFold(v, one) {
				return "", false
			}
			one, ok = v, true
		}
	}
	return one, ok
}

// parse makes an address of a value; "" = it is none.
func (m *Mapping) parse(value string) string {
	var j jid.JID
	var err error
	switch {
	case len(value) > roster.MaxJID:
		return ""
	case m.Domain != "":
		j, err = jid.New(value, m.Domain, "")
	default:
		j, err = jid.Parse(value)
	}
	if err != nil || j.Localpart() == "" || j.Resourcepart() != "" {
		return ""
	}
	return j.String()
}

// member is what is told of somebody.
func (m *Mapping) member(p *person) roster.BasicMember {
	b := roster.BasicMember{JID: p.jid}
	if m.Nick != "" {
		b.Nick = clean(pick(p.Entry, m.Nick), maxNick)
	} else if b.Nick = clean(pick(p.Entry, attrDisplayName), maxNick); b.Nick == "" {
		b.Nick = clean(pick(p.Entry, attrName), maxNick)
	}
	if m.Roles != "" {
		b.Roles = m.roles(p)
	}
	for _, name := range m.Attributes {
		if v := clean(pick(p.Entry, name), maxValue); v != "" {
			b.Attributes = append(b.Attributes, roster.Attribute{Name: name, Value: v})
		}
	}
	return b
}

// roles are words: "Shift lead" is shift-lead.
func (m *Mapping) roles(p *person) (all []string) {
	for _, v := range p.GetEqualFoldAttributeValues(m.Roles) {
		if r := clean(strings.ReplaceAll(fold(clean(v, maxValue)), " ", "-"), roster.MaxName); r != "" {
			all = append(all, r)
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	return all[:min(len(all), roster.MaxRoles)]
}

// describe is a group without its members.
func describe(e *ldap.Entry) *roster.Basic {
	cn := pick(e, attrName)
	b := &roster.Basic{Name: exchange.Localpart(clean(cn, maxValue)), Title: clean(pick(e, attrDisplayName), roster.MaxText),
		Description: clean(pick(e, attrDescription), roster.MaxDescription)}
	if title := clean(cn, maxValue); b.Title == "" && title != b.Name {
		b.Title = title
	}
	return b
}

// short is a name as it may be told.
func short(dn string) string { return clean(dn, 128) }
