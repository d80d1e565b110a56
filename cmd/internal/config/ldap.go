package config

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// LDAP is what a [Source] of kind SourceLDAP has beside.
type LDAP struct {
	URL          string // ldap://host[:port] or ldaps://host[:port]
	TLS          string // LDAPStartTLS, LDAPOff or "": as needed
	CAFile       string // absolute, "" = the system's authorities
	Bind         string // DN; "" = anonymous
	PasswordFile string // absolute
	Base         string // DN
	Filter       string // of groups
	People       string // filter
	JID          string // attribute of people
	JIDDomain    string // what stands behind it; "" = JID is a whole address
	Nick         string
	Admins       string // attribute of groups
	Roles        string
	Attributes   []string
}

// The values of [LDAP].TLS.
const (
	LDAPStartTLS = "starttls"
	LDAPOff      = "off"
)

// What directories have in common.
const (
	defaultGroups = "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup)(objectClass=group))"
	defaultPeople = "(|(objectClass=person)(objectClass=posixAccount))"
	defaultJID    = "uid"
)

// maxLDAPAttributes of a person may be shown.
const maxLDAPAttributes = 16

func ldapKeys(more func(*Config), last func(*Config) *Source, each func(func(*Source) string) func(*Config) string) []Key {
	key := func(name, example, help string, set func(*Source, string) error, value func(*Source) string) Key {
		return Key{Name: "sources." + name, Type: typeText, Example: example, Reload: true, more: more, Help: help,
			set: text(func(c *Config, s string) error { return set(last(c), s) }), value: each(value)}
	}
	return []Key{
		key("url", `"ldap://ldap.example.org"`, "Of ldap: where the directory is, ldap:// or ldaps://. With ldap:// the connection is encrypted by StartTLS, unless it ends on this machine.",
			func(s *Source, v string) error { return ldapURL(v, &s.URL) }, func(s *Source) string { return s.URL }),
		key("tls", `"starttls"`, "Of ldap, with ldap://. starttls: StartTLS in any case. off: never, and the password leaves this machine as it is. Without it: as url says.",
			func(s *Source, v string) error { return oneOf(v, &s.TLS, LDAPStartTLS, LDAPOff) }, func(s *Source) string { return s.TLS }),
		key("ca_file", `"ldap-ca.pem"`, "Of ldap: whom to trust, a PEM file of certificates. Without it: whom the system trusts.",
			func(s *Source, v string) error { return file(v, &s.CAFile) }, func(s *Source) string { return s.CAFile }),
		key("bind", `"cn=rollcall,ou=services,dc=example,dc=org"`, "Of ldap: as whom to ask, a DN that may read groups and people. Without it: as nobody.",
			func(s *Source, v string) error { return dn(v, &s.Bind) }, func(s *Source) string { return s.Bind }),
		key("password_file", `"ldap-password"`, "Of ldap: the file with the password of bind: one line, readable by the service's user only. It is read again with each connection.",
			func(s *Source, v string) error { return file(v, &s.PasswordFile) }, func(s *Source) string { return s.PasswordFile }),
		key("base", `"dc=example,dc=org"`, "Of ldap: the DN below which groups and people are. Required.",
			func(s *Source, v string) error { return dn(v, &s.Base) }, func(s *Source) string { return s.Base }),
		key("filter", `"(objectClass=groupOfNames)"`, "Of ldap: which entries are groups. Without it: those of the classes groupOfNames, groupOfUniqueNames, posixGroup and group. "+
			"Their cn is their name; member, uniqueMember and memberUid say who is in them, groups too.",
			func(s *Source, v string) error { return filter(v, &s.Filter) }, func(s *Source) string { return s.Filter }),
		key("people", `"(&(objectClass=inetOrgPerson)(!(employeeType=left)))"`, "Of ldap: which entries are people. Without it: those of the classes person and posixAccount. Who does not fit is in no group.",
			func(s *Source, v string) error { return filter(v, &s.People) }, func(s *Source) string { return s.People }),
		key("jid", `"mail"`, "Of ldap: the attribute with a person's address; or, with @ and a domain, that with what stands before the @, such as uid@example.org. "+
			"Without it: uid, at the server's host. Who may write that attribute says who he is: it should not be everybody.",
			func(s *Source, v string) error { return jidAttribute(v, &s.LDAP) }, func(s *Source) string {
				if s.JIDDomain == "" {
					return s.JID
				}
				return s.JID + "@" + s.JIDDomain
			}),
		key("nick", `"displayName"`, "Of ldap: the attribute with a person's name. Without it: displayName, or else cn.",
			func(s *Source, v string) error { return attribute(v, &s.Nick) }, func(s *Source) string { return s.Nick }),
		key("admins", `"owner"`, "Of ldap: the attribute of a group that names those of its members who administer it. Without it: that is said here.",
			func(s *Source, v string) error { return attribute(v, &s.Admins) }, func(s *Source) string { return s.Admins }),
		key("roles", `"employeeType"`, "Of ldap: the attribute with a person's roles. Without it he has none.",
			func(s *Source, v string) error { return attribute(v, &s.Roles) }, func(s *Source) string { return s.Roles }),
		{Name: "sources.attributes", Type: typeList, Example: `["title", "telephoneNumber"]`, Reload: true, more: more,
			Help:  "Of ldap: attributes of people that are shown with them to whoever sees the list. Without it none.",
			set:   texts(func(c *Config, l []string) error { return attributes(l, &last(c).Attributes) }),
			value: each(func(s *Source) string { return strings.Join(s.Attributes, " ") })},
	}
}

