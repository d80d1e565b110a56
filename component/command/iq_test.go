package command

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

const (
	team   = "team@" + domain
	open   = "open@" + domain
	unused = "unused@" + domain
)

// Each word as a command, from the form to what it says.
func TestCommands(t *testing.T) {
	for _, c := range []struct {
		who, to, word string
		form          []string // what the form must show; nil: it runs at once
		typed         []string
		says          []string
		never         string
	}{
		{who: "bob", to: team, word: "who", says: []string{"Team: 2 of 3 available", "label=\"Ann\"", "busy, On a &lt;call&gt;", "label=\"Cid\"", "away", "Bob"}},
		{who: "bob", to: domain, word: "groups", says: []string{team, open, "label=\"Team\""}},
		{who: "mia", to: domain, word: "groups", says: []string{open}, never: "team"},
		{who: "ann", to: domain, word: "mine", says: []string{team}, never: "open"},
		{who: "mia", to: domain, word: "mine", says: []string{"You are in no group here."}},
		{who: "mia", to: domain, word: "help", says: []string{"the groups here"}, never: "share"},
		{who: "bob", to: team, word: "help", says: []string{"what others see of you", "who is there"}},
		{who: "mia", to: open, word: "help", says: []string{"share"}, never: "who is there"},
		{who: "ann", to: team, word: "authorize", form: []string{"everything but location and other addresses", "<value>default</value>", "members: all except location addresses"},
			typed: []string{"what=availability", "hide=bob@example.org"}, says: []string{"being available", "Always offline for", at("bob")}},
		{who: "ann", to: team, word: "authorize", form: []string{"Members see"}, typed: []string{"what=nothing", "rules=members: all except location addresses"}, says: []string{"Everybody", "nothing"}},
		{who: "ann", to: team, word: "authorize", form: []string{"Members see"}, typed: []string{"what=rules", "rules=role:lead: availability show|members: counted"},
			says: []string{"Members with the role lead", "away or busy", "being counted"}},
		{who: "bob", to: team, word: "receive", form: []string{"Send me who is there"}, typed: []string{"deliver=0"}, says: []string{"You have neither a subscription"}},
		{who: "cid", to: team, word: "configure", form: []string{"Who may watch", "<value>members</value>", "role:lead", "<value>members: all except location addresses</value>"},
			typed: []string{"name=The <Team>", "description=One|two", "language=de", "listed=1", "attributes=phone=123", "watch=members|role:lead", "watch-list=example.com, eve@example.org",
				"basic=anyone", "default-authorization=members: availability", "require=availability", "collect=counted|availability|show", "collect-from=ann@example.org", "payload=combined", "delivery=5000"},
			says: []string{"The &lt;Team&gt;", "One", "phone=123", "domain:example.com", "jid:eve@example.org", "Everybody", "being available, away or busy", "jid:ann@example.org", "both in one", "5000"}},
	} {
		t.Run(c.word+" "+c.who, func(t *testing.T) {
			w := newWorld(t)
			got := w.command(c.who, c.to, c.word, "", "")
			if c.form != nil {
				if attr(got, "status") != "executing" {
					t.Fatal(got)
				}
				for _, s := range c.form {
					if !strings.Contains(got, s) {
						t.Errorf("no %q in the form %s", s, got)
					}
				}
				session := attr(got, "sessionid")
				got = w.command(c.who, c.to, c.word, " sessionid='"+session+"' action='complete'", submit(c.typed...))
				if attr(got, "sessionid") != session {
					t.Errorf("another session: %s", got)
				}
			}
			if attr(got, "status") != "completed" {
				t.Fatal(got)
			}
			for _, s := range c.says {
				if !strings.Contains(got, s) {
					t.Errorf("no %q in %s", s, got)
				}
			}
			if c.never != "" && strings.Contains(got, c.never) {
				t.Errorf("%q in %s", c.never, got)
			}
			if strings.Contains(got, "reported") || strings.Contains(got, "<item") {
				t.Errorf("a table: %s", got)
			}
		})
	}
}

// A stranger gets the same bytes from an unlisted group and from an unused
// name, whatever he asks for.
func TestStrangers(t *testing.T) {
	w := newWorld(t)
	for _, payload := range []string{
		"<query xmlns='http://jabber.org/protocol/disco#items' node='" + NS + "'/>",
		"<query xmlns='http://jabber.org/protocol/disco#info' node='" + NS + "'/>",
		"<query xmlns='http://jabber.org/protocol/disco#info' node='" + pubsub.NS + "#who'/>",
		"<query xmlns='http://jabber.org/protocol/disco#items' node='" + pubsub.NS + "#who'/>",
		"<query xmlns='http://jabber.org/protocol/disco#items' node='" + pubsub.NS + "#none'/>",
		"<command xmlns='" + NS + "' node='" + pubsub.NS + "#who'/>",
		"<command xmlns='" + NS + "' node='" + pubsub.NS + "#authorize' sessionid='x' action='complete'>" + submit("what=nothing") + "</command>",
		"<command xmlns='" + NS + "' node='nothing'/>",
		"<command xmlns='" + NS + "' action='prev'/>",
		"<other xmlns='" + NS + "'/>",
	} {
		for _, typ := range []string{"get", "set"} {
			a, b := w.iq("mia", team, typ, payload), w.iq("mia", unused, typ, payload)
			if strings.ReplaceAll(a, "team@", "unused@") != b || !strings.Contains(b, "item-not-found") {
				t.Errorf("%s %s:\n%s\n%s", typ, payload, a, b)
			}
		}
	}
	for _, m := range []*Message{{Body: "who"}, {}, {Body: "help", Delayed: true}, {Encrypted: true}, {Body: "nonsense"}} {
		m.From, m.To = at("mia")+"/desk", team
		a := w.writes(m)
		m.To = unused
		if b := w.writes(m); a != b || a != "nobody" {
			t.Errorf("%+v: %q %q", m, a, b)
		}
	}
}

