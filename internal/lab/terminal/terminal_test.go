package terminal

import "testing"

func TestPrompt(t *testing.T) {
	for screen, want := range map[string]string{
		"": "",
		" 0.Roster   │Info\n            │Enter commands with “/”.\n": "Enter commands with “/”.",
		" 0.Roster   │Info\n            │/add team@groups\n\n":       "/add team@groups",
		"a line\n/typed here ": "/typed here",
	} {
		if got := prompt(screen); got != want {
			t.Errorf("prompt of %q = %q, want %q", screen, got, want)
		}
	}
}
