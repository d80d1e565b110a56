package command

import "testing"

// Of instructions in several lines Profanity and Converse show the first only.
func TestParagraph(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "",
		"Now: Members: everything":    "Now: Members: everything",
		"Now: nothing\nYou said so.":  "Now: nothing. You said so.",
		"Is it so?\nIt is:\nyes\nyes": "Is it so? It is: yes. yes",
	} {
		if got := paragraph(text); got != want {
			t.Errorf("paragraph(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestAnd(t *testing.T) {
	english, german := newLanguages().pick("en"), newLanguages().pick("de")
	for _, x := range []struct {
		lang language
		all  []string
		want string
	}{
		{english, []string{"a"}, "a"},
		{english, []string{"a", "b"}, "a and b"},
		{german, []string{"a", "b", "c"}, "a, b und c"},
	} {
		if got := (&call{lang: x.lang}).and(x.all); got != x.want {
			t.Errorf("and(%q) = %q, want %q", x.all, got, x.want)
		}
	}
}