// Nobody is shown, or may use, what is not for him.
func TestWordsAreForSome(t *testing.T) {
	w := newWorld(t)
	list := "<query xmlns='http://jabber.org/protocol/disco#items' node='" + NS + "'/>"
	names := func(who, to string) (all []string) {
		for _, item := range strings.Split(w.iq(who, to, "get", list), "<item ")[1:] {
			all = append(all, strings.TrimPrefix(attr(" "+item, "node"), pubsub.NS+"#"))
		}
		return all
	}
	for _, c := range []struct{ who, to, want string }{
		{"bob", team, "[who authorize location combine receive explain watchers tell willing trust leave nick help]"},
		{"cid", team, "[who authorize location combine receive explain watchers tell willing trust leave nick invite approve member remove configure webhook help]"},
		{"mia", open, "[authorize help]"},
		{"mia", domain, "[groups search mine help]"},
		{"bob", domain, "[willing groups search mine create help]"},
		{"root", team, "[authorize invite approve member remove configure webhook delete help]"},
		{"mia", team, "[]"},
	} {
		if got := fmt.Sprint(names(c.who, c.to)); got != c.want {
			t.Errorf("%s at %s: %s", c.who, c.to, got)
		}
	}
	for _, word := range []string{"who", "receive"} {
		if got := w.command("mia", open, word, "", ""); !strings.Contains(got, "<forbidden") {
			t.Errorf("%s: %s", word, got)
		}
		info := w.iq("mia", open, "get", "<query xmlns='http://jabber.org/protocol/disco#info' node='"+pubsub.NS+"#"+word+"'/>")
		if !strings.Contains(info, "item-not-found") {
			t.Error(info)
		}
	}
	for _, word := range []string{"groups", "nothing", ""} {
		if got := w.command("bob", team, word, "", ""); !strings.Contains(got, "item-not-found") {
			t.Errorf("%s: %s", word, got)
		}
	}
	if got := w.says("mia", open, "who"); !strings.Contains(got, "I do not know") {
		t.Error(got)
	}
}

// Clients do not agree on which action submits a form.
func TestActions(t *testing.T) {
	for _, action := range []string{"", " action='execute'", " action='next'", " action='complete'"} {
		w := newWorld(t)
		f := w.command("bob", team, "authorize", "", "")
		got := w.command("bob", team, "authorize", " sessionid='"+attr(f, "sessionid")+"'"+action, submit("what=availability"))
		if attr(got, "status") != "completed" {
			t.Errorf("%s: %s", action, got)
		}
		if a, own, err := w.group("team").Authorization(at("bob")); err != nil || !own || a.String() != "members: availability\n" {
			t.Errorf("%s: %q %v", action, a.String(), err)
		}
	}
	w := newWorld(t)
	f := w.command("bob", team, "authorize", "", "")
	session := " sessionid='" + attr(f, "sessionid") + "'"
	for action, want := range map[string]string{"prev": "<bad-action", "jump": "<malformed-action"} {
		if got := w.command("bob", team, "authorize", session+" action='"+action+"'", ""); !strings.Contains(got, want) || !strings.Contains(got, "type='error'") {
			t.Errorf("%s: %s", action, got)
		}
	}
	if got := w.command("bob", team, "authorize", session+" action='cancel'", ""); attr(got, "status") != "canceled" {
		t.Error(got)
	}
	if got := w.command("bob", team, "authorize", session+" action='complete'", submit("what=nothing")); !strings.Contains(got, "<bad-sessionid") {
		t.Error(got)
	}
	if got := w.command("bob", team, "authorize", " action='cancel'", ""); !strings.Contains(got, "<bad-action") {
		t.Error(got)
	}
	// A bot that knows the form needs no session.
	if got := w.command("bob", team, "authorize", "", submit("what=nothing")); attr(got, "status") != "completed" {
		t.Error(got)
	}
}

