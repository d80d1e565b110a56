package main

import (
	"fmt"
	"time"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/manual"
	"github.com/rollcall-xmpp/rollcall/component"
	"github.com/rollcall-xmpp/rollcall/component/source"
)

func sourceStatus(stats []source.Stats) []admin.SourceStatus {
	all := make([]admin.SourceStatus, len(stats))
	for i, s := range stats {
		all[i] = admin.SourceStatus{Name: s.Name, Kind: s.Kind, Address: s.Address, Groups: s.Groups, Heard: when(s.Heard), Refused: s.Refused}
		if s.Lost {
			all[i].Lost, all[i].Since = s.Why, when(s.Since)
		}
		for _, one := range s.Stale {
			all[i].Stale = append(all[i].Stale, admin.StaleStatus(one))
		}
	}
	return all
}

func peerStatus(stats []component.PeerStats) []admin.PeerStatus {
	all := make([]admin.PeerStatus, len(stats))
	for i, p := range stats {
		all[i] = admin.PeerStatus{Address: p.Address, Taking: p.Taking, Told: p.Heard, Giving: p.Giving,
			Heard: when(p.Last), Away: when(p.Away), Refused: p.Refused}
	}
	return all
}

// when is nil for never.
func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// viewOthers are rows of the table about those whom the service works with.
func viewOthers(st *admin.Status, now time.Time) (rows [][]string) {
	for i := range st.Sources {
		rows = append(rows, viewSource(&st.Sources[i], now)...)
	}
	for i := range st.Peers {
		rows = append(rows, viewPeer(&st.Peers[i], now)...)
	}
	if st.Leaving > 0 {
		rows = append(rows, fold("Ending", count(st.Leaving, "subscription")+" elsewhere: not wanted any more, and who tells us has not heard so yet")...)
	}
	return rows
}

func viewSource(s *admin.SourceStatus, now time.Time) [][]string {
	state := "in force"
	if s.Lost != "" || len(s.Stale) > 0 {
		state = "see below"
	}
	rows := fold("Source", fmt.Sprintf("%s (%s %s): %s, %s, %s", printable(s.Name), s.Kind, printable(s.Address), count(s.Groups, "group"), state, heard(s.Heard, now)))
	if s.Lost != "" {
		rows = append(rows, fold("", lostFor(s.Since, now)+": "+printable(s.Lost))...)
	}
	for _, g := range s.Stale {
		rows = append(rows, fold("", "NOT AS THERE: "+printable(g.Group)+": "+printable(g.Why))...)
	}
	return rows
}

func viewPeer(p *admin.PeerStatus, now time.Time) [][]string {
	how := printable(p.Address) + ": "
	switch {
	case p.Taking > 0:
		how += fmt.Sprintf("tells of %d of %s, %s", p.Told, count(p.Taking, "group"), heard(p.Heard, now))
		if p.Giving > 0 {
			how += "; "
		}
	case p.Giving == 0:
		how += "nothing is asked"
	}
	if p.Giving > 0 {
		how += "asks us for " + count(p.Giving, "group")
	}
	rows := fold("Peer", how)
	if p.Away != nil {
		rows = append(rows, fold("", lostFor(p.Away, now)+": it does not answer, its users look offline")...)
	}
	if p.Refused != "" {
		rows = append(rows, fold("", "REFUSES: "+printable(p.Refused))...)
	}
	return rows
}

func heard(at *time.Time, now time.Time) string {
	if at == nil {
		return "never heard"
	}
	return "heard " + age(now.Sub(*at)) + " ago"
}

func lostFor(since *time.Time, now time.Time) string {
	if since == nil {
		return "LOST"
	}
	return "LOST for " + age(now.Sub(*since))
}

// factWidth is what a terminal of 80 columns leaves beside the names of facts.
const factWidth = 80 - len("Connections  ")

// fold are rows of a table: a long fact goes on below itself.
func fold(name, fact string) (rows [][]string) {
	for _, line := range manual.Wrap(fact, factWidth) {
		rows = append(rows, []string{name, line})
		name = ""
	}
	return rows
}
