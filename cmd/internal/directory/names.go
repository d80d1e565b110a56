package directory

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"
)

// maxDN bounds a name, in bytes.
const maxDN = 8 << 10

// nameKey is a DN in a form that is the same for all ways of writing it, as far
// as can be said without the directory's schema. "" names nothing.
func nameKey(dn string) (key string, err error) {
	if len(dn) > maxDN {
		return "", refused("a name of more than %d bytes", maxDN)
	}
	parsed, err := ldap.ParseDN(dn)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, rdn := range parsed.RDNs {
		parts := make([]string, 0, len(rdn.Attributes))
		for _, a := range rdn.Attributes {
			parts = append(parts, fold(a.Type)+"="+strconv.Quote(fold(a.Value)))
		}
		slices.Sort(parts)
		b.WriteString(strings.Join(parts, "+"))
		b.WriteByte(',')
	}
	return b.String(), nil
}

// fold is s as values are compared that ignore case (RFC 4518 §2.6).
func fold(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// pick chooses one of the values of an attribute of which only one counts: the
// one in the entry's name, else the first in order, for directories know none.
func pick(e *ldap.Entry, attribute string) string {
	values := e.GetEqualFoldAttributeValues(attribute)
	if len(values) > 1 {
		if v, ok := named(e, attribute, values); ok {
			return v
		}
	}
	if len(values) == 0 {
		return ""
	}
	return slices.Min(values)
}

// named is the value that stands in the entry's name.
func named(e *ldap.Entry, attribute string, values []string) (string, bool) {
	dn, err := ldap.ParseDN(e.DN)
	if err != nil || len(dn.RDNs) == 0 {
		return "", false
	}
	for _, a := range dn.RDNs[0].Attributes {
		for _, v := range values {
			if strings.EqualFold(a.Type, attribute) && fold(a.Value) == fold(v) {
				return v, true
			}
		}
	}
	return "", false
}

// clean makes of a text that somebody may have written about himself one that
// can be taken in: one line of at most limit bytes.
func clean(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r) || r == 0x2028 || r == 0x2029:
			return ' '
		case r == utf8.RuneError || r == 0xFFFE || r == 0xFFFF:
			return -1
		}
		return r
	}, s[:min(len(s), 4*limit)])
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > limit {
		cut := limit
		for !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = strings.TrimSpace(s[:cut])
	}
	return s
}
