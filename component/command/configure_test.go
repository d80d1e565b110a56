package command

import (
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

func (w *world) settings() (*roster.Settings, string) {
	w.t.Helper()
	rec, err := w.s.cfg.Roster.ShowGroup(w.t.Context(), "team")
	if err != nil {
		w.t.Fatal(err)
	}
	return &rec.Settings, rec.Settings.Policy
}

// What a submit does not speak of stays as it was, and what makes no sense
// changes nothing.
func TestConfigure(t *testing.T) {
	w := newWorld(t)
	if got := w.command("cid", team, "configure", "", submit("default-authorization=members: availability show")); attr(got, "status") != "completed" {
		t.Fatal(got)
	}
	s, p := w.settings()
	if s.Title != "Team" || s.Listed || s.Payload != roster.Both || !strings.Contains(p, "default members: availability show\n") || !strings.Contains(p, "watch members\n") {
		t.Errorf("%+v", s)
	}
	for _, c := range []struct{ typed, want string }{
		{"name=" + strings.Repeat("x", 2000), "Name: has 2000 bytes, at most 1024"},
		{"language=not a language", "language"},
		{"delivery=soon", "milliseconds: This is neither immediate nor a number."},
		{"delivery=-1", "milliseconds: is 0 (immediate), or from 100 to 86400000 ms"},
		{"delivery=99999999999999999999", "This is neither immediate nor a number."},
		{"basic=outsiders", "is not one of the choices"},
		{"basic=", "Something must stand here"},
		{"watch=", "Something must stand here"},
		{"watch=jid:eve@example.org", "is not one of the choices"},
		{"watch-list=@@", "Who else may watch (addresses, domains)"},
		{"default-authorization=jid:eve@example.org: all", "What is shared by who says nothing else: "},
		{"default-authorization=members: shoes", "What is shared by who says nothing else: "},
		{"require=location", "require"},
		{"attributes=nonsense", "is not written like phone=123"},
		{"collect-from=eve", "Of whom"},
		{"payload=nothing", "is not one of the choices"},
	} {
		got := w.command("cid", team, "configure", "", submit(c.typed))
		_, note, _ := strings.Cut(got, "<note type='error'>")
		if attr(got, "status") != "executing" || !strings.Contains(note, c.want) {
			t.Errorf("%.40q: %s", c.typed, note)
		}
		if _, now := w.settings(); now != p {
			t.Fatalf("%q has changed %s", c.typed, now)
		}
	}
	if got := w.command("bob", team, "configure", "", submit("listed=1")); !strings.Contains(got, "<forbidden") {
		t.Error(got)
	}
	if got := w.says("bob", team, "configure listed yes"); !strings.Contains(got, "I do not know") {
		t.Error(got)
	}
}

func TestConfigureByChat(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ line, says, policy string }{
		{"configure", "Settings of Team\nName: Team\nStrangers may know of the group: no", ""},
		{"configure name \"The Team\"", "Name: The Team", ""},
		{"configure listed yes", "Settings of The Team\nStrangers may know of the group: yes", ""},
		{"set watch role:lead", "Who may watch: Members with the role lead", "watch role:lead\n"},
		{"configure basic anyone", "Everybody", "basic anyone\n"},
		{"configure require Availability, show", "What every member must share: being available, away or busy", "require availability show\n"},
		{"configure require nothing", "Settings of The Team\nWhat every member must share: nothing", ""},
		{"configure collect everything", "", "collect availability connection"},
		{"configure delivery 5000", "milliseconds: 5000", ""},
		{"configure default-authorization nothing", "", "default nothing\n"},
		{"configure default-authorization\nmembers: availability\nrole:lead: all", "members: availability\nrole:lead: all", "default role:lead: all\n"},
		{"configure shoes 3", "There is no such setting. There are: name, description", ""},
		{"configure payload everything", "is not one of the choices", ""},
		{"configure listed perhaps", "Strangers may know of the group: This is neither yes nor no.", ""},
	} {
		w.now = w.now.Add(time.Minute)
		got := w.says("cid", team, c.line)
		_, p := w.settings()
		p = strings.ReplaceAll(p, "role:lead: "+policy.All.String(), "role:lead: all")
		if !strings.Contains(got, c.says) || !strings.Contains(p, c.policy) {
			t.Errorf("%q: %q\n%s", c.line, got, p)
		}
	}
}

// What a group asks of a member is there to be agreed to, for him alone, and
// only what he has read.
func TestAgree(t *testing.T) {
	w := newWorld(t)
	propose := func(rule string) {
		t.Helper()
		if got := w.command("cid", team, "configure", "", submit("default-authorization="+rule)); attr(got, "status") != "completed" {
			t.Fatal(got)
		}
	}
	if got := w.command("bob", team, "agree", "", ""); !strings.Contains(got, "<forbidden") {
		t.Error(got)
	}
	propose("members: all")
	f := w.command("bob", team, "agree", "", "")
	if !strings.Contains(f, "Team proposes that others see of you: Members: everything.") {
		t.Fatal(f)
	}
	session := " sessionid='" + attr(f, "sessionid") + "' action='complete'"
	proposal := "proposal=" + w.proposal("bob")
	if got := w.command("bob", team, "agree", session, submit(proposal, "agree=0")); !strings.Contains(got, "All stays as it is.") {
		t.Error(got)
	}
	if got := w.says("bob", team, "agree yes"); !strings.Contains(got, "to say yes") {
		t.Error(got)
	}
	propose("members: availability show|outsiders: availability")
	if got := w.command("bob", team, "agree", "", submit(proposal, "agree=1")); !strings.Contains(got, "By now the group asks for something else.") {
		t.Error(got)
	}
	_, line, _ := strings.Cut(w.says("bob", team, "agree"), "Write “")
	line, _, _ = strings.Cut(line, "”")
	if got := w.says("bob", team, line); !strings.Contains(got, "Who is not in the group: being available") {
		t.Errorf("%q: %q", line, got)
	}
	if got := w.says("bob", team, "agree"); !strings.Contains(got, "I do not know") {
		t.Error(got)
	}
	// In the form of the policy as well.
	got := w.command("ann", team, "authorize", "", submit("proposal="+w.proposal("ann"), "agree=1"))
	if attr(got, "status") != "completed" || !strings.Contains(got, "Who is not in the group") {
		t.Error(got)
	}
}

// Who shares less than the group requires is told what it is.
func TestRequire(t *testing.T) {
	w := newWorld(t)
	w.says("bob", team, "share only availability")
	w.says("cid", team, "configure require availability show")
	if got := w.command("ann", team, "authorize", "", submit("what=nothing")); !strings.Contains(got, "requires") || attr(got, "status") != "executing" {
		t.Error(got)
	}
	got := w.says("bob", team, "agree")
	if !strings.Contains(got, "lets the others see: away or busy") {
		t.Fatal(got)
	}
	_, line, _ := strings.Cut(got, "Write “")
	line, _, _ = strings.Cut(line, "”")
	if got := w.says("bob", team, line); !strings.Contains(got, "away or busy") {
		t.Errorf("%q: %q", line, got)
	}
}

// proposal is the id of what is asked of somebody.
func (w *world) proposal(name string) string {
	w.t.Helper()
	p, err := w.group("team").Proposal(at(name))
	if err != nil || p == nil {
		w.t.Fatalf("nothing is asked of %s: %v", name, err)
	}
	return p.ID
}
