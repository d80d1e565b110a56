package command

import (
	"context"
	"slices"
	"strings"

	data "mellium.im/xmpp/form"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// memberWord shows and changes what a member is in the group: first who it is
// about, then what.
func memberWord() word {
	return word{
		name: "member", also: []string{"mitglied", "members", "mitglieder"}, at: atGroup,
		label: "A member's name, roles and power",
		usage: "member – a member's name, roles and power",
		such:  "member bob@example.org; member bob@example.org roles lead ops; member bob@example.org nick Bob; member bob@example.org affiliation admin; member bob@example.org attributes phone=123",
		may:   isAdmin,
		form: func(ctx context.Context, c *call) (*form, error) {
			who, err := c.whichMember(ctx)
			return &form{title: c.say("A member of %s", c.title()), fields: []field{who}}, err
		},
		next: func(ctx context.Context, c *call, first values) (*form, error) {
			m, err := c.member(ctx, first.one(fieldWhom))
			if err != nil {
				return nil, err
			}
			return c.memberForm(m), nil
		},
		read: readMember,
		run: func(ctx context.Context, c *call, in values) (*answer, error) {
			if in == nil {
				return c.listMembers(ctx)
			}
			jid := in.one(fieldWhom)
			if len(in) > 1 {
				if err := c.group.EditMember(ctx, c.bare, jid, func(m *roster.MemberRecord) error { return c.editMember(m, in) }); err != nil {
					return nil, err
				}
			}
			m, err := c.member(ctx, jid)
			if err != nil {
				return nil, err
			}
			return c.tellFields(jid, c.memberForm(m)), nil
		},
	}
}

// The fields of the second form, beside nick and attributes.
const (
	fieldAffiliation = "affiliation"
)

// whichMember lets a member be chosen, as long as there are not too many.
func (c *call) whichMember(ctx context.Context) (field, error) {
	f := field{name: fieldWhom, kind: data.TypeJID, label: c.say("Member (address)"), required: true}
	rec, err := c.s.cfg.Roster.ShowGroup(ctx, c.group.Name())
	if err != nil || len(rec.Members) > maxListed {
		return f, err
	}
	f.kind, f.label = data.TypeList, c.say("Member")
	for _, m := range rec.Members {
		label := m.JID
		if m.Nick != "" {
			label = m.Nick + " (" + m.JID + ")"
		}
		f.options = append(f.options, option{m.JID, label})
	}
	if len(rec.Members) > 0 { // a client may not let go on before something is chosen
		f.values = []string{rec.Members[0].JID}
	}
	return f, nil
}

func (c *call) memberForm(m *roster.MemberRecord) *form {
	powers := []option{{roster.Plain.String(), c.say("member")}, {roster.Admin.String(), c.say("admin")}, {roster.Owner.String(), c.say("owner")}}
	var free []string
	for _, a := range m.Attributes {
		free = append(free, a.Name+"="+a.Value)
	}
	return &form{
		title: m.JID,
		fields: []field{
			{name: fieldNick, kind: data.TypeText, label: c.say("Name"), values: one(m.Nick)},
			{name: fieldAffiliation, kind: data.TypeList, label: c.say("Power"), values: []string{m.Affiliation.String()}, options: powers, required: true},
			{name: fieldRoles, kind: data.TypeText, label: c.say("Roles (words)"), values: one(strings.Join(m.Roles, " "))},
			{name: fieldFree, kind: data.TypeTextMulti, label: c.say("Attributes, one a line (such as phone=123)"), values: free},
		},
	}
}

// editMember puts what was said into m.
func (c *call) editMember(m *roster.MemberRecord, in values) (err error) {
	m.Nick = in.one(fieldNick)
	if m.Affiliation, err = roster.ParseAffiliation(in.one(fieldAffiliation)); err != nil {
		return &fieldError{fieldAffiliation, c.because(err)}
	}
	m.Roles = words(in[fieldRoles])
	slices.Sort(m.Roles)
	m.Roles = slices.Compact(m.Roles)
	m.Attributes, err = c.freeAttributes(in[fieldFree])
	return err
}

// listMembers tells who is in the group, and nobody's presence.
func (c *call) listMembers(ctx context.Context) (*answer, error) {
	rec, err := c.s.cfg.Roster.ShowGroup(ctx, c.group.Name())
	if err != nil {
		return nil, err
	}
	a := &answer{title: c.say("Members of %s: %d", c.title(), len(rec.Members))}
	for i, m := range rec.Members {
		if i == maxListed {
			a.notes = append(a.notes, note{info, c.say("And %d more.", len(rec.Members)-i)})
			break
		}
		what := append([]string{}, m.Roles...)
		if m.Affiliation > roster.Plain {
			what = append(what, m.Affiliation.String())
		}
		label := m.JID
		if m.Nick != "" {
			label = m.Nick + " (" + m.JID + ")"
		}
		a.tell(label, strings.Join(what, " "))
	}
	return a, nil
}

// readMember reads lines such as "member bob@example.org roles lead ops".
func readMember(ctx context.Context, c *call, l *line) (values, error) {
	if len(l.words) == 0 {
		return nil, nil
	}
	jid, err := c.readJID(l.words[0])
	if err != nil {
		return nil, err
	}
	in := values{fieldWhom: {jid}}
	if len(l.words) == 1 {
		return in, nil
	}
	m, err := c.member(ctx, jid)
	if err != nil {
		return nil, err
	}
	rest := *l
	rest.words = slices.Clone(l.words[1:])
	switch fold(rest.words[0]) {
	case "role", "rolle", "rollen":
		rest.words[0] = fieldRoles
	case "name":
		rest.words[0] = fieldNick
	case "power", "macht":
		rest.words[0] = fieldAffiliation
	case "attribute", "merkmal", "merkmale":
		rest.words[0] = fieldFree
	}
	set, err := c.readFields(c.memberForm(m), &rest)
	if err != nil {
		return nil, err
	}
	set[fieldWhom] = in[fieldWhom]
	return set, nil
}
