package store

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/audit"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// lines is the record, oldest first, without times.
func lines(t *testing.T, s *sqlite, q audit.Query) []string {
	t.Helper()
	list, err := s.Audit(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range list {
		out = append([]string{strings.Join(strings.Fields(e.Actor+" "+e.Action+" "+e.Group+" "+e.Subject+" "+e.Detail), " ")}, out...)
	}
	return out
}

func sameLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Every change says who, what and to whom; what is no change of an admin's or
// of a policy says nothing.
func TestAudit(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "rollcall.db"))
	root, bob, nobody := audit.By(t.Context(), "socket:root"), audit.By(t.Context(), "bob@x"), t.Context()
	b := roster.MemberRecord{JID: "bob@x", Affiliation: roster.Plain}
	must(t, s.CreateGroup(root, &roster.GroupRecord{Name: "team", Members: []roster.MemberRecord{{JID: "ann@x", Affiliation: roster.Owner}}}),
		s.StoreMembers(root, "team", b))
	b.Ask = roster.Asked
	must(t, s.StoreMembers(nobody, "team", b)) // only the request
	b.Nick, b.Roles, b.Affiliation = "Bob", []string{"lead"}, roster.Admin
	must(t, s.StoreMembers(root, "team", b),
		s.StoreAuthorization(bob, "team", "bob@x", "members: availability\n"),
		s.StoreAuthorization(nobody, "team", "stranger@y", "members: all\n"), // is nobody's business
		s.DeleteAuthorization(bob, "team", "bob@x"),
		s.DeleteAuthorization(bob, "team", "bob@x"), // nothing to take back
		s.StoreSettings(root, "team", roster.Settings{Title: "Team", Policy: "basic members\n"}),
		s.StoreSettings(root, "team", roster.Settings{Title: "Team", Policy: "basic members\n"}),
		s.StoreContact(bob, "team", "bob@x"),
		s.DeleteMember(nobody, "team", "ann@x"),
		s.CreateGroup(root, &roster.GroupRecord{Name: "other"}),
		s.DeleteGroup(root, "other"))
	if err := s.DeleteGroup(root, "missing"); err == nil {
		t.Error("a group that is not there was deleted")
	}
	all := []string{
		"socket:root group-create team",
		"socket:root member-add team ann@x affiliation=owner",
		"socket:root member-add team bob@x affiliation=member",
		"socket:root member-change team bob@x affiliation=admin role=lead nick",
		"bob@x policy-set team bob@x members: availability",
		"bob@x policy-default team bob@x",
		"socket:root group-settings team title policy",
		"service member-remove team ann@x",
		"socket:root group-create other",
		"socket:root group-delete other",
	}
	sameLines(t, lines(t, s, audit.Query{}), all...)
	sameLines(t, lines(t, s, audit.Query{Group: "other"}), all[8:]...)
	sameLines(t, lines(t, s, audit.Query{Limit: 2}), all[8:]...)
	sameLines(t, lines(t, s, audit.Query{Before: 3}), all[:2]...)
	sameLines(t, lines(t, s, audit.Query{Member: "bob@x"}), all[0], all[2], all[3], all[4], all[5], all[6])
	sameLines(t, lines(t, s, audit.Query{Member: "ann@x"}), all[1], all[7]) // is no member any more
	sameLines(t, lines(t, s, audit.Query{Member: "eve@x"}))
	if err := s.batch.do(t.Context(), func() error { return s.batch.exec("UPDATE audit SET action = 'group-delete'") }); err == nil {
		t.Error("history can be changed")
	}
}

// Neither a year nor one who never makes up his mind fills the disk.
func TestAuditIsBounded(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "rollcall.db"))
	now := time.Now()
	s.now = func() time.Time { return now }
	root, bob := audit.By(t.Context(), "socket:root"), audit.By(t.Context(), "bob@x")
	must(t, s.CreateGroup(root, &roster.GroupRecord{Name: "team", Members: []roster.MemberRecord{{JID: "bob@x", Affiliation: roster.Plain}}}))
	for i := range 3 * AuditOwn {
		must(t, s.StoreAuthorization(bob, "team", "bob@x", fmt.Sprintf("policy %d %s", i, strings.Repeat("é", 5000))))
	}
	got := lines(t, s, audit.Query{})
	if len(got) != 2+AuditOwn || !strings.Contains(got[2], fmt.Sprintf("policy %d ", 2*AuditOwn)) || len(got[2]) > 2*maxDetail {
		t.Errorf("%d entries: %.200q", len(got), got)
	}
	s.passed = func() time.Duration { return AuditAge + time.Minute }
	now = now.Add(AuditAge + time.Second)
	must(t, s.CreateGroup(root, &roster.GroupRecord{Name: "later"}))
	sameLines(t, lines(t, s, audit.Query{}), "socket:root group-create later")
}

