package roster

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"mellium.im/xmpp/jid"

	"github.com/rollcall-xmpp/rollcall/internal/avatar"
	"github.com/rollcall-xmpp/rollcall/policy"
)

// The bounds of hard state. What is larger is refused on entry.
const (
	MaxMembers       = 100_000
	MaxAttributes    = 64   // of a group, of a member
	MaxRoles         = 32   // of a member
	MaxName          = 64   // bytes of an attribute's name or a role
	MaxText          = 1024 // bytes of a value, a title, a nick
	MaxDescription   = 4096 // bytes
	MaxJID           = 3071 // bytes (RFC 7622 §3.1)
	MaxSubscriptions = 32   // of one watcher in one group
	MinDelivery      = 100  // ms
	MaxDelivery      = 24 * 60 * 60 * 1000
)

var language = regexp.MustCompile(`^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$`)

// validate says why a group cannot be established, naming the field.
func (rec *GroupRecord) validate() error {
	if err := rec.validateName(); err != nil {
		return err
	}
	if err := rec.Settings.validate(); err != nil {
		return err
	}
	if rec.Source != "" {
		if err := word("source", rec.Source); err != nil {
			return err
		}
	}
	if len(rec.Members) > MaxMembers {
		return invalid("members", "a group has at most %d members", MaxMembers)
	}
	for i, v := range rec.Visitors {
		if err := validateBare(fmt.Sprintf("visitor[%d].jid", i), v.JID); err != nil {
			return err
		}
	}
	if err := rec.validateHooks(); err != nil {
		return err
	}
	for i := range rec.Members {
		if err := rec.Members[i].validateWords(); err != nil {
			return err
		}
	}
	return validateMembers(rec.Members)
}

// ValidateName says whether a group may be called so: a localpart as it
// stands in a JID, already normalised.
func ValidateName(name string) error {
	if ForPeers(name) {
		return invalid("name", "%q is kept for peers", peerPrefix)
	}
	return validateName(name)
}

// validateName lets who keeps a group call it as only he may.
func (rec *GroupRecord) validateName() error {
	if ForPeers(rec.Name) && (rec.Name == statements || strings.HasPrefix(rec.Source, peerSource)) {
		return validateName(rec.Name)
	}
	return ValidateName(rec.Name)
}

func validateName(name string) error {
	if name == "" {
		return invalid("name", "is empty")
	}
	if strings.HasPrefix(name, hookPrefix) {
		return invalid("name", "%q is kept for webhooks", hookPrefix)
	}
	j, err := jid.New(name, "groups.invalid", "")
	switch {
	case err != nil:
		return invalid("name", "%q cannot be the localpart of a JID", name)
	case j.Localpart() != name:
		return invalid("name", "%q must be written %q in a JID", name, j.Localpart())
	}
	return nil
}

func (s *Settings) validate() error {
	switch {
	case s.Language != "" && !language.MatchString(s.Language):
		return invalid("language", "%q is no language tag", s.Language)
	case int(s.Payload) >= len(payloadNames):
		return invalid("payload", "unknown")
	case int(s.Join) >= len(joinNames):
		return invalid("join", "unknown")
	}
	if err := text("name", s.Title, MaxText); err != nil {
		return err
	}
	if err := text("description", s.Description, MaxDescription); err != nil {
		return err
	}
	if s.Delivery < 0 || s.Delivery > MaxDelivery || s.Delivery > 0 && s.Delivery < MinDelivery {
		return invalid("delivery", "is 0 (immediate), or from %d to %d ms", MinDelivery, MaxDelivery)
	}
	if _, err := parseAggregate(s.Aggregate); err != nil {
		return err
	}
	if s.Avatar != "" {
		if _, err := avatar.Inspect([]byte(s.Avatar)); err != nil {
			return invalid("avatar", "%v", err)
		}
	}
	p, err := policy.ParseGroup(s.Policy)
	if err != nil {
		return invalid("policy", "%v", err)
	}
	if err := checkGroupNames(p); err != nil {
		return err
	}
	s.Policy = p.String()
	slices.SortFunc(s.Attributes, byName)
	size := len(s.Title) + len(s.Description)
	return validateAttributes("attribute", s.Attributes, size)
}

