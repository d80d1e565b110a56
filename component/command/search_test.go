package command

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// library is a world with a few groups more, of which one is not for Mia to
// know.
func library(t testing.TB) *world {
	w := newWorld(t)
	for _, rec := range []*roster.GroupRecord{
		{Name: "kitchen", Settings: roster.Settings{Title: "Die Küche", Description: "Wer heute kocht,\nund was", Listed: true}},
		{Name: "cellar", Settings: roster.Settings{Title: "Cellar", Description: "Wine & more", Listed: true, Attributes: []roster.Attribute{{Name: "room", Value: "B12"}}}},
		{Name: "attic", Settings: roster.Settings{Title: "Attic", Description: "kitchen things, wine"}},
	} {
		if err := w.s.cfg.Roster.CreateGroup(t.Context(), rec); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func TestSearch(t *testing.T) {
	const kitchen, cellar = "Die Küche: kitchen@groups.example.org – Wer heute kocht, und was", "Cellar: cellar@groups.example.org – Wine & more"
	const none = "There is no such group that you may know of."
	for line, want := range map[string]string{
		"search kuche":               "Groups\n" + kitchen,
		"suche KÜCHE heute":          "Groups\n" + kitchen,
		"search küche wine":          none,
		"search WINE":                "Groups\n" + cellar,
		"find wine, more":            "Groups\n" + cellar,
		"search e":                   "Groups\n" + cellar + "\n" + kitchen + "\nopen: open@groups.example.org",
		"search attic":               none,
		"search team":                none,
		"search B12":                 none, // only members see attributes
		"search":                     "Write “search shift” for the groups that have to do with shift.",
		"search \"\"":                "Words: Something must stand here.\nWrite “help search” for how it is written.",
		strings.Repeat("search ", 9): none,
	} {
		if got := library(t).says("mia", domain, line); got != want {
			t.Errorf("%q: %q", line, got)
		}
	}
	w := library(t)
	got := strings.ReplaceAll(w.command("mia", domain, "search", "", submit("for=kuche")), "\"", "'")
	if !strings.Contains(got, "var='kitchen@groups.example.org' label='Die Küche'") && !strings.Contains(got, "label='Die Küche' var='kitchen@groups.example.org'") {
		t.Error(got)
	}
	if got := w.says("ann", domain, "search team"); got != "Groups\nTeam: team@groups.example.org" {
		t.Error(got)
	}
}

// A search finds no more than fits, and nobody searches all day.
func TestSearchIsBounded(t *testing.T) {
	w := newWorld(t)
	for i := range 60 {
		rec := &roster.GroupRecord{Name: fmt.Sprintf("group%02d", i), Settings: roster.Settings{Listed: true}}
		if err := w.s.cfg.Roster.CreateGroup(t.Context(), rec); err != nil {
			t.Fatal(err)
		}
	}
	got := w.says("mia", domain, "search group")
	if all := strings.Split(got, "\n"); len(all) != maxFound+2 || all[len(all)-1] != "There are more. Please say more of what you look for." {
		t.Error(got)
	}
	if got := w.says("mia", domain, "groups"); strings.Count(got, "\n") != maxListed+1 || !strings.HasSuffix(got, "And 11 more.") {
		t.Error(got)
	}
	for range searches - 1 {
		w.command("mia", domain, "search", "", submit("for=x"))
	}
	if got := w.command("mia", domain, "search", "", submit("for=x")); !strings.Contains(got, "Not so many at once.") {
		t.Error(got)
	}
	w.now = w.now.Add(time.Minute)
	if got := w.command("mia", domain, "search", "", submit("for="+strings.Repeat("x", 5000))); !strings.Contains(got, "There is no such group") {
		t.Error(got)
	}
}

// FuzzSearch looks for anything: nobody finds what he may not know of.
func FuzzSearch(f *testing.F) {
	w := library(f)
	for _, s := range []string{"kuche", "team", "e", "\u0301", "ß ss", "\ufffe", "attic kitchen"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		w.t, w.now = t, w.now.Add(time.Hour)
		got := w.says("mia", domain, "search "+text)
		if strings.Contains(got, "attic@") || strings.Contains(got, "team@") || len(got) > maxAnswer {
			t.Error(got)
		}
	})
}
