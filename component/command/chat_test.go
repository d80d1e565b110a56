package command

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// What is written, in a chat with the group team or with the service, and what
// comes back.
func TestChat(t *testing.T) {
	const who = "Team: 2 of 3 available\nAnn: busy, On a <call>\nCid: away\nNot there: Bob"
	for _, c := range []struct{ line, want string }{
		{"who", who}, {"Who?", who}, {" WHO ", who}, {"/who", who}, {"wer", who}, {"Wer?", who}, {"who is there", who},
		{"share", "What others see of you in Team\nMembers: everything but location and other addresses\nThis is what the group proposes; you have said nothing else."},
		{"share nothing", "What others see of you in Team\nEverybody: nothing"},
		{"share everything", "What others see of you in Team\nMembers: everything"},
		{"Share Everything but location, addresses", "What others see of you in Team\nMembers: everything but location and other addresses"},
		{"share only availability", "What others see of you in Team\nMembers: being available"},
		{"teile alles außer Standort", "What others see of you in Team\nMembers: everything but location"},
		{"teile nur Geräte", "What others see of you in Team\nMembers: being available, devices"},
		{"TEILE GERÄTE", "What others see of you in Team\nMembers: being available, devices"},
		{"share status with lead", "What others see of you in Team\nMembers: everything but location and other addresses\nMembers with the role lead: being available, status text"},
		{"share status to cid@example.org and lead", "What others see of you in Team\nMembers: everything but location and other addresses\n" +
			"Members with the role lead: being available, status text\ncid@example.org: being available, status text"},
		{"hide from Cid@Example.org", "What others see of you in Team\nMembers: everything but location and other addresses\nAlways offline for: cid@example.org"},
		{"verstecke mich vor cid", "What others see of you in Team\nMembers: everything but location and other addresses\nAlways offline for: cid@example.org"},
		{"hide from “cid@example.org”", "What others see of you in Team\nMembers: everything but location and other addresses\nAlways offline for: cid@example.org"},
		{"share\nmembers: availability\nrole:lead: all", "What others see of you in Team\nMembers: being available\nMembers with the role lead: everything"},
		{"share\nmembers: shoes", "My own rules, one a line: Line 1: "},
		{"share shoes", "shoes: I do not know this attribute. There are: " + policy.All.String() + ".\nWrite “help share” for how it is written."},
		{"hide from @@@", "@@@: This is not an address"},
		{"receive", "You have neither a subscription in this group nor it as a contact."},
		{"help", "Team: write one of these words to the group. Only you get the answer.\nwho: who is there\nshare:"},
		{"help share", "share – what others see of you\nshare nothing\nshare everything but location"},
		{"help nonsense", "Team: write one"},
		{"shar nothing", "I do not know “shar”. Did you mean “share”?"},
		{"xyzzy", "I do not know “xyzzy”. Write “help” for what I understand."},
		{"groups", "I do not know “groups”."}, // of the service
		{"?OTR?v23?", "I do not know “?otr?v23”."},
		{strings.Repeat("share ", 2000), "That is too long for me."},
		{"\"", "I do not know"}, {"?", "Team: write one"}, {"...", "I do not know"}, {"who \"", who},
	} {
		w := newWorld(t)
		if got := w.says("bob", team, c.line); got != c.want && (!strings.HasPrefix(got, c.want) || c.want == "" || c.want == who) {
			t.Errorf("%.50q: %q", c.line, got)
		}
	}
	w := newWorld(t)
	for line, want := range map[string]string{
		"groups":  "Groups\nopen: open@groups.example.org\nTeam: team@groups.example.org",
		"Gruppen": "Groups\nopen: open@groups.example.org\nTeam: team@groups.example.org",
		"mine":    "Groups\nopen: open@groups.example.org\nTeam: team@groups.example.org",
		"help":    "Group presence: write one of these words here",
		"who":     "I do not know",
	} {
		if got := w.says("bob", domain, line); !strings.HasPrefix(got, want) {
			t.Errorf("%q: %q", line, got)
		}
	}
}

