package directory

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// root is what a server says about itself (RFC 4512 §5.1).
type root struct {
	tells  bool   // it says what changes, as it changes (RFC 4533)
	suffix string // the entry that says when that was last
}

const (
	attrSuffixes = "namingContexts"
	attrControls = "supportedControl"
	attrUSN      = "highestCommittedUSN"
	attrCSN      = "contextCSN"
)

func (c *conn) root() (r root, err error) {
	e, err := c.entry("", attrSuffixes, attrControls)
	if err != nil || e == nil {
		return r, err
	}
	r.tells = slices.Contains(e.GetEqualFoldAttributeValues(attrControls), ldap.ControlTypeSyncRequest)
	r.suffix = c.cfg.Base
	base, err := ldap.ParseDN(c.cfg.Base)
	if err != nil {
		return r, err
	}
	for _, s := range e.GetEqualFoldAttributeValues(attrSuffixes) {
		if dn, err := ldap.ParseDN(s); err == nil && len(dn.RDNs) > 0 && dn.AncestorOfFold(base) {
			r.suffix = s
		}
	}
	return r, nil
}

// stamp is another one whenever something was written; "" = the server does not
// say. It is also how we see that the server is there.
func (c *conn) stamp(r root) (string, error) {
	e, err := c.entry("", attrUSN)
	if err != nil {
		return "", err
	}
	if e != nil {
		if usn := e.GetEqualFoldAttributeValues(attrUSN); len(usn) > 0 {
			return "usn=" + usn[0], nil
		}
	}
	if e, err = c.entry(r.suffix, attrCSN); err != nil || e == nil {
		return "", err
	}
	csn := slices.Sorted(slices.Values(e.GetEqualFoldAttributeValues(attrCSN)))
	if len(csn) == 0 {
		return "", nil
	}
	return "csn=" + strings.Join(csn, ";"), nil
}

// entry reads one entry; nil if it is not there, or not for us.
func (c *conn) entry(dn string, attributes ...string) (*ldap.Entry, error) {
	c.meter.fill(maxChat, maxChat)
	r, err := c.Search(ldap.NewSearchRequest(dn, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, c.seconds(), false, "(objectClass=*)", attributes, nil))
	switch {
	case ldap.IsErrorAnyOf(err, ldap.LDAPResultNoSuchObject, ldap.LDAPResultInsufficientAccessRights, ldap.LDAPResultUnwillingToPerform, ldap.LDAPResultOperationsError):
		return nil, nil
	case err != nil:
		return nil, err
	case len(r.Entries) == 0:
		return nil, nil
	}
	return r.Entries[0], nil
}

func (c *conn) seconds() int { return int((c.cfg.Pace.Timeout + time.Second - 1) / time.Second) }

// ask is Search whose answer is whole.
func (c *conn) ask(req *ldap.SearchRequest) (*ldap.SearchResult, error) {
	r, err := c.Search(req)
	var said *ldap.Error
	switch {
	case errors.As(err, &said) && said.ResultCode < ldap.ErrorNetwork: // the directory's word, on a connection that is good
		return nil, refused("%v", err)
	case err != nil:
		return nil, err
	case len(r.Referrals) > 0:
		return nil, refused("it refers to another server, %q: choose a base that it has itself", short(r.Referrals[0]))
	}
	return r, nil
}

// page is how many entries are asked for at once (RFC 2696).
const page = 500

// search calls take with all entries that filter fits, page by page. They are
// all only if there is no error.
func (c *conn) search(filter string, attributes []string, most int, take func([]*ldap.Entry) error) error {
	paging := ldap.NewControlPaging(page)
	for n := 0; ; {
		r, err := c.ask(ldap.NewSearchRequest(c.cfg.Base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, c.seconds(), false,
			filter, attributes, []ldap.Control{paging}))
		if err != nil {
			return err
		}
		if n += len(r.Entries); n > most {
			return refused("more than %d entries fit %s", most, filter)
		}
		if err := take(r.Entries); err != nil {
			return err
		}
		next, ok := ldap.FindControl(r.Controls, ldap.ControlTypePaging).(*ldap.ControlPaging)
		if !ok || len(next.Cookie) == 0 {
			return nil
		}
		paging.SetCookie(next.Cookie)
	}
}
