package pubsub

import (
	"errors"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/roster"
)

func read(t *testing.T, s string) (string, error) {
	t.Helper()
	var w wireAuthorization
	if err := decode([]byte(s), &w); err != nil {
		t.Fatal(err)
	}
	a, err := w.policy()
	if err != nil {
		return "", err
	}
	return string(appendRules(appendAuthorization(nil, a), a.Rules)) + "</authorization>", nil
}

func TestAuthorizationRoundTrip(t *testing.T) {
	const want = `<authorization xmlns='urn:xmpp:tmp:group-presence:0' share='true' hide='jid:eve@example.org'>` +
		`<rule who='members' attributes='availability show status'/>` +
		`<rule who='outsiders' attributes='counted'/>` +
		`<rule who='jid:bob@example.org' attributes='location' from='2026-01-01T08:00:00Z' until='2026-01-01T18:00:00Z'/>` +
		`<rule who='domain:example.net' attributes='availability'/></authorization>`
	for _, s := range []string{want, `<authorization xmlns='urn:xmpp:tmp:group-presence:0' hide='eve@EXAMPLE.org'>` +
		`<rule who='domain:Example.NET' attributes='availability'/>` +
		`<rule until='2026-01-01T19:00:00+01:00' from='2026-01-01T08:00:00Z' attributes='location' who='jid:Bob@example.org'/>` +
		`<rule who='outsiders' attributes='counted'/>` +
		`<rule who='outsiders' attributes='counted'/>` +
		`<rule who='members' attributes='status  availability show'/></authorization>`} {
		got, err := read(t, s)
		if err != nil || got != want {
			t.Errorf("got  %s %v\nwant %s", got, err, want)
		}
	}
}

func TestAuthorizationRefusals(t *testing.T) {
	for body, field := range map[string]string{
		`share='perhaps'`: "share",
		`hide='jid:@'`:    "hide",
		`><rule who='friends' attributes='show'/`:                                                          "rule[0].who",
		`><rule who='members' attributes='show'/><rule who='jid:a@b/c' attributes='show'/`:                 "rule[1].who",
		`><rule who='domain:a@b' attributes='show'/`:                                                       "rule[0].who",
		`><rule who='members' attributes='shoe'/`:                                                          "rule[0].attributes",
		`><rule who='members' attributes='show' except='shoe'/`:                                            "rule[0].except",
		`><rule who='members' attributes='show' from='now'/`:                                               "rule[0].from",
		`><rule who='members' attributes='show' until='now'/`:                                              "rule[0].until",
		`><rule who='members' attributes=''/`:                                                              "rule",
		`>` + strings.Repeat(`<rule who='members' attributes='show'/>`, 1001) + `<x/`:                      "rule",
		`><rule who='members' attributes='show' from='2026-01-02T00:00:00Z' until='2026-01-01T00:00:00Z'/`: "rule",
	} {
		_, err := read(t, `<authorization xmlns='urn:xmpp:tmp:group-presence:0' `+body+`></authorization>`)
		var invalid *roster.InvalidError
		if !errors.As(err, &invalid) || invalid.Field != field {
			t.Errorf("%.80s: got %v, want field %s", body, err, field)
		}
	}
}
