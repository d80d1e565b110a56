package command

import (
	"encoding/xml"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// registers sends a registration; the answer without what is not of interest.
func (w *world) registers(name, to, typ, inner string) string {
	w.t.Helper()
	got := w.iq(name, to, typ, "<query xmlns='jabber:iq:register'>"+inner+"</query>")
	got = strings.ReplaceAll(got, "\"", "'")
	for _, cut := range []string{"<iq type='", " from='" + to + "'", " to='" + at(name) + "/desk'", " id='q'", " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'", "</iq>"} {
		got = strings.ReplaceAll(got, cut, "")
	}
	return got
}

// joins sets how one joins.
func (w *world) joins(group string, rule roster.JoinRule) {
	w.t.Helper()
	if err := w.s.cfg.Roster.UpdateGroup(w.t.Context(), group, func(s *roster.Settings) error { s.Join = rule; return nil }); err != nil {
		w.t.Fatal(err)
	}
}

// To register is to join by the group's rule.
func TestRegister(t *testing.T) {
	w := newWorld(t)
	const nobody = "error'><error type='cancel'><item-not-found/></error>"
	for _, to := range []string{team, "unused@" + domain} {
		for typ, inner := range map[string]string{"get": "", "set": "<nick>Mia</nick>", "set ": "<remove/>"} {
			if got := w.registers("mia", to, strings.TrimSpace(typ), inner); got != nobody {
				t.Errorf("%s %s: %s", to, inner, got)
			}
		}
	}
	feature := func(name string) bool {
		return strings.Contains(w.iq(name, open, "get", "<query xmlns='http://jabber.org/protocol/disco#info'/>"), "<feature var='jabber:iq:register'/>")
	}
	const closed = "error'><error type='cancel'><not-allowed/><text>Only who is invited can join.</text></error>"
	if got := w.registers("mia", open, "get", "") + w.registers("mia", open, "set", ""); got != closed+closed || feature("mia") {
		t.Error(got)
	}

	w.joins("open", roster.Open)
	if !feature("mia") {
		t.Error("nobody is told that he can register")
	}
	form := w.registers("mia", open, "get", "")
	for _, want := range []string{"<instructions>Others will see of you – Members: everything but location", "<nick></nick>", "<value>jabber:iq:register</value>", "type='form'", "var='nick'"} {
		if !strings.Contains(form, want) {
			t.Errorf("%s is not in %s", want, form)
		}
	}
	if strings.Contains(form, "<registered/>") {
		t.Error(form)
	}
	if got := w.registers("mia", open, "set", "<nick>Mia</nick>"); got != "result'>" {
		t.Error(got)
	}
	if got := w.registers("mia", open, "get", ""); !strings.Contains(got, "<registered/><instructions>You are a member of open now.</instructions><nick>Mia</nick>") {
		t.Error(got)
	}
	if got := w.registers("mia", open, "set", submit("FORM_TYPE=jabber:iq:register", "nick=Mimi")); got != "result'>" {
		t.Error(got)
	}
	if got := w.registers("mia", open, "get", ""); !strings.Contains(got, "<nick>Mimi</nick>") {
		t.Error(got)
	}
	if got := w.registers("mia", open, "set", "<remove/>"); got != "result'>" {
		t.Error(got)
	}
	if _, err := w.group("open").Member(at("mia")); err == nil {
		t.Error("who cancelled is still a member")
	}
	if got := w.registers("mia", open, "set", "<remove/>"); got != "error'><error type='auth'><registration-required/></error>" {
		t.Error(got)
	}
}

// Who must wait is told so, and can take it back; who was turned away is not
// asked about again.
func TestRegisterWaits(t *testing.T) {
	w := newWorld(t)
	w.joins("open", roster.Approve)
	const asked = "The admins of open are asked. You will be told what they say."
	if got := w.registers("mia", open, "set", "<nick>Mia</nick>"); got != "result'>" {
		t.Error(got)
	}
	if got := w.tells()["mia"]; !strings.Contains(got, "<body>"+asked) || attr(got, "to") != at("mia")+"/desk" {
		t.Error(got)
	}
	if got := w.registers("mia", open, "get", ""); !strings.Contains(got, "<instructions>"+asked) || strings.Contains(got, "<registered/>") {
		t.Error(got)
	}
	if got := w.registers("mia", open, "set", "<remove/>"); got != "result'>" {
		t.Error(got)
	}
	w.registers("mia", open, "set", "")
	if err := w.group("open").Reject(t.Context(), at("root"), at("mia")); err != nil {
		t.Fatal(err)
	}
	if got := w.registers("mia", open, "set", ""); got != "error'><error type='cancel'><not-allowed/><text>There was a no before, and nobody is asked twice.</text></error>" {
		t.Error(got)
	}
	if err := w.group("open").Ban(t.Context(), at("root"), at("mia")); err != nil {
		t.Fatal(err)
	}
	if got := w.registers("mia", open, "get", ""); !strings.Contains(got, "<not-allowed/>") {
		t.Error(got)
	}
}

// What makes no sense changes nothing; the service itself points to groups.
func TestRegisterIsPicky(t *testing.T) {
	w := newWorld(t)
	w.joins("open", roster.Open)
	for inner, want := range map[string]string{
		"<remove/><nick>x</nick>":                        "<bad-request/>",
		"<remove/><remove xmlns='x'/>":                   "<bad-request/>",
		"<username>mia</username><password>x</password>": "<bad-request/>",
		submit("FORM_TYPE=pubsub", "nick=x"):             "<bad-request/>",
		"<x xmlns='jabber:x:data' type='cancel'/>":       "result'>",
		"<nick>" + strings.Repeat("x", 2000) + "</nick>": "<not-acceptable/>",
	} {
		if got := w.registers("mia", open, "set", inner); !strings.Contains(got, want) {
			t.Errorf("%.60s: %s", inner, got)
		}
	}
	if _, err := w.group("open").Member(at("mia")); err == nil {
		t.Error("she is a member")
	}
	const elsewhere = "error'><error type='cancel'><feature-not-implemented/><text>You join each group by itself: look at the groups here.</text></error>"
	if got := w.registers("mia", domain, "get", ""); got != elsewhere {
		t.Error(got)
	}
	if got := w.registers("mia", domain, "set", "<nick>x</nick>"); got != elsewhere {
		t.Error(got)
	}
}

// FuzzRegister sends anything: there is one answer, of bounded size, and to a
// stranger of team it is that of an unused name.
func FuzzRegister(f *testing.F) {
	for _, s := range []string{"", "<remove/>", "<nick>x</nick>", "<nick><nick>x</nick></nick>", submit("nick=x", "nick=y"), submit("FORM_TYPE=jabber:iq:register", "nick=\u202e"),
		"<x xmlns='jabber:x:data' type='cancel'/>", "<remove/><x xmlns='jabber:x:data'/>", "<nick>\ufffe</nick>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, inner string) {
		payload := []byte("<query xmlns='" + pubsub.NSRegister + "'>" + inner + "</query>")
		if xml.Unmarshal(payload, new(struct{})) != nil || !utf8.Valid(payload) {
			return // no server would pass it on
		}
		w := newWorld(t)
		w.joins("open", roster.Open)
		asks := func(to string) string {
			group, _, _ := strings.Cut(to, "@")
			q := &pubsub.Request{Set: true, From: at("mia") + "/desk", To: to, Group: group, ID: "q", Space: pubsub.NSRegister, Local: "query", Payload: payload}
			b := w.s.Handle(t.Context(), nil, q)
			if all := stanzas(t, b); len(all) != 1 || len(b) > maxSent {
				t.Fatalf("%d answers of %d bytes", len(all), len(b))
			}
			return strings.ReplaceAll(string(b), to, "")
		}
		asks(open)
		if a, b := asks(team), asks("unused@"+domain); a != b {
			t.Errorf("%s\n%s", a, b)
		}
	})
}