// What makes no sense brings the form back, with what is wrong and with all
// that was typed; nothing has changed.
func TestWrongValuesKeepWhatWasTyped(t *testing.T) {
	w := newWorld(t)
	f := w.command("bob", team, "authorize", "", "")
	session := " sessionid='" + attr(f, "sessionid") + "'"
	for _, c := range []struct {
		typed []string
		want  []string
	}{
		{[]string{"what=rules", "rules=members: availability|members: shoes", "hide=ann@example.org"}, []string{"Line 2", "shoes", at("ann"), "<value>rules</value>"}},
		{[]string{"what=rules", "hide=not an address"}, []string{"is not an address like", "not an address"}},
		{[]string{"what=rules", "rules=jid:@@: show"}, []string{"jid:@@"}},
		{[]string{"what=most|everything", "hide="}, []string{"Only one of these"}},
		{[]string{"what=sesame"}, []string{"is not one of the choices", "sesame"}},
		{[]string{"what="}, []string{"Something must stand here"}},
	} {
		got := w.command("bob", team, "authorize", session+" action='complete'", submit(c.typed...))
		if attr(got, "status") != "executing" || attr(got, "sessionid") != attr(f, "sessionid") || !strings.Contains(got, "<note type='error'>") {
			t.Fatal(got)
		}
		for _, s := range c.want {
			if !strings.Contains(got, s) {
				t.Errorf("no %q in %s", s, got)
			}
		}
	}
	if _, own, err := w.group("team").Authorization(at("bob")); own || err != nil {
		t.Error("something was changed", err)
	}
	if got := w.command("bob", team, "authorize", session+" action='complete'", submit("what=nothing")); attr(got, "status") != "completed" {
		t.Error(got)
	}
}

// Hostile forms cost themselves and nobody else.
func TestHostileForms(t *testing.T) {
	w := newWorld(t)
	f := w.command("bob", team, "authorize", "", "")
	id := attr(f, "sessionid")
	many := make([]string, 10_000)
	for i := range many {
		many[i] = fmt.Sprintf("f%d=v", i)
	}
	session := " sessionid='" + id + "' action='complete'"
	for _, c := range []struct{ name, who, to, word, attrs, inner, want string }{
		{"10,000 fields", "bob", team, "authorize", session, submit(many...), "<bad-request"},
		{"150 fields", "bob", team, "authorize", session, submit(many[:150]...), "<bad-payload"},
		{"a huge value", "bob", team, "authorize", session, submit("rules=" + strings.Repeat("x", 1<<20)), "<bad-request"},
		{"many values", "bob", team, "authorize", session, submit("rules=" + strings.Repeat("|", 5000)), "<bad-payload"},
		{"a large value", "bob", team, "authorize", session, submit("what=rules", "rules="+strings.Repeat("x", 50_000)), "status='executing'"},
		{"twice the same field", "bob", team, "authorize", session, submit("what=nothing", "what=everything"), "<bad-payload"},
		{"another form", "bob", team, "authorize", session, submit("FORM_TYPE=jabber:iq:register", "what=nothing"), "<bad-payload"},
		{"another user's session", "ann", team, "authorize", session, submit("what=nothing"), "<bad-sessionid"},
		{"another word's session", "bob", team, "receive", session, submit("deliver=0"), "<bad-sessionid"},
		{"another group's session", "bob", open, "authorize", session, submit("what=nothing"), "<bad-sessionid"},
		{"a guessed session", "bob", team, "authorize", " sessionid='1'", submit("what=nothing"), "<bad-sessionid"},
	} {
		if got := w.command(c.who, c.to, c.word, c.attrs, c.inner); !strings.Contains(got, c.want) {
			t.Errorf("%s: %.300s", c.name, got)
		}
	}
	for _, name := range []string{"ann", "bob"} {
		if _, own, err := w.group("team").Authorization(at(name)); own || err != nil {
			t.Errorf("%s's policy was changed: %v", name, err)
		}
	}
}

// A form is in the language of the request.
func TestCommandSpeaksGerman(t *testing.T) {
	w := newWorld(t)
	got := w.command("bob", team, "who", " xml:lang='de'", "")
	for _, s := range []string{"xml:lang='de'", "Team: 2 von 3 da", "beschäftigt", "Nicht da"} {
		if !strings.Contains(got, s) {
			t.Errorf("no %q in %s", s, got)
		}
	}
}

// An answer has a bound however many members there are, and says how many more
// there are.
func TestManyMembers(t *testing.T) {
	w := newWorld(t)
	var recs []roster.MemberRecord
	for i := range 1000 {
		recs = append(recs, member(fmt.Sprintf("m%03d", i)))
	}
	if err := w.s.cfg.Roster.AddMembers(t.Context(), "team", recs...); err != nil {
		t.Fatal(err)
	}
	for i := range 500 {
		w.hear(fmt.Sprintf("m%03d", i), roster.Online, strings.Repeat("long ", 200))
	}
	got := w.command("bob", team, "who", "", "")
	if len(got) > 32<<10 || !strings.Contains(got, "502 of 1,003 available") || !strings.Contains(got, "And 452 more.") || !strings.Contains(got, "471 more") {
		t.Errorf("%d bytes: %.300s … %s", len(got), got, got[len(got)-300:])
	}
	text := w.says("bob", team, "who")
	if len(text) > maxAnswer || !strings.Contains(text, "502 of 1,003") || !strings.Contains(text, "And 477 more.") {
		t.Errorf("%d bytes: %.300s", len(text), text)
	}
}