// What is said in a chat is in force as if it had been said in a form.
func TestChatSetsPolicies(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ line, want string }{
		{"share only availability", "members: availability\n"},
		{"hide ann", "hide ann@example.org\nmembers: availability\n"},
		{"hide from cid", "hide ann@example.org\nhide cid@example.org\nmembers: availability\n"},
		{"share everything with lead", "hide ann@example.org\nhide cid@example.org\nmembers: availability\nrole:lead: " + policy.All.String() + "\n"},
		{"unhide ann", "hide cid@example.org\nmembers: availability\nrole:lead: " + policy.All.String() + "\n"},
		{"share nothing with lead", "hide cid@example.org\nmembers: availability\n"},
		{"share nothing", "share no\nhide cid@example.org\nmembers: availability\n"},
		{"share status", "hide cid@example.org\nmembers: availability status\n"},
	} {
		w.now = w.now.Add(time.Minute)
		w.says("bob", team, c.line)
		a, own, err := w.group("team").Authorization(at("bob"))
		if err != nil || !own || a.String() != c.want {
			t.Errorf("%q: %q %v", c.line, a.String(), err)
		}
	}
	w.says("bob", team, "unhide cid")
	w.says("bob", team, "share default")
	if _, own, err := w.group("team").Authorization(at("bob")); own || err != nil {
		t.Error("the default is not the default", err)
	}
}

func TestChatSetsReceiving(t *testing.T) {
	w := newWorld(t)
	if _, err := w.group("team").Subscribe(t.Context(), at("bob"), at("bob"), roster.NodeGroup, nil); err != nil {
		t.Fatal(err)
	}
	rec := w.group("team").Subscriptions(at("bob"))[0]
	for _, c := range []struct {
		line, says string
		want       policy.Receiving
	}{
		{"receive nothing", "You are sent: nothing", policy.Receiving{Refuse: true}},
		{"receive everything", "You are sent: everything", policy.Receiving{}},
		{"receive only role:lead and role ops", "Only of the roles: lead, ops", policy.Receiving{Roles: []string{"lead", "ops"}}},
		{"receive only ann@example.org", "Only of: ann@example.org", policy.Receiving{Members: []string{at("ann")}}},
		{"receive only my role", "Only of: members with a role of yours", policy.Receiving{SameRole: true}},
		{"empfange nur Anwesenheit", "You are sent: being available", policy.Receiving{Attributes: policy.Counted | policy.Availability}},
		{"mute", "You are sent: nothing", policy.Receiving{Refuse: true, Attributes: policy.Counted | policy.Availability}},
		{"receive shoes", "shoes: I do not know", policy.Receiving{Refuse: true, Attributes: policy.Counted | policy.Availability}},
	} {
		w.now = w.now.Add(time.Minute)
		if got := w.says("bob", team, c.line); !strings.Contains(got, c.says) {
			t.Errorf("%q: %q", c.line, got)
		}
		r, err := w.group("team").Receiving(at("bob"), at("bob"), roster.NodeGroup, rec.ID)
		if err != nil || r.String() != c.want.String() {
			t.Errorf("%q: %q %v", c.line, r.String(), err)
		}
	}
}

// Nobody is answered who does not wait for an answer.
func TestChatIsSilent(t *testing.T) {
	w := newWorld(t)
	for _, m := range []*Message{
		{From: at("bob") + "/desk", To: team},
		{From: at("bob") + "/desk", To: team, Body: " \n"},
		{From: at("bob") + "/desk", To: team, Body: "who", Delayed: true},
		{From: team + "/group", To: domain, Body: "help"},
		{From: domain, To: domain, Body: "help"},
	} {
		if got := w.writes(m); got != "" {
			t.Errorf("%+v: %q", m, got)
		}
	}
	if got := w.writes(&Message{From: at("bob") + "/desk", To: team, Body: "This is OMEMO", Encrypted: true}); !strings.Contains(got, "encrypted") {
		t.Error(got)
	}
}

