package exchange_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/exchange"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
	"github.com/rollcall-xmpp/rollcall/store/storetest"
)

// fill gives every field a value of its own, so that a field that is added and
// not exported is found.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n)
	case reflect.String:
		v.SetString(strings.Repeat("x", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(int64(*n))
	case reflect.Uint8:
		v.SetUint(1)
	default:
		panic(v.Kind().String())
	}
}

func again(t rapid.TB, all ...*roster.GroupRecord) (got []*roster.GroupRecord) {
	t.Helper()
	var out bytes.Buffer
	w := exchange.NewWriter(&out)
	for _, rec := range all {
		g := exchange.Of(rec)
		if err := w.Group(&g); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	err := exchange.Read(&out, func(g *exchange.Group) error {
		rec, err := g.Record()
		got = append(got, rec)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestNoFieldIsLost(t *testing.T) {
	rec, n := &roster.GroupRecord{}, 0
	fill(reflect.ValueOf(rec).Elem(), &n)
	if got := again(t, rec); !reflect.DeepEqual(got, []*roster.GroupRecord{rec}) {
		t.Errorf("got\n%+v\nwant\n%+v", got[0], rec)
	}
}

// Whatever a store can hold comes back.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := []*roster.GroupRecord{storetest.DrawGroup(t, "one"), storetest.DrawGroup(t, "two")}
		kept := store.Memory()
		for i, rec := range all {
			if err := kept.CreateGroup(t.Context(), rec); err != nil {
				t.Fatal(err)
			}
			var err error
			if all[i], err = kept.GetGroup(t.Context(), rec.Name); err != nil {
				t.Fatal(err)
			}
		}
		if got := again(t, all...); !reflect.DeepEqual(got, all) {
			t.Fatalf("got\n%+v\nwant\n%+v", got[0], all[0])
		}
	})
}

func TestReadRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "is no export",
		"[]":                            "is no export",
		`{"groups": []}`:                "is no export",
		`{"format": "x", "groups": []}`: "is no export",
		`{"format": "rollcall", "version": 2, "groups": []}`:                             "version 2 of the format is not known",
		`{"format": "rollcall", "version": 1, "more": 1}`:                                "more is not known",
		`{"format": "rollcall", "version": 1, "groups": [{"name": "a", "size": 1}]}`:     `unknown field "size"`,
		`{"format": "rollcall", "version": 1, "groups": [{"name": "a"}`:                  "ends too early",
		`{"format": "rollcall", "version": 1, "groups": [{"name": "a", "payload": "x"}]`: "payload",
	} {
		err := exchange.Read(strings.NewReader(text), func(g *exchange.Group) error {
			_, err := g.Record()
			return err
		})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestProsody(t *testing.T) {
	f, err := exchange.Prosody(strings.NewReader(`nobody@example.org

[+Support Team]
  alice@example.org=Alice Adams
Bob@Example.org
bob@example.org=again
# no comment there
[Field/Ops]
carol@example.org =Carol
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []exchange.Group{
		{Name: "default", Title: "default", Members: []exchange.Member{{JID: "nobody@example.org"}}},
		{Name: "support-team", Title: "Support Team", Listed: true, Members: []exchange.Member{{JID: "alice@example.org", Nick: "Alice Adams"}, {JID: "bob@example.org"}}},
		{Name: "field-ops", Title: "Field/Ops", Members: []exchange.Member{{JID: "carol@example.org", Nick: "Carol"}}},
	}
	if !reflect.DeepEqual(f.Groups, want) || !reflect.DeepEqual(f.Ignored, []string{"line 7: # no comment there"}) {
		t.Errorf("got %+v, %q", f.Groups, f.Ignored)
	}
}

func TestEjabberd(t *testing.T) {
	f, err := exchange.Ejabberd(strings.NewReader("[support]\nlabel\tSupport\ndescription\tWho helps\ndisplayed_groups\t[<<\"support\">>]\n" +
		"alice@example.org\n@online@\n[empty]\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []exchange.Group{
		{Name: "support", Title: "Support", Description: "Who helps", Members: []exchange.Member{{JID: "alice@example.org"}}},
		{Name: "empty", Title: "empty"},
	}
	if !reflect.DeepEqual(f.Groups, want) || len(f.Ignored) != 2 {
		t.Errorf("got %+v, %q", f.Groups, f.Ignored)
	}
}

// Groups whose names differ only in what an address cannot have stay apart.
func TestNamesStayApart(t *testing.T) {
	f, err := exchange.Prosody(strings.NewReader("[R&D]\na@x\n[R/D]\nb@x\n[]\nc@x\n[R&D]\nd@x\n"))
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, g := range f.Groups {
		got += g.Name + ":"
		for _, m := range g.Members {
			got += " " + m.JID
		}
		got += "\n"
	}
	if want := "r-d: a@x d@x\nr-d-2: b@x\ngroup: c@x\n"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
