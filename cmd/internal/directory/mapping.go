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

// person is what is kept of somebody's entry.
type person struct {
	roster.BasicMember // JID "": he has no address
	dn                 string
	err                error // or none that makes sense
}

// person makes of an entry what is told of somebody.
func (m *Mapping) person(e *ldap.Entry) person {
	p := person{dn: e.DN}
	if p.JID, p.err = m.address(e); p.JID == "" {
		return p
	}
	if m.Nick != "" {
		p.Nick = clean(pick(e, m.Nick), maxNick)
	} else if p.Nick = clean(pick(e, attrDisplayName), maxNick); p.Nick == "" {
		p.Nick = clean(pick(e, attrName), maxNick)
	}
	if m.Roles != "" {
		p.Roles = m.roles(e)
	}
	for _, name := range m.Attributes {
		if v := clean(pick(e, name), maxValue); v != "" {
			p.Attributes = append(p.Attributes, roster.Attribute{Name: name, Value: v})
		}
	}
	return p
}

// address is where somebody is, "" if that is not said. With several values the
// one in the name of his entry counts, or the only one at our host.
func (m *Mapping) address(e *ldap.Entry) (string, error) {
	values := e.GetEqualFoldAttributeValues(m.JID)
	if len(values) > 1 {
		one, ok := named(e, m.JID, values)
		if !ok {
			one, ok = m.here(values)
		}
		if !ok {
			return "", &namingError{"somebody has several addresses (" + m.JID + "), and it is not known which counts", short(e.DN)}
		}
		values = []string{one}
	}
	if len(values) == 0 || values[0] == "" {
		return "", nil
	}
	jid := m.parse(values[0])
	if jid == "" {
		return "", &namingError{"the " + m.JID + " of somebody is no user's address", fmt.Sprintf("%s has %q", short(e.DN), clean(values[0], 64))}
	}
	return jid, nil
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

// roles are words: "Shift lead" is shift-lead.
func (m *Mapping) roles(e *ldap.Entry) (all []string) {
	for _, v := range e.GetEqualFoldAttributeValues(m.Roles) {
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