// A machine that answers every answer is soon left alone; a person who asks
// now and then is not.
func TestChatDoesNotLoop(t *testing.T) {
	w := newWorld(t)
	said, got := 0, "Hello, I am a machine!"
	for got != "" {
		if got = w.says("bob", team, "I do not know: "+got); got != "" {
			said++
		}
		if said > ration {
			t.Fatal("for ever")
		}
	}
	if said == 0 || said > ration/notUnderstood {
		t.Errorf("%d answers", said)
	}
	for n := 0; n < 100; n++ {
		w.now = w.now.Add(pause)
		if n > 5 && w.says("bob", team, "who") == "" {
			t.Fatalf("%d: not answered", n)
		}
	}
	if w.says("ann", team, "who") == "" {
		t.Error("Ann has to pay for Bob")
	}
}

func TestRationsAreBounded(t *testing.T) {
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	r := newRations(func() time.Time { return now }, ration, pause)
	for i := range 2 * maxRations {
		r.take(string(rune(i+100)), 1)
	}
	if len(r.full) != maxRations {
		t.Errorf("%d users", len(r.full))
	}
	now = now.Add(ration * pause)
	if !r.take("new", 1) || len(r.full) != 1 {
		t.Errorf("nobody was forgotten: %d", len(r.full))
	}
}

// Nobody can write lines into the answer that others get.
func TestStatusIsOneLine(t *testing.T) {
	w := newWorld(t)
	w.hear("ann", roster.Online, " gone\nBob: available \u2028Cid: \u202eelbaliava\x00 ")
	if got := w.says("bob", team, "who"); got != "Team: 2 of 3 available\nAnn: available, gone Bob: available Cid: elbaliava\nCid: away\nNot there: Bob" {
		t.Errorf("%q", got)
	}
}

// A mood and a tune are read out, on one line, to whom they are granted.
func TestWhoTellsMoods(t *testing.T) {
	w := newWorld(t)
	g := w.s.cfg.Roster.Loaded([]byte("team"))
	w.hear("ann", roster.Online, "")
	for mood, want := range map[string]string{
		"<in_awe/>":                     " · in awe",
		"<happy/><text>Friday!</text>":  " · Friday!",
		"<text>a\nBob: busy</text><x/>": " · a Bob: busy",
		"<text/>":                       "",
	} {
		g.HearItem(at("ann"), policy.Mood, []byte("<mood xmlns='http://jabber.org/protocol/mood'>"+mood+"</mood>"))
		if got := w.says("bob", team, "who"); !strings.Contains(got, "\nAnn: available"+want+"\n") {
			t.Errorf("%s: %q", mood, got)
		}
		w.now = w.now.Add(time.Minute)
	}
	g.HearItem(at("ann"), policy.Mood, nil)
	g.HearItem(at("ann"), policy.Tune, []byte("<tune xmlns='http://jabber.org/protocol/tune'><title>Starship</title><artist>Yes &amp; No</artist></tune>"))
	if got := w.says("bob", team, "who"); !strings.Contains(got, "\nAnn: available · ♪ Yes & No – Starship\n") {
		t.Errorf("%q", got)
	}
	w.now = w.now.Add(time.Minute)
	if err := w.s.cfg.Roster.SetPolicy(t.Context(), "team", at("ann"), "members: availability"); err != nil {
		t.Fatal(err)
	}
	if got := w.says("bob", team, "who"); !strings.Contains(got, "\nAnn: available\n") {
		t.Errorf("%q", got)
	}
}

func TestReadLine(t *testing.T) {
	for in, want := range map[string][]string{
		`member „Jörg Müller“ role "shift lead"`: {"Jörg Müller", "role", "shift lead"},
		`x a, b;c`:    {"a", "b", "c"},
		`x "" don't`:  {"", "don't"},
		`x "open end`: {"open end"},
		``:            nil,
	} {
		if got := readLine(in).words; !slices.Equal(got, want) {
			t.Errorf("%q: %q", in, got)
		}
	}
	if got := fold("ÜBER Straße ÀÉ"); got != "uber strasse ae" {
		t.Error(got)
	}
}
