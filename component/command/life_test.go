package command

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// scene is a line, who writes it to what, and what comes back.
type scene struct{ who, to, line, want string }

func (w *world) play(all []scene) {
	w.t.Helper()
	for _, c := range all {
		w.now = w.now.Add(time.Minute)
		got := w.says(c.who, c.to, c.line)
		if c.want == "" && got != "" || !strings.HasPrefix(got, c.want) {
			w.t.Errorf("%s: %q: %q", c.who, c.line, got)
		}
	}
}

// A group's life by chat: created, joined by invitation and by approval, left,
// and ended.
func TestLifeByChat(t *testing.T) {
	w := newWorld(t)
	const club = "club@" + domain
	w.play([]scene{
		{"ann", domain, "create club", "I do not know “create”"},
		{"bob", domain, "create", "Write “create team The Team”"},
		{"bob", domain, "create ♥", "Address (one word, before @groups.example.org): A group cannot have this address."},
		{"bob", domain, "create TEAM", "Address (one word, before @groups.example.org): A group cannot have this address."},
		{"bob", domain, "create Club The Club", "Address: club@groups.example.org\nThere it is"},
		{"eve", club, "join", "nobody"},
		{"bob", club, "invite eve@example.org ann@example.org bob", "eve@example.org: invited\nann@example.org: invited\nbob@example.org: That person is a member already."},
	})
	if got := w.notices("eve"); !strings.Contains(got, "to='eve@example.org'") || !strings.Contains(got, "bob@example.org invites you to the group “The Club”. Answer yes to join, or no.") {
		t.Error(got)
	}
	w.play([]scene{
		{"eve", domain, "mine", "Groups\nThe Club: club@groups.example.org (you are invited)"},
		{"eve", club, "who", "I do not know “who”."},
		{"eve", club, "Yes!", "You are a member of The Club now. Others see of you:\nMembers: everything but location and other addresses"},
		{"eve", club, "yes", "I do not know"},
		{"eve", club, "who", "The Club: 0 of 2 available\nNot there: bob, eve"},
		{"eve", club, "invite cid", "I do not know"},
		{"ann", club, "no", "All right. You are not asked again."},
		{"ann", club, "who", "nobody"},
		{"bob", club, "invite ann", "ann@example.org: There was a no before, and nobody is asked twice."},
		{"eve", club, "nick Evi", "In The Club you are called Evi."},
		{"eve", club, "nick", "In The Club you are called Evi."},
		{"bob", club, "configure join approve", "Settings of The Club"},
		{"bob", club, "configure listed yes", "Settings of The Club"},
		{"mia", club, "join as Mia", "The admins of The Club are asked."},
		{"max", club, "join", "The admins of The Club are asked."},
	})
	if got := w.notices("bob"); !strings.Contains(got, "mia@example.org wants to join “The Club”. Answer approve mia@example.org or reject mia@example.org.") {
		t.Error(got)
	}
	w.play([]scene{
		{"bob", club, "approve", "To be let in want: max@example.org, mia@example.org"},
		{"eve", club, "approve mia@example.org", "I do not know"},
		{"bob", club, "approve mia@example.org eve", "mia@example.org: is a member now\neve@example.org: There is no such member."},
		{"bob", club, "reject max", "max@example.org: turned away"},
		{"bob", club, "approve", "Nobody waits"},
		{"max", club, "join", "There was a no before"},
		{"bob", club, "member", "Members of The Club: 3\nbob@example.org: owner\nEvi (eve@example.org)\nmia@example.org"},
		{"bob", club, "member eve roles lead ops", "eve@example.org\nName: Evi\nPower: member\nRoles (words): lead ops"},
		{"bob", club, "member eve affiliation admin", "eve@example.org\nName: Evi\nPower: admin\nRoles (words): lead ops"},
		{"bob", club, "member eve affiliation king", "Power: “king” is not one of the choices."},
		{"bob", club, "member zoe roles x", "There is no such member."},
		{"eve", club, "member bob roles x", "You may not do that."},
		{"eve", club, "ban mia", "mia@example.org: banned"},
		{"eve", club, "remove bob", "bob@example.org: You may not do that."},
		{"eve", club, "unban mia", "mia@example.org: no longer banned"},
		{"eve", club, "delete club", "I do not know"},
		{"eve", club, "verlassen", "You have left The Club."},
		{"eve", club, "who", "I do not know"},
		{"bob", club, "delete", "The members are told, and nothing of the group is left. This cannot be undone. Write “delete club”"},
		{"bob", club, "delete it", "Write “club” to delete it: This is not the group's name: club."},
		{"bob", club, "delete club", "The Club is no more."},
		{"bob", club, "who", "nobody"},
		{"root", team, "configure join open", "Settings of Team"},
		{"root", team, "who", "I do not know"},
	})
}

