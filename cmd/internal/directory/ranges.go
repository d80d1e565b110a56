package directory

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// fill asks for the rest of what Active Directory tells in parts: of more than
// 1500 values it sends member;range=0-1499, and the last part as
// member;range=1500-* (MS-ADTS §3.1.1.3.1.3.3). If the entry is written to
// meanwhile, the parts may not fit together.
func (c *conn) fill(e *ldap.Entry) error {
	for _, a := range e.Attributes {
		name, option, _ := strings.Cut(a.Name, ";")
		for {
			next, more, err := behind(option)
			if err != nil || !more {
				if err != nil {
					return err
				}
				break
			}
			r, err := c.ask(ldap.NewSearchRequest(e.DN, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, c.seconds(), false,
				"(objectClass=*)", []string{fmt.Sprintf("%s;range=%d-*", name, next), attrChanged}, nil))
			if err != nil {
				return err
			}
			part := rest(r, name)
			if part != nil && pick(r.Entries[0], attrChanged) != pick(e, attrChanged) {
				return refused("%s changes while it is read", name)
			}
			if part == nil || len(part.Values) == 0 || len(a.Values)+len(part.Values) > MaxNamed {
				return refused("the directory tells only some of the values of %s", name)
			}
			_, option, _ = strings.Cut(part.Name, ";")
			if begin, _, _ := strings.Cut(strings.TrimPrefix(strings.ToLower(option), rangeOption), "-"); begin != strconv.Itoa(next) {
				return refused("the directory was asked for the values of %s from %d on, and tells %s", name, next, clean(part.Name, maxValue))
			}
			a.Values = append(a.Values, part.Values...)
		}
	}
	return nil
}

const rangeOption = "range="

// behind reads an option such as range=0-1499: next is where to go on, if there
// is more.
func behind(option string) (next int, more bool, err error) {
	r, is := strings.CutPrefix(strings.ToLower(option), rangeOption)
	_, last, _ := strings.Cut(r, "-")
	if !is || last == "*" {
		return 0, false, nil
	}
	n, err := strconv.Atoi(last)
	if err != nil || n < 0 || n > MaxNamed {
		return 0, false, refused("the directory tells the part %q of a list", clean(option, maxValue))
	}
	return n + 1, true, nil
}

// rest is the attribute of an answer that has a part of name's values.
func rest(r *ldap.SearchResult, name string) *ldap.EntryAttribute {
	if len(r.Entries) != 1 {
		return nil
	}
	for _, a := range r.Entries[0].Attributes {
		if n, option, _ := strings.Cut(a.Name, ";"); strings.EqualFold(n, name) && strings.HasPrefix(strings.ToLower(option), rangeOption) {
			return a
		}
	}
	return nil
}
