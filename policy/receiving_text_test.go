package policy_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/policy"
)

func TestParseReceiving(t *testing.T) {
	r, err := policy.ParseReceiving(`
# what I want
members bo@example.org anna@example.org
attributes status, show
roles ops
	same-role
refuse
members	anna@example.org
roles lead ops
`)
	if err != nil {
		t.Fatal(err)
	}
	const want = `refuse
members anna@example.org
members bo@example.org
roles lead ops
same-role
attributes availability show status
`
	if got := r.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if !reflect.DeepEqual(*r, policy.Receiving{
		Refuse: true, SameRole: true,
		Members: []string{"anna@example.org", "bo@example.org"}, Roles: []string{"lead", "ops"},
		Attributes: policy.Counted | policy.Availability | policy.Show | policy.Status,
	}) {
		t.Errorf("read as %+v", r)
	}
}

func TestParseReceivingAttributes(t *testing.T) {
	for text, want := range map[string]string{
		"attributes location":                     "attributes availability location\n",
		"attributes counted":                      "attributes counted\n",
		"attributes counted availability":         "attributes availability\n",
		"attributes show\nattributes mood":        "attributes availability show mood\n",
		"attributes show, mood except mood":       "attributes availability show\n",
		"attributes availability show except all": "",
		"": "",
	} {
		r, err := policy.ParseReceiving(text)
		if want == "" && text != "" {
			if err == nil {
				t.Errorf("%q was read as %q", text, r)
			}
			continue
		}
		if err != nil || r.String() != want {
			t.Errorf("%q: got %q, %v, want %q", text, r, err, want)
		}
	}
	r, err := policy.ParseReceiving("attributes all except location")
	if err != nil || r.Attributes != policy.All&^policy.Location {
		t.Errorf("all except location is %v, %v", r, err)
	}
}

// No text is no wish, in both directions.
func TestEmptyReceiving(t *testing.T) {
	r, err := policy.ParseReceiving("\n # nothing\n")
	if err != nil || !reflect.DeepEqual(*r, policy.Receiving{}) {
		t.Errorf("read as %+v, %v", r, err)
	}
	if s := (&policy.Receiving{}).String(); s != "" {
		t.Errorf("written as %q", s)
	}
}

func TestParseReceivingRefuses(t *testing.T) {
	for text, reason := range map[string]string{
		"same-role\nsame-roles":              `line 2: "same-roles": a line begins with one of refuse, members, roles,`,
		"\n\nattributes shoe":                `line 3: attributes: unknown presence attribute "shoe"`,
		"refuse all":                         "line 1: refuse stands alone",
		"same-role yes":                      "line 1: same-role stands alone",
		"members":                            "line 1: members: nobody",
		"members  ":                          "line 1: members: nobody",
		"members a@b\nmembers bob":           `line 2: members: "bob" is not an address`,
		"members a@b/phone":                  `"a@b/phone"`,
		"members example.org":                `"example.org"`,
		"members a@b, c@d@e":                 `"c@d@e"`,
		"members \xff@b":                     `"\xff@b"`,
		"roles":                              "line 1: roles: none is named",
		"roles \xff":                         `"\xff"`,
		"attributes":                         "line 1: attributes: no attribute is named",
		"attributes except show":             "no attribute is named",
		"attributes show except show":        "no attribute is named",
		"attributes all except availability": "without availability",
		strings.Repeat("members a@b\n", policy.MaxMembers+1):    fmt.Sprintf("line %d: members: more than", policy.MaxMembers+1),
		"members" + strings.Repeat(" a@b", policy.MaxMembers+1): "line 1: members: more than",
		strings.Repeat("roles x\n", policy.MaxRoles+1):          fmt.Sprintf("line %d: roles: more than", policy.MaxRoles+1),
	} {
		r, err := policy.ParseReceiving(text)
		var line *policy.LineError
		if r != nil || !errors.As(err, &line) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%.60q: got %v, want %s", text, err, reason)
		}
	}
}

// Check guards what comes from forms as the parser guards texts.
func TestCheckReceiving(t *testing.T) {
	for reason, r := range map[string]policy.Receiving{
		`"bob"`:                {Members: []string{"a@b", "bob"}},
		`"a@b c@d"`:            {Members: []string{"a@b c@d"}},
		"members: more than":   {Members: slicesOf("a@b", policy.MaxMembers+1)},
		`roles: "two words"`:   {Roles: []string{"two words"}},
		`roles: ""`:            {Roles: []string{""}},
		"roles: more than":     {Roles: slicesOf("x", policy.MaxRoles+1)},
		"attributes: one is n": {Attributes: policy.Show | policy.Basic},
	} {
		if err := r.Check(); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("got %v, want %s", err, reason)
		}
	}
	largest := policy.Receiving{
		Members: slicesOf("a@b", policy.MaxMembers), Roles: slicesOf("x", policy.MaxRoles), Attributes: policy.All,
	}
	if err := largest.Check(); err != nil {
		t.Error(err)
	}
}

func slicesOf(s string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = s
	}
	return list
}

func receivings() *rapid.Generator[policy.Receiving] {
	words := rapid.StringOfN(rapid.RuneFrom([]rune("aé:#-'<1")), 1, 4, -1)
	addresses := rapid.Map(words, func(s string) string { return strings.NewReplacer("'", "x", "<", "y").Replace(s) + "@a.example" })
	return rapid.Custom(func(t *rapid.T) policy.Receiving {
		return policy.Receiving{
			Refuse:     rapid.Bool().Draw(t, "refuse"),
			Members:    rapid.SliceOfN(addresses, 0, 5).Draw(t, "members"),
			Roles:      rapid.SliceOfN(words, 0, 5).Draw(t, "roles"),
			SameRole:   rapid.Bool().Draw(t, "same"),
			Attributes: masks().Draw(t, "attributes"),
		}
	})
}

// What passes Check is read as it was written, and decides the same.
func TestReceivingRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := receivings().Draw(t, "r")
		if err := r.Check(); err != nil {
			t.Fatal(err)
		}
		written := r.String()
		r.Normalise()
		again, err := policy.ParseReceiving(written)
		if err != nil {
			t.Fatalf("%q: %v", written, err)
		}
		if again.String() != r.String() {
			t.Fatalf("wrote\n%sread\n%s", &r, again)
		}
		g := policy.DefaultGroup()
		s := policy.Subject{JID: rapid.SampledFrom(append(r.Members, "x@a.example")).Draw(t, "jid"),
			Roles: rapid.SampledFrom([][]string{nil, r.Roles, {"lead"}}).Draw(t, "roles")}
		w := watchers().Draw(t, "w")
		if got, want := g.Decide(noon, &s, &w, again), g.Decide(noon, &s, &w, &r); got != want {
			t.Fatalf("decided %s, now %s", want, got)
		}
	})
}

func FuzzParseReceiving(f *testing.F) {
	f.Add("refuse\nmembers a@b c@d\nroles x y\nsame-role\nattributes all except show\n")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := policy.ParseReceiving(text)
		if err != nil {
			return
		}
		if err := r.Check(); err != nil {
			t.Fatalf("%q was read, but: %v", text, err)
		}
		again, err := policy.ParseReceiving(r.String())
		if err != nil || !reflect.DeepEqual(again, r) {
			t.Fatalf("%q: written as %q: %v", text, r, err)
		}
	})
}
