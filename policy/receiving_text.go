package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The text form of a receiving policy:
//
//	refuse
//	members anna@example.org bo@example.org
//	roles lead ops
//	same-role
//	attributes availability show
//
// Lines of the same word add up. The empty text wants everything.

// Bounds of one receiving policy.
const (
	MaxMembers = 1000 // named one by one
	MaxRoles   = 100
)

// ParseReceiving reads the text form. It returns a [LineError] for the first
// line that makes no sense.
func ParseReceiving(text string) (*Receiving, error) {
	r := &Receiving{}
	if _, err := readSentences(text, r.sentences()); err != nil {
		return nil, err
	}
	r.Normalise()
	return r, nil
}

// String is the text form; "" if r wants everything.
func (r *Receiving) String() string { return writeSentences(r.sentences()) }

func (r *Receiving) sentences() []sentence {
	return []sentence{
		flag("refuse", &r.Refuse),
		{word: "members", read: r.readMembers, write: func() []string { return r.Members }},
		{word: "roles", read: r.readRoles, write: func() []string { return oneLine(r.Roles) }},
		flag("same-role", &r.SameRole),
		{word: "attributes", read: r.readAttributes, write: func() []string {
			if r.Attributes == 0 {
				return nil
			}
			return []string{writeAttributes(r.Attributes)}
		}},
	}
}

func oneLine(words []string) []string {
	if len(words) == 0 {
		return nil
	}
	return []string{strings.Join(words, " ")}
}

func (r *Receiving) readMembers(rest string) error {
	named := strings.Fields(rest)
	if len(named) == 0 {
		return errors.New("members: nobody is named")
	}
	r.Members = append(r.Members, named...)
	return checkMembers(named, len(r.Members))
}

func (r *Receiving) readRoles(rest string) error {
	named := strings.Fields(rest)
	if len(named) == 0 {
		return errors.New("roles: none is named")
	}
	r.Roles = append(r.Roles, named...)
	return checkRoles(named, len(r.Roles))
}

func (r *Receiving) readAttributes(rest string) error {
	m, err := readAttributes(rest)
	if err != nil {
		return fmt.Errorf("attributes: %w", err)
	}
	r.Attributes |= m
	return nil
}

// Check says what is wrong with r, if anything: too many members or roles, a
// member that is no bare JID, a role that is no word, an unknown attribute.
func (r *Receiving) Check() error {
	if err := checkMembers(r.Members, len(r.Members)); err != nil {
		return err
	}
	if err := checkRoles(r.Roles, len(r.Roles)); err != nil {
		return err
	}
	if r.Attributes&^All != 0 {
		return errors.New("attributes: one is not known")
	}
	return nil
}

// checkMembers checks the named ones of so many in total.
func checkMembers(named []string, total int) error {
	if total > MaxMembers {
		return fmt.Errorf("members: more than %d are named", MaxMembers)
	}
	for _, j := range named {
		if !isWord(j) || !isBare(j) {
			return fmt.Errorf("members: %q is not an address like user@example.org", j)
		}
	}
	return nil
}

func checkRoles(named []string, total int) error {
	if total > MaxRoles {
		return fmt.Errorf("roles: more than %d are named", MaxRoles)
	}
	for _, role := range named {
		if !isWord(role) {
			return fmt.Errorf("roles: %q is not one word", role)
		}
	}
	return nil
}

// Normalise brings r into the one form that all equal policies have: members
// and roles sorted and unique. To name an attribute is to name availability
// too, without which it cannot be seen; counted alone stays alone.
func (r *Receiving) Normalise() {
	slices.Sort(r.Members)
	r.Members = slices.Compact(r.Members)
	slices.Sort(r.Roles)
	r.Roles = slices.Compact(r.Roles)
	r.Attributes = floored(r.Attributes)
}