// The same by command; who edits a member first says which.
func TestLifeByCommand(t *testing.T) {
	w := newWorld(t)
	const club = "club@" + domain
	for _, c := range []struct {
		who, to, word string
		typed         []string
		want          string
	}{
		{"bob", domain, "create", []string{"address=club", "name=The <Club>", "join=open", "listed=1", "nick=Bobby"}, "There it is. Add it as a contact; its commands are there."},
		{"bob", domain, "create", []string{"address=den", "join=open"}, "Strangers do not know of it: who is not invited cannot join."},
		{"mia", club, "join", []string{"nick=Mia"}, "You are a member of The &lt;Club&gt; now."},
		{"bob", club, "invite", []string{"whom=eve@example.org"}, "eve@example.org: invited"},
		{"bob", club, "remove", []string{"whom=mia@example.org", "how=ban"}, "mia@example.org: banned"},
		{"bob", club, "member", []string{"whom=bob@example.org", "roles=lead"}, "lead"},
		{"bob", club, "delete", []string{"name=clubs"}, "is not the group's name"},
		{"bob", club, "delete", []string{"name=club"}, "is no more"},
	} {
		if got := w.command(c.who, c.to, c.word, "", submit(c.typed...)); !strings.Contains(got, c.want) {
			t.Errorf("%s %s: %s", c.word, c.typed, got)
		}
	}
	if got := w.command("cid", team, "approve", "", ""); !strings.Contains(got, "Nobody waits to be let in.") || attr(got, "status") != "completed" {
		t.Error(got)
	}
	f := w.command("cid", team, "member", "", "")
	session := " sessionid='" + attr(f, "sessionid") + "'"
	if !strings.Contains(f, "<actions execute='next'><next/></actions>") || !strings.Contains(f, "Ann (ann@example.org)") {
		t.Fatal(f)
	}
	if got := w.command("cid", team, "member", session+" action='prev'", ""); !strings.Contains(got, "<bad-action") {
		t.Error(got)
	}
	for _, action := range []string{"next", "complete"} {
		g := w.command("cid", team, "member", session+" action='"+action+"'", submit("whom=ann@example.org"))
		if !strings.Contains(g, "<actions execute='complete'><prev/><complete/></actions>") || !strings.Contains(g, "<value>Ann</value>") || attr(g, "sessionid") != attr(f, "sessionid") {
			t.Fatal(g)
		}
		if action == "complete" {
			break
		}
		if back := w.command("cid", team, "member", session+" action='prev'", submit("nick=x")); !strings.Contains(back, "<value>ann@example.org</value><option") {
			t.Error(back)
		}
	}
	got := w.command("cid", team, "member", session, submit("nick=Anna", "affiliation=king"))
	if !strings.Contains(got, "is not one of the choices") || !strings.Contains(got, "<value>Anna</value>") {
		t.Error(got)
	}
	got = w.command("cid", team, "member", session+" action='complete'", submit("nick=Anna", "affiliation=member", "roles=lead, ops", "attributes=phone=123"))
	if attr(got, "status") != "completed" {
		t.Fatal(got)
	}
	rec, err := w.s.cfg.Roster.ShowGroup(t.Context(), "team")
	if err != nil {
		t.Fatal(err)
	}
	if m := rec.Member(at("ann")); m.Nick != "Anna" || strings.Join(m.Roles, " ") != "lead ops" || len(m.Attributes) != 1 {
		t.Errorf("%+v", m)
	}
	if got := w.command("cid", team, "member", "", submit("whom=bob@example.org", "affiliation=owner")); !strings.Contains(got, "You may not do that.") {
		t.Error(got)
	}
	f = w.command("bob", team, "leave", "", "")
	if got := w.command("bob", team, "leave", " sessionid='"+attr(f, "sessionid")+"' action='complete'", submit()); !strings.Contains(got, "You have left Team.") {
		t.Error(got)
	}
	if got := w.command("bob", team, "who", "", ""); !strings.Contains(got, "item-not-found") {
		t.Error(got)
	}
}

// Nobody makes the service write to everybody.
func TestInvitationsAreRationed(t *testing.T) {
	w := newWorld(t)
	var all []string
	for i := range 60 {
		all = append(all, fmt.Sprintf("p%d@example.com", i))
	}
	if got := w.command("cid", team, "invite", "", submit("whom="+strings.Join(all, "|"))); !strings.Contains(got, "Not so many at once.") || len(w.told) > 0 {
		t.Errorf("%d invited: %s", len(w.told), got)
	}
	got := w.command("cid", team, "invite", "", submit("whom="+strings.Join(all[:40], "|")))
	got += w.command("cid", team, "invite", "", submit("whom="+strings.Join(all[40:], "|")))
	if strings.Count(got, ": invited<") != invitations || len(w.told) != invitations || strings.Count(got, "p59@example.com: Not so many at once.") != 1 {
		t.Errorf("%d invited: %s", len(w.told), got)
	}
	w.now = w.now.Add(invitePause)
	if got := w.says("cid", team, "invite p59@example.com"); got != "p59@example.com: invited" {
		t.Error(got)
	}
}

// What people are told is in the group's language, and is what it says to
// answer.
func TestNotices(t *testing.T) {
	w := newWorld(t)
	for kind := roster.Invitation; kind <= roster.Proposed; kind++ {
		n := roster.Notice{Kind: kind, Group: "team", Title: "The <Team>\n", To: at("eve"), About: at("mia"), By: at("bob"), Lang: "de"}
		german := string(w.s.Notice(nil, n))
		n.Lang = "tlh"
		english := string(w.s.Notice(nil, n))
		if german == english || !strings.Contains(english, "“The &lt;Team&gt;”") || !strings.Contains(english, "xml:lang='en'") || !strings.Contains(german, "xml:lang='de'") {
			t.Errorf("%d: %s %s", kind, english, german)
		}
		if len(stanzas(t, []byte(english+german))) != 2 {
			t.Error(english)
		}
	}
}
