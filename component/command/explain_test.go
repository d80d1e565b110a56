package command

import (
	"strings"
	"testing"
	"time"
)

func TestExplain(t *testing.T) {
	w := newWorld(t)
	w.says("bob", team, "share\nmembers: availability\nrole:lead: status\njid:cid@example.org: show\nhide cid@example.org")
	for _, c := range []struct{ line, want string }{
		{"explain ann@example.org", "ann@example.org and you in Team\nSees of you: being available, status text\n" +
			"Because: your rule: members: availability\nBecause: your rule: role:lead: status\nWhat you see: what ann@example.org shares with you"},
		{"why cid", "cid@example.org and you in Team\nSees of you: nothing\nBecause: that person is on your list of those who always see you offline\n" +
			"Because: your rule: members: availability\nBecause: your rule: jid:cid@example.org: show\nWhat you see: what cid@example.org shares with you"},
		{"explain eve@example.com", "eve@example.com and you in Team\nSees of you: nothing\nBecause: that person may not watch this group\n" +
			"Because: no rule of yours is about that person\nWhat you see: what eve@example.com shares with you"},
		{"explain", "What others see of you in Team\nMembers: being available"},
		{"explain @@", "@@: This is not an address"},
		{"watchers", "Who may see you in Team\nMembers: being available\nWho is not in the group: nothing\ncid@example.org: nothing\nMembers with the role lead: being available, status text"},
	} {
		w.now = w.now.Add(time.Minute)
		if got := w.says("bob", team, c.line); !strings.HasPrefix(got, c.want) {
			t.Errorf("%q: %q", c.line, got)
		}
	}
	if got := w.command("bob", team, "explain", "", submit("whom=ann@example.org")); !strings.Contains(got, "being available, status text") {
		t.Error(got)
	}
	w.says("cid", team, "configure collect availability show")
	if got := w.says("bob", team, "explain ann"); !strings.Contains(got, "limited: the group learns only: being available, away or busy") {
		t.Error(got)
	}
	w.says("bob", team, "share nothing")
	if got := w.says("bob", team, "explain ann"); !strings.Contains(got, "Sees of you: nothing\nBecause: you share nothing") {
		t.Error(got)
	}
}

// Whatever Bob says in his policy, nobody else is told of it: neither what he
// grants, nor whom he hides from, nor what he wants.
func TestExplainTellsNobodyElsesRules(t *testing.T) {
	w := newWorld(t)
	before := ""
	for _, policy := range []string{"share default", "share nothing", "share\nmembers: all\noutsiders: all", "hide from cid@example.org", "receive nothing", "share everything with lead"} {
		w.now = w.now.Add(10 * time.Minute)
		w.says("bob", team, policy)
		all := ""
		for _, line := range []string{"explain bob@example.org", "watchers", "share", "explain ann@example.org", "configure"} {
			all += w.says("cid", team, line) + "\n"
		}
		if before == "" {
			before = all
		}
		if all != before {
			t.Errorf("after %q:\n%s\nnot\n%s", policy, all, before)
		}
	}
	if len(before) < 200 {
		t.Errorf("nothing was said: %q", before)
	}
}
