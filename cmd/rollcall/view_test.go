package main

import "testing"

func TestCells(t *testing.T) {
	for s, want := range map[string]int{"": 0, "abc": 3, "日本": 4, "e\u0301": 1, "Ａ": 2, "ü": 1, "🙂": 2} {
		if got := cells(s); got != want {
			t.Errorf("%q takes %d, want %d", s, got, want)
		}
	}
}

func TestShellQuote(t *testing.T) {
	for s, want := range map[string]string{
		"": "''", "abc": "abc", "a/b.c-d_e@f": "a/b.c-d_e@f", "a b": "'a b'", "it's": `'it'\''s'`, "$(x)": "'$(x)'", "~": "'~'", "*": "'*'", "ü": "ü",
	} {
		if got := shellQuote(s); got != want {
			t.Errorf("%q is quoted as %s, want %s", s, got, want)
		}
	}
}

func TestPrintable(t *testing.T) {
	for s, want := range map[string]string{
		"": "", "plain ü 日本": "plain ü 日本", "a\nb\t": `a\nb\t`, "\x1b]0;x\a": `\x1b]0;x\a`, "\u009b31m": `\u009b31m`, "\u202e": `\u202e`, "\xff": "\ufffd",
	} {
		if got := printable(s); got != want {
			t.Errorf("%q is shown as %s, want %s", s, got, want)
		}
	}
}