func ldapURL(s string, to *string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "ldap" && u.Scheme != "ldaps" || u.Hostname() == "" || u.User != nil || u.Opaque != "" ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return errors.New(`is no directory's url: write one such as "ldap://ldap.example.org" or "ldaps://ldap.example.org:636", and nothing behind it`)
	}
	*to = s
	return nil
}

func dn(s string, to *string) error {
	if _, err := ldap.ParseDN(s); err != nil || s == "" {
		return fmt.Errorf(`%q is no name of an entry: write one such as "dc=example,dc=org"`, s)
	}
	*to = s
	return nil
}

func filter(s string, to *string) error {
	if _, err := ldap.CompileFilter(s); err != nil || !strings.HasPrefix(s, "(") {
		return fmt.Errorf(`%q is no filter: write one such as "(objectClass=groupOfNames)"`, s)
	}
	*to = s
	return nil
}

var attributeName = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9-]{0,63}|[0-9]+(\.[0-9]+){1,31})$`)

func attribute(s string, to *string) error {
	if !attributeName.MatchString(s) || len(s) > 64 {
		return fmt.Errorf(`%q is no attribute's name: write one such as "displayName"`, s)
	}
	*to = s
	return nil
}

func attributes(l []string, to *[]string) error {
	var all []string
	for _, s := range l {
		var one string
		if err := attribute(s, &one); err != nil {
			return err
		}
		if slices.ContainsFunc(all, func(o string) bool { return strings.EqualFold(o, one) }) {
			return fmt.Errorf("%q is named twice", one)
		}
		all = append(all, one)
	}
	if len(all) > maxLDAPAttributes {
		return fmt.Errorf("are more than %d", maxLDAPAttributes)
	}
	*to = all
	return nil
}

func jidAttribute(s string, to *LDAP) error {
	name, at, with := strings.Cut(s, "@")
	if err := attribute(name, &to.JID); err != nil {
		return fmt.Errorf(`%q is neither an attribute, such as "mail", nor one with a domain, such as "uid@example.org"`, s)
	}
	if with {
		return domain(at, &to.JIDDomain)
	}
	return nil
}

// completeLDAP checks what a source's keys about a directory say together, and
// fills in what they do not say.
func (c *Config) completeLDAP(s *Source, dir string, wrong func(key, problem string) error) error {
	l := &s.LDAP
	switch {
	case s.Kind != SourceLDAP && fmt.Sprintf("%+v", *l) != fmt.Sprintf("%+v", LDAP{}):
		return wrong("kind", fmt.Sprintf("there are keys that only an ldap has, and it is a %s", s.Kind))
	case s.Kind != SourceLDAP:
		return nil
	case l.URL == "":
		return wrong("url", "missing: where is the ldap?")
	case l.Base == "":
		return wrong("base", "missing: below which entry are groups and people?")
	case l.TLS != "" && strings.HasPrefix(l.URL, "ldaps:"):
		return wrong("tls", "is for ldap:// only: ldaps:// is encrypted")
	case l.Bind != "" && l.PasswordFile == "":
		return wrong("password_file", "missing: bind needs a password")
	case l.Bind == "" && l.PasswordFile != "":
		return wrong("bind", "missing: whose password is it?")
	}
	for to, value := range map[*string]string{&l.Filter: defaultGroups, &l.People: defaultPeople} {
		if *to == "" {
			*to = value
		}
	}
	if l.JID == "" {
		l.JID, l.JIDDomain = defaultJID, c.Server.Host
	}
	l.CAFile, l.PasswordFile = under(dir, l.CAFile), under(dir, l.PasswordFile)
	return nil
}
