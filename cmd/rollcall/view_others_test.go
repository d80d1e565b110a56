package main

import (
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin"
)

// Each source and peer is said to be as it is, in 80 columns, and nothing that
// others wrote does more than that.
func TestViewOthers(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) *time.Time { at := now.Add(-d); return &at }
	st := admin.Status{
		Sources: []admin.SourceStatus{
			{Name: "hr", Kind: "peer", Address: "hr.example.org", Groups: 12, Heard: ago(3 * time.Second)},
			{Name: "rooms", Kind: "muc", Address: "conference.example.org", Groups: 1, Heard: ago(3 * time.Hour), Stale: []admin.StaleStatus{
				{Group: "team", Why: "read the owners of team@conference.example.org: refused: forbidden"}, {Group: "ops", Why: "\x1b]0;x\a"}}},
			{Name: "sheet", Kind: "file", Address: "/etc/rollcall/people.csv", Lost: "was not heard yet", Since: ago(5 * time.Minute)},
		},
		Peers: []admin.PeerStatus{
			{Address: "presence.example.net", Taking: 4, Told: 3, Giving: 1, Heard: ago(5 * time.Second)},
			{Address: "away.example.net", Taking: 2, Heard: ago(time.Hour), Away: ago(10 * time.Minute)},
			{Address: "no.example.net", Taking: 1, Refused: "forbidden"},
			{Address: "asks.example.net", Giving: 2}, {Address: "idle.example.net"},
		},
		Leaving: 2,
	}
	want := `Source  hr (peer hr.example.org): 12 groups, in force, heard 3 seconds ago
Source  rooms (muc conference.example.org): 1 group, see below, heard 3
        hours ago
        NOT AS THERE: team: read the owners of team@conference.example.org:
        refused: forbidden
        NOT AS THERE: ops: \x1b]0;x\a
Source  sheet (file /etc/rollcall/people.csv): 0 groups, see below, never
        heard
        LOST for 5 minutes: was not heard yet
Peer    presence.example.net: tells of 3 of 4 groups, heard 5 seconds ago;
        asks us for 1 group
Peer    away.example.net: tells of 0 of 2 groups, heard 60 minutes ago
        LOST for 10 minutes: it does not answer, its users look offline
Peer    no.example.net: tells of 0 of 1 group, never heard
        REFUSES: forbidden
Peer    asks.example.net: asks us for 2 groups
Peer    idle.example.net: nothing is asked
Ending  2 subscriptions elsewhere: not wanted any more, and who tells us
        has not heard so yet
`
	got := table(viewOthers(&st, now))
	if got != want {
		t.Errorf("it says\n%s\nnot\n%s", got, want)
	}
	all := viewStatus(st, now)
	for line := range strings.Lines(all) {
		if n := cells(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}