// Who is forgotten is in no file any more, and what he did still hangs
// together.
func TestPseudonymise(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rollcall.db")
	s := openTest(t, path)
	eve, root := audit.By(t.Context(), "eve.adams@x"), audit.By(t.Context(), "socket:root")
	must(t, s.CreateGroup(eve, &roster.GroupRecord{Name: "team", Members: []roster.MemberRecord{
		{JID: "bob@x", Affiliation: roster.Plain}, {JID: "eve.adams@x", Affiliation: roster.Owner}}}),
		s.StoreAuthorization(root, "team", "bob@x", "hide eve.adams@x\n"),
		s.StoreAuthorization(root, "team", "bob@x", "members: all\n"),
		s.DeleteMember(root, "team", "eve.adams@x"))
	n, err := s.Pseudonymise(t.Context(), "eve.adams@x")
	if err != nil || n != 5 {
		t.Fatal(n, err)
	}
	got := lines(t, s, audit.Query{})
	name := strings.Fields(got[0])[0]
	if !strings.HasPrefix(name, "forgotten:") || len(got) != 7 || got[5] != "socket:root member-remove team "+name || got[3] != "socket:root policy-set team bob@x hide "+name {
		t.Errorf("%q", got)
	}
	must(t, s.Close())
	if text, err := os.ReadFile(path); err != nil || bytes.Contains(text, []byte("eve.adams")) || !bytes.Contains(text, []byte("bob@x")) {
		t.Errorf("the name is still in the file, %v", err)
	}
	if _, err := s.Pseudonymise(context.Background(), "x@y"); err == nil {
		t.Error("a closed store forgets")
	}
}

// A clock that is set takes nothing out of the record, nor does it change the
// order of what is in it.
func TestAuditWhenTheClockIsSet(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "rollcall.db"))
	began, passed := s.begun, time.Duration(0)
	now := began
	s.now, s.passed = func() time.Time { return now }, func() time.Duration { return passed }
	root := audit.By(t.Context(), "socket:root")
	var want []string
	for i, set := range []time.Duration{0, 30 * AuditAge, 30*AuditAge + 2*auditTidy, -30 * AuditAge, 2 * auditTidy, 0} {
		now, passed = began.Add(set), time.Duration(i)*time.Minute
		name := fmt.Sprintf("group%d", i)
		must(t, s.CreateGroup(root, &roster.GroupRecord{Name: name}))
		want = append(want, "socket:root group-create "+name)
		if i == 3 { // as old as that by the clock of every day
			want = append(want[:3], want[4:]...)
		}
	}
	sameLines(t, lines(t, s, audit.Query{}), want...)
}

// Whom a member trusts is recorded, and that somebody spoke for him; what is said
// is not, by whomever, and one who speaks all day does not fill the disk.
func TestAuditOfWords(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "rollcall.db"))
	root, ann, bot := audit.By(t.Context(), "socket:root"), audit.By(t.Context(), "ann@x"), audit.By(t.Context(), "cal@y")
	m := roster.MemberRecord{JID: "ann@x", Affiliation: roster.Plain}
	must(t, s.CreateGroup(root, &roster.GroupRecord{Name: "team", Members: []roster.MemberRecord{m}}))
	m.Trusts = "cal@y status willingness\nci@y status\n"
	must(t, s.StoreMembers(ann, "team", m))
	m.Said = `{"here":[{"app":"voice","no":true}]}`
	must(t, s.StoreMembers(ann, "team", m))
	report := func(status string) {
		m.Said = fmt.Sprintf(`{"here":[{"app":"voice","no":true}],"reports":[{"by":"cal@y","until":"2026-01-01T13:00:00Z","status":%q,"willing":[{"no":true}]}]}`, status)
		must(t, s.StoreMembers(bot, "team", m))
	}
	report("dentist")
	m.Said = `{"here":[{"app":"voice","no":true}]}`
	must(t, s.StoreMembers(t.Context(), "team", m)) // it ended by itself
	sameLines(t, lines(t, s, audit.Query{Member: "ann@x"})[2:],
		"ann@x trust-set team ann@x cal@y status willingness; ci@y status",
		"cal@y report team ann@x status willingness")
	for i := range 3 * AuditOwn {
		report(fmt.Sprint("meeting ", i))
	}
	if got := lines(t, s, audit.Query{}); len(got) != 3+AuditOwn || strings.Contains(strings.Join(got, ""), "meeting") {
		t.Errorf("%d entries: %q", len(got), got)
	}
}
