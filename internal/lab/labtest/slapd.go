package labtest

import (
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// Directory is a private OpenLDAP and how a test writes to it. Names are written
// without the base.
type Directory struct {
	*lab.Slapd
	t testing.TB
}

// StartDirectory starts one for one test; it is stopped when the test ends.
// There are ou=people and ou=groups.
func StartDirectory(t testing.TB, opts lab.SlapdOptions) *Directory {
	t.Helper()
	if err := lab.Install(t.Context(), t.Output(), "slapd"); err != nil {
		t.Fatal(err)
	}
	if opts.Dir == "" {
		opts.Dir = t.TempDir()
	}
	s, err := lab.StartSlapd(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	d := &Directory{s, t}
	t.Cleanup(func() {
		if err := d.Stop(); err != nil {
			t.Error(err)
		}
	})
	d.Add("", "objectClass=dcObject", "objectClass=organization", "o=Example")
	d.Add("ou=people", "objectClass=organizationalUnit")
	d.Add("ou=groups", "objectClass=organizationalUnit")
	return d
}

// DN is a name with the base.
func DN(name string) string { return strings.TrimPrefix(name+","+lab.SlapdBase, ",") }

// Person is the name of a person's entry.
func Person(uid string) string { return DN("uid=" + uid + ",ou=people") }

// Do does something as the directory's administrator.
func (d *Directory) Do(do func(c *ldap.Conn) error) {
	d.t.Helper()
	c, err := ldap.DialURL(d.URL())
	if err != nil {
		d.t.Fatal(err)
	}
	defer c.Close()
	if err := c.Bind(lab.SlapdAdmin, lab.SlapdPassword); err != nil {
		d.t.Fatal(err)
	}
	if err := do(c); err != nil {
		d.t.Fatal(err)
	}
}

// Add makes an entry with such attributes: name=value.
func (d *Directory) Add(name string, attributes ...string) {
	d.t.Helper()
	r := ldap.NewAddRequest(DN(name), nil)
	for _, a := range attributes {
		k, v, _ := strings.Cut(a, "=")
		r.Attribute(k, []string{v})
	}
	merge(r)
	d.Do(func(c *ldap.Conn) error { return c.Add(r) })
}

// merge gives an attribute all its values, once.
func merge(r *ldap.AddRequest) {
	var all []ldap.Attribute
	place := map[string]int{}
	for _, a := range r.Attributes {
		i, ok := place[a.Type]
		if !ok {
			i = len(all)
			place[a.Type], all = i, append(all, ldap.Attribute{Type: a.Type})
		}
		all[i].Vals = append(all[i].Vals, a.Vals...)
	}
	r.Attributes = all
}

// AddPerson makes a person in ou=people.
func (d *Directory) AddPerson(uid, name string, more ...string) {
	d.t.Helper()
	d.Add("uid="+uid+",ou=people", append([]string{"objectClass=inetOrgPerson", "cn=" + name, "sn=" + name}, more...)...)
}

// AddGroup makes a groupOfNames in ou=groups, of entries below the base.
func (d *Directory) AddGroup(cn string, members ...string) {
	d.t.Helper()
	all := []string{"objectClass=groupOfNames"}
	for _, m := range members {
		all = append(all, "member="+m)
	}
	d.Add("cn="+cn+",ou=groups", all...)
}

// Set gives an attribute of an entry these values, and no others.
func (d *Directory) Set(name, attribute string, values ...string) {
	d.t.Helper()
	r := ldap.NewModifyRequest(DN(name), nil)
	r.Replace(attribute, values)
	d.Do(func(c *ldap.Conn) error { return c.Modify(r) })
}

// Delete takes an entry away.
func (d *Directory) Delete(name string) {
	d.t.Helper()
	d.Do(func(c *ldap.Conn) error { return c.Del(ldap.NewDelRequest(DN(name), nil)) })
}

// Rename gives an entry another name.
func (d *Directory) Rename(name, rdn string) {
	d.t.Helper()
	d.Do(func(c *ldap.Conn) error { return c.ModifyDN(ldap.NewModifyDNRequest(DN(name), rdn, true, "")) })
}
