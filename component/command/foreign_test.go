package command

import (
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// A group that hr keeps: whoever tries to change its list is told where that is
// done, who leaves is told what leaving can do, and strangers are told nothing.
func TestForeignGroupByChat(t *testing.T) {
	w := newWorld(t)
	r := w.s.cfg.Roster
	const staff = "staff@" + domain
	_, err := r.Mirror(t.Context(), "hr", &roster.Basic{Name: "staff", Title: "Staff", Members: []roster.BasicMember{
		{JID: at("ann"), Affiliation: roster.Owner}, {JID: at("bob")}}})
	if err != nil {
		t.Fatal(err)
	}
	const kept = "hr keeps the list of this group: it can only be changed there."
	w.play([]scene{
		{"ann", staff, "invite cid@example.org", "cid@example.org: " + kept},
		{"ann", staff, "remove bob", "bob@example.org: " + kept},
		{"ann", staff, "ban bob", "bob@example.org: " + kept},
		{"ann", staff, "delete staff", kept},
		{"ann", staff, "configure name Other", kept},
		{"ann", staff, "configure join open", kept},
		{"ann", staff, "configure delivery 5000", "Settings of Staff"},
		{"bob", staff, "nick B", kept},
		{"mallory", staff, "join", "nobody"},
	})
	r.SourceLost("hr", "", time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), "x")
	if got := w.says("bob", staff, "who"); !strings.Contains(got, "hr keeps the list of members, and it may be old: nothing was heard from there since 2026-03-01") {
		t.Error(got)
	}
	w.play([]scene{
		{"bob", staff, "leave", "hr keeps the list of this group, so you stay on it. But nobody sees of you when you are available from now on"},
		{"ann", staff, "who", "Staff: 0 of 2 available"},
	})
}