// checkGroupNames refuses an address that is not written as servers stamp it:
// it would name nobody.
func checkGroupNames(p *policy.Group) error {
	for _, w := range slices.Concat(p.Watch, p.From) {
		var err error
		switch w.Class {
		case policy.JID:
			err = validateBare("policy", w.Name)
		case policy.Domain:
			err = validateDomain("policy", w.Name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func byName(a, b Attribute) int { return strings.Compare(a.Name, b.Name) }

// validateMembers checks records and brings their lists into order.
func validateMembers(members []MemberRecord) error {
	seen := make(map[string]struct{}, len(members))
	for i := range members {
		m := &members[i]
		field := fmt.Sprintf("member[%d]", i)
		if len(members) == 1 {
			field = "member"
		}
		if err := validateBare(field+".jid", m.JID); err != nil {
			return err
		}
		if _, twice := seen[m.JID]; twice {
			return invalid(field+".jid", "%s is named twice", m.JID)
		}
		seen[m.JID] = struct{}{}
		if err := m.validate(field); err != nil {
			return err
		}
	}
	return nil
}

func (m *MemberRecord) validate(field string) error {
	if !m.Affiliation.IsMember() || int(m.Affiliation) >= len(affiliationNames) {
		return invalid(field+".affiliation", "must be member, admin or owner")
	}
	if int(m.Ask) >= len(askNames) {
		return invalid(field+".ask", "unknown")
	}
	if int(m.Combination) >= len(combinationNames) {
		return invalid(field+".combination", "unknown")
	}
	if int(m.Precision) >= len(precisionNames) {
		return invalid(field+".location", "unknown")
	}
	if err := text(field+".nick", m.Nick, MaxText); err != nil {
		return err
	}
	slices.Sort(m.Roles)
	m.Roles = slices.Compact(m.Roles)
	if len(m.Roles) > MaxRoles {
		return invalid(field+".role", "a member has at most %d roles", MaxRoles)
	}
	size := len(m.JID) + len(m.Nick)
	for _, r := range m.Roles {
		if err := word(field+".role", r); err != nil {
			return err
		}
		size += len(r) + 1
	}
	slices.SortFunc(m.Attributes, byName)
	return validateAttributes(field+".attribute", m.Attributes, size)
}

func validateAttributes(field string, attributes []Attribute, size int) error {
	if len(attributes) > MaxAttributes {
		return invalid(field, "at most %d", MaxAttributes)
	}
	for i, a := range attributes {
		if err := word(field, a.Name); err != nil {
			return err
		}
		if i > 0 && attributes[i-1].Name == a.Name {
			return invalid(field, "%q is given twice", a.Name)
		}
		if err := text(field+"."+a.Name, a.Value, MaxText); err != nil {
			return err
		}
		size += len(a.Name) + len(a.Value) + len(`<attribute name=''></attribute>`)
	}
	// Escaping makes up to six bytes of one; presence needs its room too.
	if size > MaxItem/2 {
		return invalid(field, "all attributes together have %d bytes, at most %d", size, MaxItem/2)
	}
	return nil
}

func validateBare(field, s string) error {
	j, err := jid.Parse(s)
	switch {
	case s == "":
		return invalid(field, "is empty")
	case err != nil:
		return invalid(field, "%q is no JID", s)
	case j.Localpart() == "":
		return invalid(field, "%q has no localpart: only users can be members", s)
	case j.Resourcepart() != "":
		return invalid(field, "%q has a resource: members are bare JIDs", s)
	case j.String() != s:
		return invalid(field, "%q must be written %q", s, j)
	}
	return nil
}

func validateDomain(field, s string) error {
	j, err := jid.Parse(s)
	switch {
	case err != nil, j.Localpart() != "", j.Resourcepart() != "":
		return invalid(field, "%q is no domain", s)
	case j.String() != s:
		return invalid(field, "%q must be written %q", s, j)
	}
	return nil
}

// text checks a line for people: valid, bounded, no control characters but
// line breaks.
func text(field, s string, limit int) error {
	switch {
	case len(s) > limit:
		return invalid(field, "has %d bytes, at most %d", len(s), limit)
	case !utf8.ValidString(s):
		return invalid(field, "is not UTF-8")
	case strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\t' || r == 0xFFFE || r == 0xFFFF
	}):
		return invalid(field, "has control characters")
	}
	return nil
}

// word checks a name that stands in a list of words.
func word(field, s string) error {
	switch {
	case s == "":
		return invalid(field, "a name is empty")
	case len(s) > MaxName:
		return invalid(field, "%q… has %d bytes, at most %d", s[:16], len(s), MaxName)
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) }):
		return invalid(field, "%q has a space in it", s)
	}
	return text(field, s, MaxName)
}
