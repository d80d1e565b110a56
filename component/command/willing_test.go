package command

import (
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// It is Monday, 2026-01-05, 12:00 UTC.
func TestWillingLines(t *testing.T) {
	w := newWorld(t)
	const is = "What others see of your willingness in Team\n"
	for _, c := range []struct{ line, want string }{
		{"willing", is + "You have said nothing. Write it like “no calls until 15:00”."},
		{"no calls until 15:00", is + "Calls: no, until 2026-01-05 15:00 UTC"},
		{"No calls until 3pm!", is + "Calls: no, until 2026-01-05 15:00 UTC"},
		{"no calls until 11", is + "Calls: no, until 2026-01-06 11:00 UTC"},
		{"no calls for 90 minutes", is + "Calls: no, until 2026-01-05 13:30 UTC"},
		{"no calls for 2h", is + "Calls: no, until 2026-01-05 14:00 UTC"},
		{"no calls until tomorrow 9:00", is + "Calls: no, until 2026-01-06 09:00 UTC"},
		{"no calls until Monday", is + "Calls: no, until 2026-01-12 00:00 UTC"},
		{"no calls until Friday at noon", is + "Calls: no, until 2026-01-09 12:00 UTC"},
		{"no calls until 2026-01-31 15:00 +02:00", is + "Calls: no, until 2026-01-31 13:00 UTC"},
		{"no calls until 2026-01-31T15:00:00Z", is + "Calls: no, until 2026-01-31 15:00 UTC"},
		{"no calls until further notice", is + "Calls: no"},
		{"keine Anrufe bis 15 Uhr", is + "Calls: no, until 2026-01-05 15:00 UTC"},
		{"keine Anrufe bis 31.1. 8:30", is + "Calls: no, until 2026-01-31 08:30 UTC"},
		{"keine Anrufe bis übermorgen um 9", is + "Calls: no, until 2026-01-07 09:00 UTC"},
		{"keine Anrufe für eine Stunde", is + "Calls: no, until 2026-01-05 13:00 UTC"},
		{"calls yes", is + "Calls: yes"},
		{"Anrufe ja bis Mittag", is + "Calls: yes, until 2026-01-06 12:00 UTC"},
		{"calls no", is + "Calls: no"},
		{"no calls", is + "Calls: no"},
		{"willing yes", is + "By anything: yes\nCalls: no"},
		{"not willing until 18:00", is + "By anything: no, until 2026-01-05 18:00 UTC\nCalls: no"},
		{"unwilling", is + "By anything: no\nCalls: no"},
		{"nicht bereit", is + "By anything: no\nCalls: no"},
		{"willing jitsi no", is + "By anything: no\njitsi: no\nCalls: no"},
		{"willing jitsi forget", is + "By anything: no\nCalls: no"},
		{"willing forget", is + "Calls: no"},
		{"calls forget", is + "You have said nothing. Write it like “no calls until 15:00”."},
		{"no video until tomorrow everywhere", is + "Video: no, until 2026-01-06 00:00 UTC – in all your groups"},
		{"video yes here", is + "Video: yes"},
		{"willing video forget everywhere", is + "Video: yes"},
		{"no", "I do not understand this. Write it like “no calls until 15:00”.\nWrite “help no” for how it is written."},
		{"no thanks", "thanks: I do not understand this."},
		{"no calls until the cows come home", "the cows come home: This is no moment"},
		{"no calls until 25:00", "25:00: This is no moment"},
		{"no calls until 2020-01-01", "Until when, such as 15:00 or 2026-01-31 15:00 (empty: until you say otherwise): is in the past"},
		{"willing two words no", "words: I do not understand this."},
	} {
		w.s.rations = newRations(func() time.Time { return w.now }, 1000, pause)
		if got := w.says("bob", team, c.line); got != c.want && (strings.HasPrefix(c.want, is) || !strings.HasPrefix(got, c.want)) {
			t.Errorf("%q: %q", c.line, got)
		}
	}
	if got := w.says("bob", domain, "no calls until 15:00"); got != "What you say of your willingness in all your groups\nCalls: no, until 2026-01-05 15:00 UTC" {
		t.Error(got)
	}
	if got := w.says("ann", team, "who"); !strings.HasPrefix(got, "Team") || strings.Contains(got, "calls") {
		t.Errorf("of who is not there: %q", got)
	}
	w.hear("bob", roster.Online, "")
	if got := w.says("ann", team, "who"); !strings.Contains(got, "Bob: available · no calls until 2026-01-05 15:00 UTC") {
		t.Error(got)
	}
	if got := w.says("mia", domain, "no calls"); !strings.Contains(got, "I do not know “no”") {
		t.Error(got)
	}
}

// What nobody may see is not kept, and that is said.
func TestWillingUnseen(t *testing.T) {
	w := newWorld(t)
	w.says("bob", team, "share only availability")
	if got := w.says("bob", team, "no calls"); !strings.Contains(got, "nobody may see your willingness here") {
		t.Error(got)
	}
	if got := w.says("bob", team, "willing"); !strings.Contains(got, "Nobody may see it, so it is not kept.") {
		t.Error(got)
	}
}

func TestTrustLines(t *testing.T) {
	w := newWorld(t)
	const is = "Who may say something for you in Team\n"
	for _, c := range []struct{ line, want string }{
		{"trust", is + "Nobody."},
		{"trust calendar@bots.example.org", is + "calendar@bots.example.org: status text, activity, willingness to communicate"},
		{"trust calendar@bots.example.org with willingness", is + "calendar@bots.example.org: willingness to communicate"},
		{"trust phone.example.org with connection", is + "calendar@bots.example.org: willingness to communicate\nphone.example.org: state of the connection"},
		{"vertraue phone.example.org nichts", is + "calendar@bots.example.org: willingness to communicate"},
		{"trust bob@example.org", "This cannot be: bob@example.org is yourself"},
		{"trust @@@", "This cannot be: "},
		{"trust calendar@bots.example.org with location", "location: This cannot be said for you."},
	} {
		if got := w.says("bob", team, c.line); !strings.HasPrefix(got, c.want) {
			t.Errorf("%q: %q", c.line, got)
		}
	}
	g := w.group("team")
	r := roster.Report{Until: w.now.Add(time.Hour), Willing: []roster.Willing{{App: "voice", No: true}}}
	if err := g.Report(t.Context(), "calendar@bots.example.org", at("bob"), r); err != nil {
		t.Fatal(err)
	}
	w.hear("bob", roster.Online, "")
	for _, c := range []struct{ who, line, want string }{
		{"bob", "willing", "Calls: no, until 2026-01-05 13:00 UTC – said by calendar@bots.example.org"},
		{"bob", "trust", "calendar@bots.example.org: willingness to communicate – says something until 2026-01-05 13:00 UTC"},
		{"ann", "who", "Bob: available · no calls until 2026-01-05 13:00 UTC (calendar@bots.example.org)"},
		{"bob", "distrust calendar@bots.example.org", "Nobody."},
		{"bob", "willing", "You have said nothing."},
	} {
		if got := w.says(c.who, team, c.line); !strings.Contains(got, c.want) {
			t.Errorf("%s %q: %q", c.who, c.line, got)
		}
	}
}

func TestWillingForm(t *testing.T) {
	w := newWorld(t)
	if got := w.command("bob", team, "willing", "", ""); !strings.Contains(got, "var='scope'") && !strings.Contains(got, `var="scope"`) {
		t.Error(got)
	}
	if got := w.command("bob", team, "willing", "", submit("app=calls", "value=no", "until=15:00", "scope=all")); !strings.Contains(got, "no, until 2026-01-05 15:00 UTC – in all your groups") {
		t.Error(got)
	}
	if got := w.command("bob", team, "willing", "", submit("app=calls", "value=no", "until=soon")); !strings.Contains(got, "This is no moment") {
		t.Error(got)
	}
	if got := w.command("bob", team, "trust", "", submit("bot=calendar@bots.example.org", "may=status")); !strings.Contains(got, "status text") {
		t.Error(got)
	}
	if g := w.group("team"); g.Trusts(at("bob"), "calendar@bots.example.org") != policy.Status {
		t.Error(g.Trusts(at("bob"), "calendar@bots.example.org"))
	}
}
