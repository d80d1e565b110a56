package command

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// whoGot is the names of those who were told something.
func whoGot(all map[string]string) string {
	return strings.Join(slices.Sorted(maps.Keys(all)), " ")
}

// What is written, whom it reaches, as what, and what the sender is told: Ann
// is busy, Cid away, Bob is not there.
func TestTell(t *testing.T) {
	const help = "\nWrite “help tell” for how it is written."
	for _, c := range []struct{ line, got, body, to, answer string }{
		{"tell Lunch?", "ann cid", "Bob: Lunch?", "available", "Sent to 2: who is available."},
		{"Tell: Lunch?", "ann cid", "Bob: Lunch?", "available", "Sent to 2: who is available."},
		{"tell all: We meet, at 10: “now”", "ann cid", "Bob: We meet, at 10: “now”", "all", "Sent to 2: everybody, there or not."},
		{"tell to everybody: x", "ann cid", "Bob: x", "all", "Sent to 2: everybody, there or not."},
		{"sag allen: Essen!", "ann cid", "Bob: Essen!", "all", "Sent to 2: everybody, there or not."},
		{"tell role lead: Call me", "ann", "Bob: Call me", "role:lead", "Sent to 1: who has the role lead."},
		{"tell role:lead: Call me", "ann", "Bob: Call me", "role:lead", "Sent to 1: who has the role lead."},
		{"tell role lead Call me", "ann", "Bob: Call me", "role:lead", "Sent to 1: who has the role lead."},
		{"tell the role “lead”: Call me", "ann", "Bob: Call me", "role:lead", "Sent to 1: who has the role lead."},
		{"tell willing: A minute?", "cid", "Bob: A minute?", "willing", "Sent to 1: who is available and not busy."},
		{"tell all hands on deck", "ann cid", "Bob: all hands on deck", "available", "Sent to 2: who is available."},
		{"tell see https://example.org/x", "ann cid", "Bob: see https://example.org/x", "available", "Sent to 2: who is available."},
		{"tell One\n\nTwo\nCid: I quit", "ann cid", "Bob: One\n  \n  Two\n  Cid: I quit", "available", "Sent to 2: who is available."},
		{"tell  all:\nOne ", "ann cid", "Bob: One", "all", "Sent to 2: everybody, there or not."},
		{"tell all", "", "", "", "Message: Something must stand here." + help},
		{"tell all:", "", "", "", "Message: Something must stand here." + help},
		{"tell", "", "", "", "Write “tell Lunch?”, and who is available reads it. Write “help tell” for how to tell others."},
		{"tell role ops: x", "", "", "", "To: “role:ops” is not one of the choices." + help},
		{"tell a\x07b", "", "", "", "Message: There are characters in it that cannot be shown." + help},
		{"tell a\u202eb", "", "", "", "Message: There are characters in it that cannot be shown." + help},
		{"tell a\u2028Cid: b", "", "", "", "Message: There are characters in it that cannot be shown." + help},
		{"tell " + strings.Repeat("x", maxTell+1), "", "", "", "Message: That is too long for me." + help},
	} {
		w := newWorld(t)
		if got := w.says("bob", team, c.line); got != c.answer {
			t.Errorf("%.60q: %q", c.line, got)
		}
		all := w.tells()
		if got := whoGot(all); got != c.got {
			t.Errorf("%.60q is told %q", c.line, got)
		}
		for name, st := range all {
			id := attr(st, "id")
			want := "<message type='chat' from='" + team + "' to='" + at(name) + "' id='" + id + "'><body>" + string(frame.AppendText(nil, c.body)) +
				"</body><tell xmlns='" + pubsub.NS + "' from='" + at("bob") + "' to='" + c.to + "'/></message>"
			if st != want || id == "" {
				t.Errorf("%.60q: %s is told %s", c.line, name, st)
			}
		}
	}
}

// The form has a list of whom, and gives back what was typed.
func TestTellForm(t *testing.T) {
	w := newWorld(t)
	form := w.command("bob", team, "tell", "", "")
	for _, want := range []string{"<value>available</value>", "<option label=\"who is available and not busy\"><value>willing</value>", "<value>role:lead</value>", "var=\"text\""} {
		if !strings.Contains(strings.ReplaceAll(form, "'", "\""), want) {
			t.Errorf("%s is not in %s", want, form)
		}
	}
	again := w.command("bob", team, "tell", " sessionid='"+attr(form, "sessionid")+"'", submit("to=role:lead", "text=a|\u202e"))
	if !strings.Contains(again, "Message: There are characters") || !strings.Contains(again, "<value>role:lead</value>") || len(w.tells()) > 0 {
		t.Error(again)
	}
	done := w.command("bob", team, "tell", " sessionid='"+attr(form, "sessionid")+"'", submit("to=role:lead", "text=One|Two"))
	if all := w.tells(); whoGot(all) != "ann" || !strings.Contains(all["ann"], "<body>Bob: One\n  Two</body>") || !strings.Contains(done, "Sent to 1: who has the role lead.") {
		t.Errorf("%q %s", all, done)
	}
}

// The sender learns nothing of who does not want to hear from him, or hides
// from him.
func TestTellAnswersByTheSendersView(t *testing.T) {
	w := newWorld(t)
	want := w.says("bob", team, "tell all: x")
	if w.tells(); want != "Sent to 2: everybody, there or not." {
		t.Fatal(want)
	}
	a := policy.Default()
	a.Hide = []string{at("bob")}
	if err := w.group("team").Authorize(t.Context(), at("ann"), &a); err != nil {
		t.Fatal(err)
	}
	if got := w.says("bob", team, "tell all: x"); got != want {
		t.Error(got)
	}
	if got := whoGot(w.tells()); got != "cid" {
		t.Errorf("%q are told", got)
	}
	if got := w.says("bob", team, "tell x"); got != "Sent to 1: who is available." {
		t.Error(got)
	}
}

