package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/audit"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// record is what a store would say.
type record struct {
	entries []audit.Entry
	asked   audit.Query
	err     error
}

func (r *record) Audit(_ context.Context, q audit.Query) ([]audit.Entry, error) {
	r.asked = q
	return r.entries[:min(len(r.entries), q.Limit)], r.err
}

// What is recorded is told with the names that its reader may know.
func TestHistory(t *testing.T) {
	w := newWorld(t)
	r := &record{}
	w.s.cfg.Audit = r
	for i, e := range []audit.Entry{
		{Actor: "socket:carol", Action: audit.GroupSettings, Detail: "listed policy"},
		{Actor: at("cid"), Action: audit.MemberChange, Subject: at("bob"), Detail: "affiliation=member role=lead nick"},
		{Actor: at("zoe"), Action: audit.MemberChange, Subject: at("bob"), Detail: "attributes"}, // no member any more
		{Actor: at("bob"), Action: audit.PolicySet, Subject: at("bob"), Detail: "members: availability\nrole:lead: show"},
		{Actor: "forgotten:x", Action: audit.Visitor, Subject: at("bob"), Detail: "invited"},
		{Actor: at("bob"), Action: audit.Visitor, Subject: "forgotten:y", Detail: "banned"},
		{Actor: "service", Action: audit.MemberAdd, Subject: at("bob"), Detail: "affiliation=member"},
		{Actor: at("cid"), Action: audit.GroupCreate},
		{Actor: at("eve"), Action: audit.GroupSettings, Detail: "of another group of that name"},
	} {
		e.At = time.Date(2026, 1, 5, 12, 0, 9-i, 0, time.UTC)
		r.entries = append(r.entries, e)
	}
	want := strings.Join([]string{"What is recorded of you in Team",
		"settings changed (listed policy), by the server's admin",
		"member changed: you (affiliation=member role=lead nick), by cid@example.org",
		"member changed: you (attributes), by an admin",
		"own rules set: you (members: availability role:lead: show), by you",
		"invited: you, by somebody who was forgotten",
		"banned: somebody who was forgotten, by you",
		"member added: you (affiliation=member), by the service",
		"group created, by cid@example.org",
	}, "\n2026-01-05 12:00 UTC: ")
	if got := w.says("bob", team, "history"); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if want := (audit.Query{Group: "team", Member: at("bob"), Limit: maxHistory/2 + 1}); r.asked != want {
		t.Errorf("asked %+v", r.asked)
	}

	// To who does not see the list of members, none of them is named.
	if err := w.s.cfg.Roster.UpdateGroup(t.Context(), "team", func(s *roster.Settings) error { s.Policy = "basic role:lead"; return nil }); err != nil {
		t.Fatal(err)
	}
	got := w.says("bob", team, "verlauf")
	if strings.Contains(got, "cid@") || strings.Contains(got, "zoe@") || strings.Count(got, "by an admin") != 3 {
		t.Error(got)
	}
	if got := w.says("ann", team, "history"); strings.Count(got, "by cid@") != 2 { // a lead
		t.Error(got)
	}
	if got := w.writes(&Message{From: at("bob") + "/desk", To: team, Body: "Protokoll", Lang: "de"}); !strings.Contains(got, "Mitglied geändert: du (attributes), von einem Admin") {
		t.Error(got)
	}
}

// It is bounded, and only for who has to do with the group.
func TestHistoryIsForSome(t *testing.T) {
	w := newWorld(t)
	if got := w.says("bob", team, "history"); !strings.HasPrefix(got, "I do not know") {
		t.Error("without a record: " + got)
	}
	r := &record{}
	w.s.cfg.Audit = r
	if got := w.says("bob", team, "history"); got != "Nothing is recorded of you here." {
		t.Error(got)
	}
	for i := range 2 * maxHistory {
		r.entries = append(r.entries, audit.Entry{At: time.Unix(int64(i), 0), Action: audit.GroupSettings, Actor: at("cid"), Detail: fmt.Sprint(i)})
	}
	if got := w.says("bob", team, "history"); strings.Count(got, "\n") != maxHistory/2+1 || !strings.HasSuffix(got, "There is more that is older.") {
		t.Error(got)
	}
	if got := w.command("cid", team, "history", "", ""); strings.Count(got, "<field") != maxHistory {
		t.Error(got)
	}
	if got := w.says("mia", open, "history"); !strings.HasPrefix(got, "I do not know") {
		t.Error("a stranger: " + got)
	}
	if got := w.says("mia", team, "history"); got != "nobody" {
		t.Error(got)
	}
	r.err = errors.New("no disk")
	if got := w.says("bob", team, "history"); got != "That did not work. Please try again later." {
		t.Error(got)
	}
	names := func(who string) bool {
		return slices.ContainsFunc(strings.Split(w.iq(who, open, "get", "<query xmlns='http://jabber.org/protocol/disco#items' node='"+NS+"'/>"), "'"),
			func(s string) bool { return strings.HasSuffix(s, "#history") })
	}
	if names("mia") || !names("bob") || !names("root") {
		t.Error("it is listed for others")
	}
}
