package directory

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// entries reads entries, one a line: dn | attribute=value | …
func entries(lines string) (all []*ldap.Entry) {
	for line := range strings.Lines(lines) {
		words := strings.Split(strings.TrimSuffix(line, "\n"), "|")
		e := &ldap.Entry{DN: strings.TrimSpace(words[0])}
		for _, w := range words[1:] {
			k, v, option := strings.Cut(strings.TrimSpace(w), ":=")
			if !option {
				k, v, _ = strings.Cut(k, "=")
			}
			found := false
			for _, a := range e.Attributes {
				if a.Name == k {
					a.Values, found = append(a.Values, v), true
				}
			}
			if !found {
				e.Attributes = append(e.Attributes, &ldap.EntryAttribute{Name: k, Values: []string{v}})
			}
		}
		all = append(all, e)
	}
	return all
}

// list is what is made of entries.
func (m *Mapping) list(groups, people []*ldap.Entry) (*list, error) {
	l, err := m.start(groups)
	if err == nil {
		err = l.add(people)
	}
	if err == nil {
		err = l.finish()
	}
	return l, err
}

func (l *list) text() string {
	var b strings.Builder
	for i := range l.groups {
		g := &l.groups[i]
		basic, missing, err := l.basic(g)
		if err != nil {
			fmt.Fprintf(&b, "%s: %s\n", g.Name, detail(err))
			if n := (*namingError)(nil); errors.As(err, &n) && strings.Contains(err.Error(), n.who) {
				fmt.Fprintf(&b, "it would be logged as %v\n", err)
			}
			continue
		}
		fmt.Fprintf(&b, "%s %s", g.Name, text(basic))
		if missing > 0 {
			fmt.Fprintf(&b, " (%d missing)", missing)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

const people = `uid=anna,ou=p|uid=anna|cn=Anna|mail=anna@example.org|title=Dr|employeeType=Shift Lead|employeeType=ops
uid=bo,ou=p|uid=bo|cn=Bo|displayName=Bobo|mail=bo@example.net
uid=cy,ou=p|uid=cy|cn=Cy
`

func TestList(t *testing.T) {
	plain := Mapping{JID: "uid", Domain: "example.org", Host: "example.org"}
	mail := Mapping{JID: "mail", Host: "example.org"}
	full := Mapping{JID: "uid", Domain: "example.org", Host: "example.org", Nick: "uid", Admins: "owner", Roles: "employeeType", Attributes: []string{"title"}}
	const anna, bo, cy = "anna@example.org=Anna", "bo@example.org=Bobo", "cy@example.org=Cy"
	for name, test := range map[string]struct {
		m      Mapping
		people string
		groups string
		want   string
	}{
		"names":           {plain, people, "cn=a,ou=g|cn=a|member=uid=anna,ou=p|member=UID=Bo, OU=P\n", `a "" "": ` + anna + " " + bo + "\n"},
		"title":           {plain, people, "cn=The Team,ou=g|cn=The Team|description=All of us|member=uid=cy,ou=p\n", `the-team "The Team" "All of us": ` + cy + "\n"},
		"display":         {plain, people, "cn=t,ou=g|cn=t|displayName=The Team|member=uid=cy,ou=p\n", `t "The Team" "": ` + cy + "\n"},
		"unique":          {plain, people, "cn=a|cn=a|uniqueMember=uid=anna,ou=p|uniqueMember=uid=cy,ou=p#'0101'B\n", `a "" "": ` + anna + " " + cy + "\n"},
		"logins":          {plain, people, "cn=a|cn=a|memberUid=CY|memberUid=anna\n", `a "" "": ` + anna + " " + cy + "\n"},
		"both":            {plain, people, "cn=a|cn=a|memberUid=cy|member=uid=cy,ou=p\n", `a "" "": ` + cy + "\n"},
		"case":            {plain, people, "cn=a|CN=a|MEMBER=uid=anna,ou=p\n", `a "" "": ` + anna + "\n"},
		"mail":            {mail, people, "cn=a|cn=a|memberUid=anna|memberUid=bo|memberUid=cy\n", `a "" "": ` + anna + " bo@example.net=Bobo (1 missing)\n"},
		"gone":            {plain, people, "cn=a|cn=a|memberUid=anna|memberUid=dee|member=uid=eve,ou=p\n", `a "" "": ` + anna + " (2 missing)\n"},
		"dummy":           {plain, people, "cn=a|cn=a|member=\n", `a "" "":` + "\n"},
		"empty":           {plain, people, "cn=a|cn=a\n", `a "" "":` + "\n"},
		"none":            {plain, people, "", ""},
		"nested":          {plain, people, "cn=a|cn=a|member=cn=b|member=uid=anna,ou=p\ncn=b|cn=b|member=cn=c\ncn=c|cn=c|memberUid=cy\n", `a "" "": ` + anna + " " + cy + "\nb \"\" \"\": " + cy + "\nc \"\" \"\": " + cy + "\n"},
		"loop":            {plain, people, "cn=a|cn=a|member=cn=b|member=cn=a\ncn=b|cn=b|member=cn=a|memberUid=cy\n", `a "" "": ` + cy + "\nb \"\" \"\": " + cy + "\n"},
		"full":            {full, people, "cn=a|cn=a|memberUid=anna|memberUid=bo|owner=uid=bo,ou=p|owner=uid=cy,ou=p\n", `a "" "": anna@example.org=anna/member[ops shift-lead][{title Dr}] bo@example.org=bo/admin` + "\n"},
		"owner by login":  {full, people, "cn=a|cn=a|memberUid=bo|owner=bo\n", `a "" "": bo@example.org=bo/admin` + "\n"},
		"owning group":    {full, people, "cn=a|cn=a|memberUid=bo|owner=cn=b\ncn=b|cn=b|memberUid=bo\n", "a \"\" \"\": bo@example.org=bo/admin\nb \"\" \"\": bo@example.org=bo/member\n"},
		"no owner":        {full, people, "cn=a|cn=a|memberUid=bo\n", `a "" "": bo@example.org=bo/member` + "\n"},
		"two entries":     {mail, people + "uid=anna2,ou=p|uid=anna2|cn=Anna Admin|mail=Anna@Example.org\n", "cn=a|cn=a|memberUid=anna2|memberUid=anna\n", `a "" "": ` + anna + "\n"},
		"several":         {mail, "uid=a|uid=a|mail=x@example.net|mail=y@example.org\n", "cn=a|cn=a|memberUid=a\n", `a "" "": y@example.org=` + "\n"},
		"several unclear": {mail, "uid=a|uid=a|mail=x@example.net|mail=y@example.com\n", "cn=a|cn=a|memberUid=a\n", "a: somebody has several addresses (mail), and it is not known which counts: uid=a\n"},
		"several here":    {mail, "uid=a|uid=a|mail=x@example.org|mail=y@example.org\n", "cn=a|cn=a|memberUid=a\n", "a: somebody has several addresses (mail), and it is not known which counts: uid=a\n"},
		"several uids":    {plain, "uid=a|uid=b|uid=a\n", "cn=a|cn=a|memberUid=b\n", `a "" "": a@example.org=` + "\n"},
		"no address":      {mail, "uid=a|uid=a|mail=Anna Smith\n" + people, "cn=a|cn=a|memberUid=a\ncn=b|cn=b|memberUid=bo\n", "a: the mail of somebody is no user's address: uid=a has \"Anna Smith\"\nb \"\" \"\": bo@example.net=Bobo\n"},
		"a device":        {mail, "uid=a|uid=a|mail=a@b/c\n", "cn=a|cn=a|memberUid=a\n", "a: the mail of somebody is no user's address: uid=a has \"a@b/c\"\n"},
		"a domain":        {mail, "uid=a|uid=a|mail=example.org\n", "cn=a|cn=a|memberUid=a\n", "a: the mail of somebody is no user's address: uid=a has \"example.org\"\n"},
		"same uid":        {plain, people + "uid=cy,ou=q|uid=cy\n", "cn=a|cn=a|memberUid=cy\n", "a: it names a uid that several people have: \"cy\"\n"},
		"same name":       {plain, people, "cn=The Team|cn=The Team|memberUid=cy\ncn=the-team|cn=the-team|memberUid=cy\n", "the-team: cn=The Team and cn=the-team would both be called the-team\nthe-team: cn=The Team and cn=the-team would both be called the-team\n"},
		"no name":         {plain, people, "cn=a|cn=a|member=what\n", "a: it names what is no name of an entry: \"what\"\n"},
		"in a bad one":    {plain, people, "cn=a|cn=a|member=cn=b|memberUid=cy\ncn=b|cn=b|member=what\n", "a: b, which is in it: it names what is no name of an entry: \"what\"\nb: it names what is no name of an entry: \"what\"\n"},
		"two names":       {plain, people, "cn=b+ou=x|cn=c|cn=b|memberUid=cy\n", `b "" "": ` + cy + "\n"},
		"long":            {plain, "uid=a|uid=a|cn=" + strings.Repeat("ä", 5000) + "\n", "cn=a|cn=a|memberUid=a\n", `a "" "": a@example.org=` + strings.Repeat("ä", 128) + "\n"},
		"controls":        {plain, "uid=a|uid=a|cn=\x00A\x01\x1b[31m\u2028B\xff\uffff\n", "cn=a|cn=a|memberUid=a\n", `a "" "": a@example.org=A [31m B` + "\n"},
		"all gone":        {plain, people, "cn=a|cn=a|memberUid=x|memberUid=y\n", "REFUSED: of 2 who are named in groups nobody was found"},
		"all hidden":      {mail, "uid=a|uid=a\n", "cn=a|cn=a|memberUid=a\n", "REFUSED: nobody in its groups has a mail that we may read"},
		"one DN":          {plain, "uid=a|uid=a\nUID=A|uid=b\n", "cn=a|cn=a|member=uid=a\n", `REFUSED: two entries have one name: `},
		"no DN":           {plain, "what|uid=a\n", "", `REFUSED: an entry's name cannot be read: what`},
	} {
		l, err := test.m.list(entries(test.groups), entries(test.people))
		var got string
		if err == nil {
			got = l.text()
		} else if bad := (*refusedError)(nil); errors.As(err, &bad) {
			got = "REFUSED: " + detail(err)
		}
		if got != test.want && (!strings.HasPrefix(got, test.want) || strings.HasSuffix(test.want, "\n") || test.want == "") {
			t.Errorf("%s:\n%s, want\n%s", name, got, test.want)
		}
	}
}

// A directory as large as may be is read in no time, and a larger one is not.
func TestLarge(t *testing.T) {
	m := Mapping{JID: "uid", Domain: "example.org"}
	var people []*ldap.Entry
	var names []string
	const many = 5_000
	for i := range many {
		uid := fmt.Sprintf("user%06d", i)
		e := &ldap.Entry{DN: "uid=" + uid + ",ou=people", Attributes: []*ldap.EntryAttribute{{Name: "uid", Values: []string{uid}}}}
		people, names = append(people, e), append(names, e.DN)
	}
	group := func(cn string, members ...string) *ldap.Entry {
		return &ldap.Entry{DN: "cn=" + cn, Attributes: []*ldap.EntryAttribute{{Name: "cn", Values: []string{cn}}, {Name: "member", Values: members}}}
	}
	l, err := m.list([]*ldap.Entry{group("all", names...), group("a", "cn=b"), group("b", "cn=all", "cn=a")}, people)
	if err != nil {
		t.Fatal(err)
	}
	for i := range l.groups {
		if b, _, err := l.basic(&l.groups[i]); err != nil || len(b.Members) != many {
			t.Errorf("%s: %v", l.groups[i].Name, err)
		}
	}
	// Each of many has all the others' members, too.
	groups := []*ldap.Entry{group("all", names...)}
	for i := range MaxNamed / many {
		groups = append(groups, group(fmt.Sprint(i), "cn=all"))
	}
	var bad *refusedError
	if _, err := m.list(groups, people); !errors.As(err, &bad) {
		t.Errorf("more than a million members: %v", err)
	}
}

// Whatever a directory says, it is refused with a reason, or the roster takes it
// in or says why not; what it took in is not changed by reading it again, and
// the order in which it came is no matter.
func FuzzList(f *testing.F) {
	f.Add("cn=a|cn=a|member=uid=anna,ou=p|memberUid=bo|owner=uid=bo,ou=p\n", people, false)
	f.Add("cn=a|cn=a|member=cn=b\ncn=b|cn=b|member=cn=a|uniqueMember=uid=cy,ou=p#'01'B\n", people, true)
	f.Add("cn=A b|cn=A b|cn=c|member;x-y:=uid=cy,ou=p\n", "uid=a\\,b+cn=c|uid=a|mail=a@b|mail=c@d|cn=\x00\xff\u2028\n", true)
	f.Fuzz(func(t *testing.T, groups, people string, mail bool) {
		m := Mapping{JID: "uid", Domain: "example.org", Host: "example.org", Admins: "owner", Roles: "employeeType", Attributes: []string{"title", "cn"}}
		if mail {
			m = Mapping{JID: "mail", Host: "example.org"}
		}
		l, err := m.list(entries(groups), entries(people))
		var bad *refusedError
		if err != nil {
			if !errors.As(err, &bad) {
				t.Errorf("refused with %v", err)
			}
			return
		}
		r := roster.New(roster.Options{Store: store.Memory(), Outbox: silence{}})
		for i := range l.groups {
			b, _, err := l.basic(&l.groups[i])
			if err != nil {
				continue
			}
			if _, err := r.Mirror(t.Context(), "staff", b); err != nil {
				continue
			}
			again, _, err := l.basic(&l.groups[i])
			if err != nil {
				t.Fatal(err)
			}
			if changed, err := r.Mirror(t.Context(), "staff", again); changed || err != nil {
				t.Errorf("%+v: changed again: %v, %v", b, changed, err)
			}
		}
	})
}

// silence is an outbox that leads nowhere.
type silence struct{}

func (silence) Ready(*roster.Group)                             {}
func (silence) Presence(string, string, roster.PresenceType)    {}
func (silence) Wanted(*roster.Group)                            {}
func (silence) Began(string, roster.SubscriptionRecord)         {}
func (silence) Gone(string, string, []string)                   {}
func (silence) Ended(group string, s roster.SubscriptionRecord) {}