// Nicks and roles are for who sees basic information.
func TestTellKeepsBasicInformation(t *testing.T) {
	w := newWorld(t)
	if err := w.s.cfg.Roster.UpdateMember(t.Context(), "team", at("cid"), func(m *roster.MemberRecord) error {
		m.Nick, m.Roles = "Zed", []string{"lead"}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := w.s.cfg.Roster.UpdateMember(t.Context(), "team", at("bob"), func(m *roster.MemberRecord) error {
		m.Roles = []string{"ops"}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := w.s.cfg.Roster.UpdateGroup(t.Context(), "team", func(s *roster.Settings) error { s.Policy = "basic role:lead"; return nil }); err != nil {
		t.Fatal(err)
	}
	w.hear("bob", roster.Online, "")
	for line, want := range map[string][2]string{ // to Ann, a lead; to Bob, who is none
		"tell x":           {"<body>Zed: x</body><tell xmlns='" + pubsub.NS + "' from='cid@example.org' to='available'/>", "<body>cid: x</body><tell xmlns='" + pubsub.NS + "' from='cid@example.org' to='available'/>"},
		"tell role ops: x": {"", "<body>cid: x</body><tell xmlns='" + pubsub.NS + "' from='cid@example.org' to='role'/>"},
	} {
		w.says("cid", team, line)
		all := w.tells()
		if !strings.Contains(all["ann"], want[0]) || !strings.Contains(all["bob"], want[1]) {
			t.Errorf("%s: %q", line, all)
		}
	}
}

func TestTellIsRationed(t *testing.T) {
	w := newWorld(t)
	for i := range tells {
		if got := w.says("bob", team, "tell x"); got != "Sent to 2: who is available." {
			t.Fatal(i, got)
		}
	}
	w.tells()
	const much = "You have told this group much just now. Please wait half a minute."
	if got := w.says("bob", team, "tell x"); got != much || len(w.tells()) > 0 {
		t.Error(got)
	}
	if got := w.command("bob", team, "tell", "", submit("text=x")); !strings.Contains(got, "<note type='info'>"+much) || len(w.tells()) > 0 {
		t.Error(got)
	}
	if got := w.says("ann", team, "tell x"); got != "Sent to 1: who is available." {
		t.Error(got)
	}
	w.now = w.now.Add(tellPause)
	if got := w.says("bob", team, "tell x"); got != "Sent to 2: who is available." {
		t.Error(got)
	}
	w.now = w.now.Add(time.Hour)
	if w.full = true; w.says("bob", team, "tell x") != "I am busy. Please try again later." {
		t.Error("it is sent, but cannot be")
	}
}

// One message is not made a flood of.
func TestTellIsBounded(t *testing.T) {
	w := newWorld(t)
	rec := &roster.GroupRecord{Name: "crowd", Members: []roster.MemberRecord{member("bob")}}
	for i := range 500 {
		rec.Members = append(rec.Members, member(fmt.Sprintf("m%d", i)))
	}
	if err := w.s.cfg.Roster.CreateGroup(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	crowd := "crowd@" + domain
	if got := w.says("bob", crowd, "tell all: "+strings.Repeat("x", maxTell)); !strings.HasPrefix(got, "To: That is too much for so many people.") || len(w.tells()) > 0 {
		t.Error(got)
	}
	if got := w.says("bob", crowd, "tell all: Fire!"); got != "Sent to 500: everybody, there or not." || len(w.tells()) != 500 {
		t.Error(got)
	}
}

// A machine that repeats what it is told, tells nobody anything.
func TestTellIsNoWord(t *testing.T) {
	w := newWorld(t)
	for _, nick := range []string{"tell", "Tell all", "sag", "leave", "who is", "/tell", "Anna: tell", "„tell“"} {
		w.now = w.now.Add(time.Hour)
		w.says("cid", team, "nick "+nick)
		w.says("cid", team, "tell all: leave")
		all := w.tells()
		if whoGot(all) != "ann bob" {
			t.Fatalf("%q: %q", nick, all)
		}
		_, rest, _ := strings.Cut(all["bob"], "<body>")
		body, _, _ := strings.Cut(rest, "</body>")
		if got := w.says("bob", team, body); !strings.HasPrefix(got, "I do not know “") || len(w.tells()) > 0 {
			t.Errorf("%q: %q is answered %q", nick, body, got)
		}
		if got := w.writes(&Message{From: at("bob") + "/desk", To: team, Body: "tell again", Told: true}); got != "" {
			t.Errorf("what was told already is answered %q", got)
		}
	}
}

// FuzzTell takes apart anything.
func FuzzTell(f *testing.F) {
	for _, s := range []string{"all: x", "role lead: x", "role:lead: x", "role", "role:", ":", "the role “a b”: x", "to all", "willing:\n\n", "role \u2028 x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, rest string) {
		to, text := readTell(rest)
		if !utf8.ValidString(rest) {
			return
		}
		if to == "" && strings.TrimSpace(rest) != "" {
			t.Errorf("%q is for nobody", rest)
		}
		if !strings.HasSuffix(strings.TrimSpace(rest), text) {
			t.Errorf("%q says %q", rest, text)
		}
		if s := selection(to); to != "" && s.String() != to {
			t.Errorf("%q is for %q, that is %q", rest, to, s)
		}
	})
}
