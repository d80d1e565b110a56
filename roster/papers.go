package roster

import (
	"slices"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// marks are what sets some members apart. They are never changed, only replaced:
// those who have none share unmarked.
type marks struct {
	Roles      []string
	Attributes []Attribute
}

var unmarked = &marks{}

func marksOf(rec *MemberRecord) *marks {
	if len(rec.Roles)+len(rec.Attributes) == 0 {
		return unmarked
	}
	return &marks{rec.Roles, rec.Attributes}
}

// papers are the rest, and what was read of it. Few members have any, and there
// are many members.
type papers struct {
	Agreed, Elsewhere, Said, Trusts string

	agreed    *policy.Authorization // nil = the present default
	elsewhere *policy.Authorization // nil = nothing
}

// papers are m's.
func (m *member) papers() papers {
	if m.seldom == nil {
		return papers{}
	}
	return *m.seldom
}

// file changes m's papers.
func (m *member) file(change func(*papers)) {
	p := m.papers()
	change(&p)
	if p == (papers{}) {
		m.seldom = nil
		return
	}
	m.seldom = &p
}

// record is all that is stored of m. Nothing of it is shared.
func (m *member) record() MemberRecord {
	p := m.papers()
	return MemberRecord{JID: m.JID, Nick: m.Nick, Affiliation: m.Affiliation, Ask: m.Ask, ByContact: m.ByContact, Precision: m.Precision,
		Combination: m.Combination, Roles: slices.Clone(m.Roles), Attributes: slices.Clone(m.Attributes),
		Agreed: p.Agreed, Elsewhere: p.Elsewhere, Said: p.Said, Trusts: p.Trusts}
}

// setRecord makes rec all that is stored of m. What was read of his papers stays.
func (m *member) setRecord(rec *MemberRecord) {
	m.JID, m.Nick, m.marks, m.Affiliation, m.Ask = rec.JID, rec.Nick, marksOf(rec), rec.Affiliation, rec.Ask
	m.ByContact, m.Precision, m.Combination = rec.ByContact, rec.Precision, rec.Combination
	if m.seldom == nil && rec.Agreed+rec.Elsewhere+rec.Said+rec.Trusts == "" {
		return
	}
	m.file(func(p *papers) {
		p.Agreed, p.Elsewhere, p.Said, p.Trusts = rec.Agreed, rec.Elsewhere, rec.Said, rec.Trusts
	})
}
