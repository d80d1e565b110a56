package directory

import (
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/internal/lab/labtest"
)

func dn(uid string) string { return labtest.Person(uid) }

// A directory that tells: each change arrives, though nobody asks for an hour.
func TestTold(t *testing.T) {
	d := labtest.StartDirectory(t, lab.SlapdOptions{Syncprov: true})
	d.AddPerson("anna", "Anna")
	d.AddPerson("bo", "Bo", "displayName=Bobo")
	d.AddGroup("The Team", dn("anna"), dn("bo"))
	r := run(t, config(d.URL()))
	r.group(t, "the-team", `"The Team" "": anna@example.org=Anna bo@example.org=Bobo`)
	d.AddPerson("cy", "Cy")
	d.Set("cn=The Team,ou=groups", "member", dn("anna"), dn("cy"))
	r.group(t, "the-team", `"The Team" "": anna@example.org=Anna cy@example.org=Cy`)
	d.Set("uid=cy,ou=people", "displayName", "Cyrus")
	r.group(t, "the-team", `"The Team" "": anna@example.org=Anna cy@example.org=Cyrus`)
	d.Rename("uid=cy,ou=people", "uid=cyrus")
	r.group(t, "the-team", `"The Team" "": anna@example.org=Anna`) // no refint here
	d.Set("cn=The Team,ou=groups", "member", dn("anna"), dn("cyrus"))
	r.group(t, "the-team", `"The Team" "": anna@example.org=Anna cyrus@example.org=Cyrus`)
	d.Delete("uid=anna,ou=people")
	r.group(t, "the-team", `"The Team" "": cyrus@example.org=Cyrus`)
	d.AddGroup("ops", dn("cyrus"))
	r.group(t, "ops", `"" "": cyrus@example.org=Cyrus`)
	d.Delete("cn=The Team,ou=groups")
	r.becomes(t, "what there is", "ops", func() string { return r.only })
}

// One that does not tell is asked; and only if something was written it is read.
func TestAsked(t *testing.T) {
	for name, opts := range map[string]lab.SlapdOptions{"with a stamp": {Syncprov: true}, "without": {}} {
		t.Run(name, func(t *testing.T) {
			d := labtest.StartDirectory(t, opts)
			d.AddPerson("anna", "Anna")
			d.AddPerson("bo", "Bo")
			d.AddGroup("team", dn("anna"))
			cfg := config(d.URL())
			cfg.Every = 20 * time.Millisecond
			r := run(t, cfg)
			r.group(t, "team", `"" "": anna@example.org=Anna`)
			d.Set("cn=team,ou=groups", "member", dn("anna"), dn("bo"))
			r.group(t, "team", `"" "": anna@example.org=Anna bo@example.org=Bo`)
			r.mu.Lock()
			told := r.told["team"]
			r.mu.Unlock()
			if opts.Syncprov && told > 3 { // a change between the stamp and the reading costs one more
				t.Errorf("it was read %d times", told)
			}
		})
	}
}
