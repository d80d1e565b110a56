package policy_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/policy"
)

func TestParseAuthorization(t *testing.T) {
	a, err := policy.ParseAuthorization(`
# what I let others see
hide eve@example.org mallory@example.org
role:lead: all except location
members: availability, show status
jid:bob@example.org: location from 2026-01-01T08:00:00Z until 2026-01-01T19:00:00+01:00
share no
`)
	if err != nil {
		t.Fatal(err)
	}
	const want = `share no
hide eve@example.org
hide mallory@example.org
members: availability show status
role:lead: counted availability connection show status devices idle capabilities mood activity tune interests language location nickname avatar timezone addresses willingness except location
jid:bob@example.org: location from 2026-01-01T08:00:00Z until 2026-01-01T18:00:00Z
`
	if got := a.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestParseAuthorizationRefuses(t *testing.T) {
	for text, reason := range map[string]string{
		"members: availability\nmembers availability": "line 2: ",
		"everybody: show":                 "everybody",
		"members: shoe":                   `"shoe"`,
		"members: ":                       "a rule is written like",
		"members: except show":            "no attribute",
		"jid:bob: show":                   "not an address",
		"jid:bob@example.org/phone: show": "not an address",
		"domain:a@b: show":                "not a domain",
		"hide nobody":                     `"nobody"`,
		"share maybe":                     "yes or no",
		"members: show from":              "missing",
		"members: show from yesterday":    `"yesterday"`,
		"members: show from 2026-01-02T00:00:00Z until 2026-01-01T00:00:00Z": "before it begins",
		strings.Repeat("hide a@b\n", policy.MaxHide+1):                       "more than",
		strings.Repeat("members: show\n", policy.MaxRules+1):                 "more than",
	} {
		_, err := policy.ParseAuthorization(text)
		var line *policy.LineError
		if !errors.As(err, &line) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%.60q: got %v, want something about %s", text, err, reason)
		}
	}
}

// What is written is read as the same policy, and grants the same.
func TestTextRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := auths().Draw(t, "a")
		for i := range a.Rules {
			a.Rules[i].Attributes |= policy.Counted // a rule grants something
		}
		a.Share = rapid.Bool().Draw(t, "share")
		w := watchers().Draw(t, "w")
		before := a.Grants(noon, &w)
		b, err := policy.ParseAuthorization(a.String())
		if err != nil {
			t.Fatal(err)
		}
		a.Normalise()
		if !reflect.DeepEqual(a.Rules, b.Rules) && len(a.Rules)+len(b.Rules) > 0 || a.Share != b.Share {
			t.Fatalf("wrote\n%sread\n%s", a.String(), b)
		}
		if got := b.Grants(noon, &w); got != before {
			t.Fatalf("granted %s, now %s", before, got)
		}
	})
}

func FuzzParseAuthorization(f *testing.F) {
	f.Add("share no\nhide a@b\nrole:x: all except show until 2026-01-01T00:00:00Z\n")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := policy.ParseAuthorization(text)
		if err != nil {
			return
		}
		b, err := policy.ParseAuthorization(a.String())
		if err != nil || b.String() != a.String() {
			t.Fatalf("%q: written as %q: %v", text, a, err)
		}
	})
}

// A name that the text form would cut is none: from the store it would come
// back as another one.
func TestNamesAreWords(t *testing.T) {
	for _, name := range []string{"a\u00a0", "a b", "\u2003a", "a\r", "\xff"} {
		a := &policy.Authorization{Share: true, Rules: []policy.Rule{{Who: policy.Who{Class: policy.Role, Name: name}, Attributes: policy.Availability}}}
		if err := a.Check(); err == nil {
			t.Errorf("role %q is a name", name)
		}
	}
}
